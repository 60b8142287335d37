//! The runner: carries out what the supervision orders, tells it what happens, and answers whoever asks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::message::{Client, Message};
use super::outbox::Teller;
use super::output::Output;
use super::probe;
use super::program::{self, Surroundings};
use super::protocol::{Answer, Request};
use super::stop_command::StopCommands;
use crate::backend::sampler::Sampler;
use crate::host::clock;
use crate::process::supervision::{Input, Moment, Order, Run, Supervision};
use crate::process::{Action, Outcome, Process, ProcessState};
use crate::service::{Service, ServiceSet};

/// How often it is looked after what nobody says by himself, while somebody is told what happens.
const LOOK: Duration = Duration::from_secs(1);

/// Runs processes until they are to end.
pub(super) struct Runner {
    services: Vec<Service>,
    supervision: Supervision,
    outputs: Vec<Arc<Output>>,
    surroundings: Surroundings,
    inbox: Receiver<Message>,
    watchers: Vec<Watcher>,
    stop_commands: StopCommands,
    /// Requests that are answered when they are done.
    open: Vec<Open>,
    sampler: Sampler,
    began: Instant,
    /// When it was looked after what nobody says by himself, and how long the machine had been up and what its clock said then.
    looked: (Duration, Moment),
    is_finished: bool,
}

/// Somebody who is told what happens.
struct Watcher {
    client: Client,
    is_owner: bool,
    wants_usage: bool,
}

/// A request that is being carried out.
struct Open {
    outcome: Outcome,
    answers: Teller,
}

impl Runner {
    pub(super) fn new(
        services: &ServiceSet,
        outputs: Vec<Arc<Output>>,
        surroundings: Surroundings,
        inbox: Receiver<Message>,
    ) -> Self {
        Self {
            supervision: Supervision::new(services),
            sampler: Sampler::default(),
            services: services.iter().cloned().collect(),
            outputs,
            surroundings,
            inbox,
            watchers: Vec::new(),
            stop_commands: StopCommands::default(),
            open: Vec::new(),
            began: Instant::now(),
            looked: (Duration::ZERO, Moment { elapsed: clock::uptime(), clock: clock::now_milliseconds() }),
            is_finished: false,
        }
    }

