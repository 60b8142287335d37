//! One process under supervision: where it is in its life and what becomes of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::sent_signals::SentSignals;
use super::{Moment, Order, Program, Run};
use crate::process::{Exit, NamedPort, Process, ProcessState, SentSignal};
use crate::service::{Check, Kind, Policy, Probe, Service};

/// The longest pause before something that has failed again and again is started once more.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Until it is ready for the first time, a process is asked at least this often, so that others do not wait for nothing.
const IMPATIENCE: Duration = Duration::from_secs(1);

/// How many restarts are remembered; more are hardly allowed anywhere, and without a limit only the pause depends on them.
const MOST_RESTARTS: usize = 4096;

/// Where a process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Nothing runs, and nothing will by itself.
    Down,
    /// It waits for others.
    Waiting,
    /// One of the programs before it runs.
    Preparing(usize),
    /// That program has done well; the next one is started at once.
    Next(usize),
    /// Its program runs, since then.
    Up { since: Duration },
    /// Its program was asked to end.
    Ending { kill_at: Duration },
    /// It is started again at that time.
    Resting { until: Duration },
}

/// What is known of the readiness of a program that runs.
#[derive(Debug, Clone, Copy, Default)]
struct Readiness {
    is_ready: bool,
    failures: u32,
    /// When it is asked; `None` while an answer is waited for.
    ask_at: Option<Duration>,
}

/// A process and the service it comes from.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) service: Service,
    pub(super) process: Process,
    pub(super) life: Life,
    /// Counts the programs that were started.
    pub(super) generation: u64,
    /// Whether it is to run: after what it waits for, or again when it has ended.
    pub(super) is_wanted: bool,
    pub(super) has_changed: bool,
    /// What somebody has sent to the program that runs.
    pub(super) sent: SentSignals,
    /// When it was started again because it had ended.
    restarts: VecDeque<Duration>,
    readiness: Readiness,
}

impl Task {
    pub(super) fn new(service: Service) -> Self {
        let state = if service.starts_by_itself() { ProcessState::Stopped } else { ProcessState::Disabled };
        let mut process = Process::new(service.name.clone(), state);
        process.is_required = service.required;
        process.ports = service.ports.iter().map(|(name, port)| NamedPort { name: name.clone(), port: port.port }).collect();
        let mut task = Self {
            service,
            process,
            life: Life::Down,
            generation: 0,
            is_wanted: false,
            has_changed: false,
            sent: SentSignals::default(),
            restarts: VecDeque::new(),
            readiness: Readiness::default(),
        };
        task.process.has_probe = task.probe().is_some();
        task
    }

    /// How one finds out that it is ready. That it says so itself (`sd_notify`) is not listened to.
    pub(super) fn probe(&self) -> Option<&Probe> {
        self.service.readiness.as_ref().filter(|probe| probe.check != Check::Notify)
    }

    pub(super) fn starts_by_itself(&self) -> bool {
        self.service.starts_by_itself() && self.is_down()
    }

    pub(super) const fn is_down(&self) -> bool {
        matches!(self.life, Life::Down)
    }

    /// Whether its own program was started and has not ended.
    pub(super) const fn runs(&self) -> bool {
        matches!(self.life, Life::Up { .. }) && self.process.pid.is_some()
    }

    const fn run(&self, index: usize) -> Run {
        Run { index, generation: self.generation }
    }

    pub(super) fn become_state(&mut self, state: ProcessState, why: Option<String>) {
        self.has_changed |= self.process.state != state || self.process.why != why;
        self.process.state = state;
        self.process.why = why;
    }

    /// Somebody wants it to run; earlier failures are forgiven.
    pub(super) fn want_again(&mut self) {
        self.is_wanted = true;
        self.restarts.clear();
        self.process.restarts = 0;
        if matches!(self.life, Life::Down | Life::Resting { .. }) {
            self.wait();
        }
    }

    /// It waits for what it needs.
    pub(super) fn wait(&mut self) {
        self.life = Life::Waiting;
        self.become_state(ProcessState::Pending, None);
    }

    /// Starts a program: one of those before it, or its own.
    pub(super) fn begin(&mut self, step: usize, index: usize) -> Order {
        self.generation += 1;
        let is_first = step < self.service.pre_start.len();
        self.life = if is_first { Life::Preparing(step) } else { Life::Up { since: Duration::ZERO } };
        self.become_state(ProcessState::Starting, is_first.then(|| "runs what comes before it".to_owned()));
        Order::Start(self.run(index), if is_first { Program::PreStart(step) } else { Program::Main })
    }

