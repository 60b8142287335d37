//! Decides about processes: when one starts, is ready, is started again, is given up, is killed. It starts nothing itself:
//! what has happened comes in with its moment, what is to be done goes out, and the same inputs give the same orders.

mod dependencies;
mod ending;
mod sent_signals;
mod task;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Action, Exit, Outcome, Process, ProcessState, Refusal, SentSignal};
use crate::service::ServiceSet;
use task::{Life, Task};

/// A clock that differs by no more was not set.
const EVEN: Duration = Duration::from_millis(500);

/// When something happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time since the runner began. It only grows, whatever happens to the clock.
    pub elapsed: Duration,
    /// Milliseconds since 1970, for people.
    pub clock: u64,
}

/// Which program of which life of a process. Whatever is said of an older life is nobody's any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The place of the process in the project.
    pub index: usize,
    /// Counts the programs that were started for it.
    pub generation: u64,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A program runs.
    Started(Run, u32),
    /// A program could not be started.
    NotStarted(Run, String),
    /// A program has ended, and everything that it had left running.
    Ended(Run, Exit),
    /// A probe was answered: ready, or why not.
    Probed(Run, Result<(), String>),
    /// The line that says it is ready was seen.
    LineSeen(Run),
    /// Time has passed.
    Tick,
    /// Everything is to end.
    ShutDown,
    /// Everything is to end at once.
    Kill,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// To start a program of a process.
    Start(Run, Program),
    /// To end a program as the service says.
    End(Run),
    /// To send a signal to a program and what it has started.
    Signal(Run, i32),
    /// To end a program and what it has started, without asking.
    Kill(Run),
    /// To find out whether it is ready.
    Probe(Run),
    /// To tell whoever watches what has become of a process.
    Tell(usize),
    /// Everything has ended after it was to end.
    Finish,
}

/// A program of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// One of those that run before it, by its place.
    PreStart(usize),
    /// Its command.
    Main,
}

/// The processes of a project and what is known of each.
#[derive(Debug)]
pub struct Supervision {
    tasks: Vec<Task>,
    is_ending: bool,
    is_finished: bool,
}

impl Supervision {
    /// Processes that are not started yet.
    pub fn new(services: &ServiceSet) -> Self {
        Self { tasks: services.iter().map(|service| Task::new(service.clone())).collect(), is_ending: false, is_finished: false }
    }