    /// Starts processes by name, or those that start by themselves, and goes on until everything has ended.
    pub(super) fn run(mut self, names: &[String]) {
        let (_, orders) = self.supervision.act(Action::Start, names, self.now());
        self.carry_out(orders);
        while !self.is_finished {
            let message = match self.next_wake() {
                None => self.inbox.recv().map_err(|_gone| RecvTimeoutError::Disconnected),
                Some(wait) => self.inbox.recv_timeout(wait),
            };
            match message {
                Ok(Message::Happened(input)) => self.hear(Some(input)),
                Ok(Message::StopCommandEnded(run)) => {
                    let end = self.stop_commands.ended(run);
                    self.hear(end);
                }
                Ok(Message::Asked(request, client)) => self.answer(request, client),
                Ok(Message::Gone(id)) => self.forget(id),
                Err(RecvTimeoutError::Timeout) => self.take_in(Input::Tick),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
            self.sample();
            self.answer_what_is_done();
        }
    }

    fn now(&self) -> Moment {
        Moment { elapsed: self.began.elapsed(), clock: clock::now_milliseconds() }
    }

    /// How long nothing has to be done if nothing happens.
    fn next_wake(&self) -> Option<Duration> {
        let elapsed = self.began.elapsed();
        let look = (!self.watchers.is_empty()).then(|| (self.looked.0 + LOOK).saturating_sub(elapsed));
        let supervision = self.supervision.next_deadline().map(|at| at.saturating_sub(elapsed));
        let sample = self.watchers.iter().any(|watcher| watcher.wants_usage).then(|| self.sampler.next(elapsed));
        supervision.into_iter().chain(sample).chain(look).min()
    }

    /// Takes in what has happened, unless it is kept back for a while.
    fn hear(&mut self, input: Option<Input>) {
        if let Some(input) = input.and_then(|input| self.stop_commands.hold(input)) {
            self.take_in(input);
        }
    }

    fn take_in(&mut self, input: Input) {
        let orders = self.supervision.handle(input, self.now());
        self.carry_out(orders);
    }

    fn carry_out(&mut self, orders: Vec<Order>) {
        let mut orders = VecDeque::from(orders);
        while let Some(order) = orders.pop_front() {
            match order {
                Order::Start(run, program) => {
                    let input = self.start(run, program);
                    orders.extend(self.supervision.handle(input, self.now()));
                }
                Order::End(run) => self.end(run),
                Order::Signal(run, number) => {
                    if let Some((pid, signal)) = self.pid(run).zip(Signal::from_named_raw(number)) {
                        program::kill_group(pid, signal);
                    }
                }
                Order::Kill(run) => {
                    if let Some(pid) = self.pid(run) {
                        program::kill_group(pid, Signal::KILL);
                    }
                    self.stop_commands.kill(run, &self.surroundings);
                }
                Order::Probe(run) => self.probe(run),
                Order::Tell(index) => self.tell(index),
                Order::Finish => self.is_finished = true,
            }
        }
    }

    fn start(&self, run: Run, program: crate::process::supervision::Program) -> Input {
        let (Some(service), Some(output)) = (self.services.get(run.index), self.outputs.get(run.index)) else {
            return Input::NotStarted(run, "there is no such process".to_owned());
        };
        match program::start(service, (run, program), output, &self.surroundings) {
            Ok(pid) => Input::Started(run, pid),
            Err(why) => {
                output.note(&why);
                Input::NotStarted(run, why)
            }
        }
    }

    /// The number of a program that still runs.
    fn pid(&self, run: Run) -> Option<u32> {
        let process = self.supervision.process(run.index).filter(|_| !self.stop_commands.holds_end_of(run));
        process.and_then(|process| process.pid)
    }

    /// Ends a program as its service says: by a command of its own, or by a signal.
    fn end(&mut self, run: Run) {
        let (Some(service), Some(pid)) = (self.services.get(run.index), self.pid(run)) else { return };
        match (&service.stop.command, self.outputs.get(run.index).map(Arc::clone)) {
            (Some(command), Some(output)) => self.stop_commands.start(run, (service, command), output, &self.surroundings),
            (None, _) | (_, None) => program::kill_group(pid, program::signal(service.stop.signal)),
        }
    }

    fn probe(&self, run: Run) {
        let Some((service, probe)) = self.services.get(run.index).and_then(|service| Some((service, service.readiness.clone()?)))
        else {
            return;
        };
        let (service, surroundings) = (service.clone(), self.surroundings.clone());
        thread::spawn(move || {
            let answer = probe::ask(&service, &probe, run, &surroundings);
            let _runner_is_gone = surroundings.inbox.send(Message::Happened(Input::Probed(run, answer)));
        });
    }

    fn shown(&self, index: usize) -> Option<Process> {
        let process = self.supervision.process(index)?.clone();
        Some(Process { usage: self.sampler.usage(&process), ..process })
    }

    fn tell(&self, index: usize) {
        let Some(process) = self.shown(index) else { return };
        let is_over = matches!(process.state, ProcessState::Failed | ProcessState::Skipped | ProcessState::Backoff);
        if let Some((output, why)) = self.outputs.get(index).zip(process.why.as_ref().filter(|_| is_over)) {
            output.note(&format!("{}: {why}", process.state.word()));
        }
        self.tell_everybody(&Answer::Changed { process: Box::new(process) });
    }

    /// Whoever has gone says so: nobody is forgotten before.
    fn tell_everybody(&self, answer: &Answer) {
        self.watchers.iter().for_each(|watcher| watcher.client.answers.tell(answer.clone()));
    }

    fn all(&self) -> Vec<Process> {
        (0..self.services.len()).filter_map(|index| self.shown(index)).collect()
    }

    /// Finds out what nobody says: that somebody has set the clock, and that lines were lost.
    fn look(&mut self) {
        let elapsed = self.began.elapsed();
        if elapsed < self.looked.0 + LOOK {
            return;
        }
        // (A machine that has slept has set no clock.)
        let now = Moment { elapsed: clock::uptime(), clock: clock::now_milliseconds() };
        let orders = self.supervision.set_clock(self.looked.1, now);
        self.looked = (elapsed, now);
        self.carry_out(orders);
        if self.watchers.is_empty() {
            return;
        }
        for (service, output) in self.services.iter().zip(&self.outputs) {
            let Some((lines, why)) = output.take_lost() else { continue };
            self.tell_everybody(&Answer::LinesLost { process: service.name.clone(), lines, why });
        }
    }

    fn sample(&mut self) {
        if self.watchers.iter().any(|watcher| watcher.wants_usage) && self.sampler.is_due(self.began.elapsed()) {
            self.sampler.sample(self.supervision.processes(), self.began.elapsed());
            for process in self.all().into_iter().filter(|process| process.usage.is_some()) {
                let answer = Answer::Changed { process: Box::new(process) };
                let curious = self.watchers.iter().filter(|watcher| watcher.wants_usage);
                curious.for_each(|watcher| watcher.client.answers.tell(answer.clone()));
            }
        }
    }

    fn answer(&mut self, request: Request, client: Client) {
        match request {
            Request::List => {
                self.sampler.sample_when_old(self.supervision.processes(), self.began.elapsed());
                client.answers.tell(Answer::Processes { processes: self.all() });
            }
            Request::Watch { owner, usage } => {
                client.answers.tell(Answer::Processes { processes: self.all() });
                self.watchers.push(Watcher { client, is_owner: owner, wants_usage: usage });
            }
            Request::Act { action, processes } => {
                let (outcome, orders) = self.supervision.act(action, &processes, self.now());
                self.carry_out(orders);
                self.open.push(Open { outcome, answers: client.answers });
            }
            Request::ShutDown => self.take_in(Input::ShutDown),
        }
    }

    fn answer_what_is_done(&mut self) {
        let supervision = &self.supervision;
        self.open.retain(|open| {
            let is_done = !open.outcome.done.iter().any(|name| supervision.is_busy(name));
            if is_done {
                open.answers.tell(Answer::Outcome(open.outcome.clone()));
            }
            !is_done
        });
    }

    /// When the one who has started everything leaves, everything ends.
    fn forget(&mut self, id: u64) {
        let was_owner = self.watchers.iter().any(|watcher| watcher.client.id == id && watcher.is_owner);
        self.watchers.retain(|watcher| watcher.client.id != id);
        if was_owner {
            self.take_in(Input::ShutDown);
        }
    }
}

/// A channel for what arrives at a runner.
pub(super) fn inbox() -> (Sender<Message>, Receiver<Message>) {
    mpsc::channel()
}