    pub(super) fn started(&mut self, pid: u32, now: Moment) {
        self.process.pid = Some(pid);
        self.process.started = Some(now.clock);
        self.has_changed = true;
        if let Life::Up { since } = &mut self.life {
            *since = now.elapsed;
            let delay = self.probe().map(|probe| probe.initial_delay);
            self.readiness = Readiness { ask_at: delay.map(|delay| now.elapsed + delay), ..Readiness::default() };
            if delay.is_none() {
                self.become_state(ProcessState::Running, None);
            }
        }
    }

    pub(super) fn probed(&mut self, answer: Result<(), String>, now: Moment) {
        let Life::Up { since } = self.life else { return };
        let Some(probe) = self.probe() else { return };
        let (retries, starts_until) = (probe.retries, since + probe.start_period);
        let pause = if self.readiness.is_ready || answer.is_ok() { probe.period } else { probe.period.min(IMPATIENCE) };
        let is_asked = !matches!(probe.check, Check::LogLine(_));
        self.readiness.ask_at = is_asked.then(|| now.elapsed + pause);
        match answer {
            Ok(()) => {
                (self.readiness.is_ready, self.readiness.failures) = (true, 0);
                self.become_state(ProcessState::Ready, None);
            }
            Err(why) => {
                self.readiness.failures = self.readiness.failures.saturating_add(1);
                self.readiness.is_ready &= self.readiness.failures < retries;
                if !self.readiness.is_ready && now.elapsed >= starts_until {
                    self.become_state(ProcessState::Starting, Some(why));
                }
            }
        }
    }

    /// A program has ended.
    pub(super) fn ended(&mut self, exit: Exit, now: Moment) {
        self.process.exit = Some(exit);
        let sent = self.sent.explanation(exit, now.clock);
        match (self.life, sent) {
            (Life::Preparing(_) | Life::Up { .. }, Some(signal)) => self.ended_by(signal, now),
            (life, _) => self.ended_by_itself(life, exit, now),
        }
    }

    fn ended_by_itself(&mut self, life: Life, exit: Exit, now: Moment) {
        match life {
            Life::Ending { .. } => self.stopped(None),
            Life::Preparing(step) if exit.is_success() => {
                self.forget_program();
                self.life = Life::Next(step + 1);
            }
            Life::Preparing(_) => self.failed(format!("what comes before it has failed: {exit}"), Some(exit), now),
            Life::Up { .. } if exit.is_success() => self.completed(now),
            Life::Up { .. } => self.failed(exit.to_string(), Some(exit), now),
            Life::Down | Life::Waiting | Life::Next(_) | Life::Resting { .. } => {}
        }
    }

    /// The clock says another time than was to be expected.
    pub(super) fn shift(&mut self, expected: u64, clock: u64) {
        if let Some(started) = &mut self.process.started {
            *started = started.saturating_add(clock).saturating_sub(expected);
            self.has_changed = true;
        }
        self.sent.shift(expected, clock);
    }

    fn forget_program(&mut self) {
        self.process.pid = None;
        self.process.started = None;
        self.process.usage = None;
        self.sent = SentSignals::default();
        self.readiness = Readiness::default();
        self.has_changed = true;
    }

    fn stopped(&mut self, why: Option<String>) {
        self.forget_program();
        if self.is_wanted {
            self.wait();
        } else {
            self.life = Life::Down;
            self.become_state(ProcessState::Stopped, why);
        }
    }

    /// Somebody has ended it by a signal, which is no failure. What is always to run comes back, as often as somebody does that.
    fn ended_by(&mut self, signal: SentSignal, now: Moment) {
        if self.service.restart.policy == Policy::Always && self.service.kind == Kind::Service {
            self.forget_program();
            self.restarts.clear();
            return self.again(signal.to_string(), now);
        }
        self.is_wanted = false;
        self.stopped(Some(signal.to_string()));
    }

    fn completed(&mut self, now: Moment) {
        self.forget_program();
        if self.service.restart.policy == Policy::Always && self.service.kind == Kind::Service {
            return self.again("it has ended".to_owned(), now);
        }
        self.life = Life::Down;
        self.is_wanted = false;
        self.become_state(ProcessState::Completed, None);
    }