    /// Every process as it is now, in the order of the project.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.tasks.iter().map(|task| &task.process)
    }

    /// A process by its place.
    pub fn process(&self, index: usize) -> Option<&Process> {
        self.tasks.get(index).map(|task| &task.process)
    }

    /// The place of a process.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.process.name == name)
    }

    /// Whether a request for a process is still being carried out.
    pub fn is_busy(&self, name: &str) -> bool {
        self.tasks.iter().any(|task| task.process.name == name && matches!(task.life, Life::Ending { .. }))
    }

    /// Learns what the clock says, at a moment since the machine is up. When somebody has set it since, what has been running for so
    /// long still has.
    pub fn set_clock(&mut self, before: Moment, now: Moment) -> Vec<Order> {
        let passed = u64::try_from(now.elapsed.saturating_sub(before.elapsed).as_millis()).unwrap_or(u64::MAX);
        let expected = before.clock.saturating_add(passed);
        let mut orders = Vec::new();
        // A clock that is kept right goes a little faster or slower now and then.
        if now.clock.abs_diff(expected) > u64::try_from(EVEN.as_millis()).unwrap_or(u64::MAX) {
            self.tasks.iter_mut().for_each(|task| task.shift(expected, now.clock));
            self.tell_changes(&mut orders);
        }
        orders
    }

    /// Whether nothing runs and nothing will by itself.
    pub fn is_idle(&self) -> bool {
        self.tasks.iter().all(Task::is_down)
    }

    /// When there is something to do although nothing happens.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.tasks.iter().filter_map(Task::deadline).min()
    }

    /// Takes a request in. It is done when the process is not [busy](Self::is_busy) any more.
    pub fn act(&mut self, action: Action, names: &[String], now: Moment) -> (Outcome, Vec<Order>) {
        let mut outcome = Outcome::default();
        let mut orders = Vec::new();
        let indices = match (action, names) {
            (_, [_, ..]) => self.named(names, &mut outcome),
            (Action::Start, []) => self.indices(Task::starts_by_itself),
            (Action::Stop | Action::Restart | Action::Signal(_), []) => self.indices(|task| !task.is_down()),
        };
        for index in indices {
            let refusal = match action {
                _ if self.is_ending => Err("everything is being stopped".to_owned()),
                Action::Start => self.start(index),
                Action::Stop => self.stop(index, now, &mut orders),
                Action::Restart => self.restart(index, now, &mut orders),
                Action::Signal(number) => self.signal(index, SentSignal { number, at: now.clock }, &mut orders),
            };
            let name = self.process(index).map(|process| process.name.clone()).unwrap_or_default();
            match refusal {
                Ok(()) => outcome.done.push(name),
                Err(why) => outcome.refused.push(Refusal { process: name, why }),
            }
        }
        self.advance(now, &mut orders);
        (outcome, orders)
    }

    /// Takes in what has happened.
    pub fn handle(&mut self, input: Input, now: Moment) -> Vec<Order> {
        let mut orders = Vec::new();
        match input {
            Input::Started(run, pid) => self.with(run, |task| task.started(pid, now)),
            Input::NotStarted(run, why) => self.with(run, |task| task.failed(why, None, now)),
            Input::Ended(run, exit) => self.with(run, |task| task.ended(exit, now)),
            Input::Probed(run, answer) => self.with(run, |task| task.probed(answer, now)),
            Input::LineSeen(run) => self.with(run, |task| task.probed(Ok(()), now)),
            Input::Tick => {}
            Input::ShutDown => self.is_ending = true,
            Input::Kill => {
                self.is_ending = true;
                self.tasks.iter_mut().for_each(|task| task.kill_now(now));
            }
        }
        self.advance(now, &mut orders);
        orders
    }

    fn with(&mut self, run: Run, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.tasks.get_mut(run.index).filter(|task| task.generation == run.generation) {
            change(task);
        }
    }

    fn indices(&self, which: impl Fn(&Task) -> bool) -> Vec<usize> {
        self.tasks.iter().enumerate().filter(|(_, task)| which(task)).map(|(index, _)| index).collect()
    }

    fn named(&self, names: &[String], outcome: &mut Outcome) -> Vec<usize> {
        let mut indices = Vec::new();
        for name in names {
            match self.index(name) {
                Some(index) if indices.contains(&index) => {}
                Some(index) => indices.push(index),
                None => outcome.refused.push(Refusal { process: name.clone(), why: "there is no such process".to_owned() }),
            }
        }
        indices
    }

    fn start(&mut self, index: usize) -> Result<(), String> {
        let Some(task) = self.tasks.get_mut(index) else { return Ok(()) };
        match task.life {
            Life::Ending { .. } | Life::Down | Life::Resting { .. } => task.want_again(),
            Life::Waiting => return Err("it waits already".to_owned()),
            Life::Preparing(_) | Life::Next(_) | Life::Up { .. } => return Err("it runs already".to_owned()),
        }
        self.want_needed(index);
        self.revive_skipped();
        Ok(())
    }

    fn stop(&mut self, index: usize, now: Moment, orders: &mut Vec<Order>) -> Result<(), String> {
        let Some(task) = self.tasks.get_mut(index) else { return Ok(()) };
        if task.is_down() {
            return Err("it does not run".to_owned());
        }
        orders.extend(task.stop(index, now));
        Ok(())
    }

    fn restart(&mut self, index: usize, now: Moment, orders: &mut Vec<Order>) -> Result<(), String> {
        let Some(task) = self.tasks.get_mut(index) else { return Ok(()) };
        match task.life {
            Life::Waiting => return Err("it waits already".to_owned()),
            Life::Down | Life::Resting { .. } | Life::Ending { .. } => return self.start(index),
            Life::Preparing(_) | Life::Next(_) | Life::Up { .. } => {}
        }
        orders.extend(task.stop(index, now));
        task.want_again();
        self.revive_skipped();
        Ok(())
    }

    fn signal(&mut self, index: usize, signal: SentSignal, orders: &mut Vec<Order>) -> Result<(), String> {
        let Some(task) = self.tasks.get_mut(index) else { return Ok(()) };
        if task.process.pid.is_none() {
            return Err("it does not run".to_owned());
        }
        task.sent.push(signal);
        orders.push(Order::Signal(Run { index, generation: task.generation }, signal.number));
        Ok(())
    }

    /// Does everything that has become possible or due, and tells what has changed.
    fn advance(&mut self, now: Moment, orders: &mut Vec<Order>) {
        self.tell_changes(orders);
        if self.is_ending {
            self.end_in_order(now, orders);
        }
        for (index, task) in self.tasks.iter_mut().enumerate() {
            orders.extend(task.due(index, now));
        }
        if !self.is_ending {
            self.start_what_can(orders);
        }
        self.tell_changes(orders);
        if self.is_ending && !self.is_finished && self.is_idle() {
            self.is_finished = true;
            orders.push(Order::Finish);
        }
    }

    fn tell_changes(&mut self, orders: &mut Vec<Order>) {
        for (index, task) in self.tasks.iter_mut().enumerate() {
            if std::mem::take(&mut task.has_changed) {
                orders.push(Order::Tell(index));
            }
        }
    }

    /// The required processes that have failed for good.
    pub fn failures(&self) -> impl Iterator<Item = &Process> {
        self.processes().filter(|process| process.is_required && process.state == ProcessState::Failed)
    }
}