    pub(super) fn failed(&mut self, why: String, exit: Option<Exit>, now: Moment) {
        self.process.exit = exit;
        self.forget_program();
        match self.service.restart.policy {
            // A program that cannot even be started is not there a second later either.
            Policy::OnFailure | Policy::Always if exit.is_some() => self.again(why, now),
            Policy::OnFailure | Policy::Always | Policy::Never => self.give_up(why),
        }
    }

    fn give_up(&mut self, why: String) {
        self.life = Life::Down;
        self.is_wanted = false;
        self.become_state(ProcessState::Failed, Some(why));
    }

    /// Starts it again after a pause, which grows, unless that was tried often enough.
    fn again(&mut self, why: String, now: Moment) {
        let restart = self.service.restart.clone();
        if let Some(window) = restart.window {
            while self.restarts.front().is_some_and(|then| *then + window < now.elapsed) {
                self.restarts.pop_front();
            }
        }
        let before = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if restart.max_attempts.is_some_and(|most| before >= most) {
            let times = if before == 1 { "once".to_owned() } else { format!("{before} times") };
            return self.give_up(format!("{why}; it was started again {times}"));
        }
        let factor = 2_u32.saturating_pow(before.min(16));
        let pause = restart.delay.saturating_mul(factor).min(LONGEST_PAUSE.max(restart.delay));
        self.restarts.push_back(now.elapsed);
        if self.restarts.len() > MOST_RESTARTS {
            self.restarts.pop_front();
        }
        self.process.restarts = self.process.restarts.saturating_add(1);
        self.life = Life::Resting { until: now.elapsed + pause };
        self.become_state(ProcessState::Backoff, Some(why));
    }

    /// Ends it, because somebody wants it to.
    pub(super) fn stop(&mut self, index: usize, now: Moment) -> Option<Order> {
        self.is_wanted = false;
        match self.life {
            Life::Preparing(_) | Life::Up { .. } => {
                self.life = Life::Ending { kill_at: now.elapsed + self.service.stop.grace_period };
                self.become_state(ProcessState::Stopping, None);
                Some(Order::End(self.run(index)))
            }
            Life::Waiting | Life::Next(_) | Life::Resting { .. } => {
                self.life = Life::Down;
                self.become_state(ProcessState::Stopped, None);
                None
            }
            Life::Down | Life::Ending { .. } => None,
        }
    }

    /// Whatever runs is killed when time is looked at next.
    pub(super) fn kill_now(&mut self, now: Moment) {
        self.is_wanted = false;
        match self.life {
            Life::Preparing(_) | Life::Up { .. } | Life::Ending { .. } => {
                self.life = Life::Ending { kill_at: now.elapsed };
                self.become_state(ProcessState::Stopping, None);
            }
            Life::Waiting | Life::Next(_) | Life::Resting { .. } => {
                self.life = Life::Down;
                self.become_state(ProcessState::Stopped, None);
            }
            Life::Down => {}
        }
    }

    /// What is due by now.
    pub(super) fn due(&mut self, index: usize, now: Moment) -> Option<Order> {
        let is_due = |at: Duration| at <= now.elapsed;
        match self.life {
            Life::Ending { kill_at } if is_due(kill_at) => {
                // Once is enough; it ends when the system has taken it away.
                self.life = Life::Ending { kill_at: Duration::MAX };
                self.become_state(ProcessState::Stopping, Some("is killed".to_owned()));
                Some(Order::Kill(self.run(index)))
            }
            Life::Resting { until } if is_due(until) => {
                self.wait();
                None
            }
            Life::Next(step) => Some(self.begin(step, index)),
            Life::Up { .. } if self.readiness.ask_at.is_some_and(is_due) => {
                let is_asked = self.probe().is_some_and(|probe| !matches!(probe.check, Check::LogLine(_)));
                self.readiness.ask_at = None;
                is_asked.then(|| Order::Probe(self.run(index)))
            }
            Life::Down | Life::Waiting | Life::Preparing(_) | Life::Up { .. } | Life::Ending { .. } | Life::Resting { .. } => {
                None
            }
        }
    }

    /// When something is due although nothing happens.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.life {
            Life::Ending { kill_at } => Some(kill_at).filter(|at| *at != Duration::MAX),
            Life::Resting { until } => Some(until),
            Life::Up { .. } => self.readiness.ask_at,
            Life::Down | Life::Waiting | Life::Next(_) | Life::Preparing(_) => None,
        }
    }
}
