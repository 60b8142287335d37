//! What is known of the processes, and what was asked of them by whoever sits here: a state that was asked for is shown as that, and
//! not as a failure.

use std::collections::BTreeMap;

use super::{Leaving, Opening};
use crate::host::clock::Zone;
use crate::process::{Action, Event, Process, ProcessState};
use crate::tui::msg::Done;
use crate::ui::visible;

/// A request that is not answered by a state within this time is not shown any more.
const PATIENCE: u64 = 60_000;

/// What is known.
#[derive(Debug)]
pub(super) struct Session {
    /// The project.
    pub(super) project: String,
    /// What becomes of the processes when the dashboard is left.
    pub(super) leaving: Leaving,
    /// Who runs them; `None` when nobody does.
    pub(super) runner: Option<String>,
    /// The processes, in the order of the runner or of the project.
    pub(super) processes: Vec<Process>,
    /// Those that the project declares.
    declared: Vec<Process>,
    /// Why what it declares cannot be understood.
    pub(super) misdeclared: Option<String>,
    /// Why the runner does not answer.
    pub(super) silence: Option<String>,
    /// What time it is, in milliseconds since 1970.
    pub(super) now: u64,
    /// The time zone in which times are shown.
    pub(super) zone: Zone,
    requests: BTreeMap<String, Request>,
    /// How long processes took until they were ready, in milliseconds.
    pub(super) readied: BTreeMap<String, u64>,
}

/// What was asked of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Request {
    action: Action,
    at: u64,
    /// What was known of its start then.
    started: Option<u64>,
    /// Whether what was asked has happened. A stop stays remembered, because of what is said of the end.
    is_done: bool,
}

/// How a process is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// Where it is in its life; a failure that was asked for is a stop.
    pub(super) state: ProcessState,
    /// The word for it.
    pub(super) word: String,
    /// What there is to say about it.
    pub(super) why: String,
}

impl Session {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            project: visible(&opening.project),
            leaving: opening.leaving,
            runner: None,
            processes: opening.declared.clone(),
            declared: opening.declared,
            misdeclared: opening.misdeclared.as_deref().map(visible),
            silence: opening.silence.as_deref().map(visible),
            now: 0,
            zone: opening.zone,
            requests: BTreeMap::new(),
            readied: BTreeMap::new(),
        }
    }

    pub(super) fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == name)
    }

    /// Whether something that is shown counts time.
    pub(super) fn is_counting(&self) -> bool {
        self.requests.values().any(|request| !request.is_done)
            || self.processes.iter().any(|process| process.state.is_alive() && process.started.is_some())
    }

    /// Takes in what has happened; whether anything is seen of it.
    pub(super) fn hear(&mut self, event: Event) -> bool {
        match event {
            Event::Snapshot(processes) => {
                self.silence = None;
                for process in &processes {
                    self.notice(process);
                }
                let has_changed = self.processes != processes;
                self.processes = processes;
                self.requests.retain(|name, _| self.processes.iter().any(|process| process.name == *name));
                return has_changed;
            }
            Event::Changed(process) => {
                self.silence = None;
                self.notice(&process);
                match self.processes.iter_mut().find(|known| known.name == process.name) {
                    Some(known) if *known == process => return false,
                    Some(known) => *known = process,
                    None => self.processes.push(process),
                }
            }
            Event::LinesLost { .. } => return false,
            Event::Silent(why) => self.silence = Some(visible(&why)),
            Event::Ended => self.end(),
        }
        true
    }

    /// The runner is gone, and with it everything that ran or was going to.
    fn end(&mut self) {
        (self.runner, self.silence) = (None, None);
        let has_come_to_rest = |state: &ProcessState| state.is_settled() && !state.is_alive();
        for process in self.processes.iter_mut().filter(|process| !has_come_to_rest(&process.state)) {
            (process.state, process.pid, process.usage, process.why) = (ProcessState::Stopped, None, None, None);
        }
        self.requests.retain(|_, request| request.is_done);
        self.rest(&self.declared.clone());
    }

    /// Learns what the project declares by now. It is shown while nobody runs the processes; a runner knows better.
    pub(super) fn declare(&mut self, declared: Result<Vec<Process>, String>) {
        match declared {
            Err(why) => self.misdeclared = Some(visible(&why)),
            Ok(declared) => {
                self.misdeclared = None;
                let before = std::mem::replace(&mut self.declared, declared);
                if self.runner.is_none() {
                    self.rest(&before);
                }
            }
        }
    }

    /// Nobody runs the processes: there are those that are declared, as they ended the last time, and those that never were. What
    /// was declared before and is not by now is gone.
    fn rest(&mut self, before: &[Process]) {
        let has = |list: &[Process], name: &str| list.iter().any(|process| process.name == name);
        let mut known = std::mem::take(&mut self.processes);
        known.retain(|process| has(&self.declared, &process.name) || !has(before, &process.name));
        for declared in &self.declared {
            let ended = known.iter().position(|process| process.name == declared.name).map(|place| known.remove(place));
            let ended = ended.filter(|process| ![&process.state, &declared.state].contains(&&ProcessState::Disabled));
            self.processes.push(ended.unwrap_or_else(|| declared.clone()));
        }
        self.processes.append(&mut known);
    }

    /// Learns from a process what it needs to know of its past.
    fn notice(&mut self, process: &Process) {
        let before = self.process(&process.name).map(|before| before.state.clone());
        let is_new = before.as_ref() != Some(&process.state);
        if process.state == ProcessState::Ready && before.is_some() && is_new {
            let took = process.started.and_then(|started| self.now.checked_sub(started));
            self.readied.extend(took.map(|took| (process.name.clone(), took)));
        }
        let Some(request) = self.requests.get_mut(&process.name) else { return };
        let is_alive = process.state.is_alive() && process.state != ProcessState::Stopping;
        match request.action {
            Action::Stop if request.is_done && is_alive => drop(self.requests.remove(&process.name)),
            Action::Stop => request.is_done |= !process.state.is_alive(),
            Action::Start if is_alive || process.state.is_broken() => drop(self.requests.remove(&process.name)),
            Action::Restart if is_alive && process.started != request.started => drop(self.requests.remove(&process.name)),
            Action::Start | Action::Restart | Action::Signal(_) => {}
        }
    }

    /// Remembers what was asked.
    pub(super) fn ask(&mut self, action: Action, names: &[String]) {
        let at = self.now;
        let asked = self.processes.iter().filter(|process| names.is_empty() || names.contains(&process.name));
        let is_needless = |process: &Process| match action {
            Action::Stop => !process.state.is_alive() && process.state != ProcessState::Backoff,
            Action::Start => process.state.is_alive(),
            Action::Restart | Action::Signal(_) => false,
        };
        let asked = asked.filter(|process| !is_needless(process));
        let requests: Vec<(String, Request)> = asked
            .map(|process| (process.name.clone(), Request { action, at, started: process.started, is_done: false }))
            .collect();
        self.requests.extend(requests);
    }

    /// Forgets what was not done, and says why.
    pub(super) fn settle(&mut self, done: &Done) -> Option<String> {
        let verb = verb(done.action);
        match &done.outcome {
            Err(why) => {
                let is_asked = |name: &String| done.processes.is_empty() || done.processes.contains(name);
                self.requests.retain(|name, request| request.is_done || !is_asked(name));
                let whom = if done.processes.is_empty() { "everything".to_owned() } else { listed(&done.processes) };
                Some(format!("Could not {verb} {whom}: {}", visible(why)))
            }
            Ok(outcome) => {
                for refusal in &outcome.refused {
                    self.requests.remove(&refusal.process);
                }
                // From now on the runner's own word counts. A stop stays remembered, because of what is said of the end.
                let is_done = |name: &String| done.processes.is_empty() || outcome.done.contains(name);
                self.requests
                    .retain(|name, request| request.action != done.action || done.action == Action::Stop || !is_done(name));
                let first = outcome.refused.first()?;
                let more = match outcome.refused.len() {
                    1 => String::new(),
                    all => format!(" (and {} more)", all - 1),
                };
                Some(format!("Could not {verb} {}: {}{more}", visible(&first.process), visible(&first.why)))
            }
        }
    }

    /// Forgets requests that nothing came of.
    pub(super) fn lose_patience(&mut self) {
        let now = self.now;
        self.requests.retain(|_, request| request.is_done || now.saturating_sub(request.at) < PATIENCE);
    }

    /// How a process is shown.
    pub(super) fn shown(&self, process: &Process) -> Shown {
        let own = process.why.as_deref().map(visible).unwrap_or_default();
        let exit = process.exit.map(|exit| exit.to_string()).unwrap_or_default();
        let request = self.requests.get(&process.name);
        if let Some(word) = request.filter(|request| !request.is_done).and_then(|request| waiting(request.action)) {
            return Shown { state: pending(word, &process.state), word: word.to_owned(), why: "asked by you".to_owned() };
        }
        let is_ours = request.is_some_and(|request| request.is_done && request.action == Action::Stop);
        if is_ours && !process.state.is_alive() {
            let with = if exit.is_empty() { String::new() } else { format!(", {exit}") };
            return Shown { state: ProcessState::Stopped, word: "stopped".to_owned(), why: format!("by you{with}") };
        }
        let has_failed = process.state.is_broken() || process.state == ProcessState::Stopped;
        let why = match (own.is_empty(), has_failed && !exit.is_empty()) {
            (true, true) => exit,
            (false, true) if !own.contains(&exit) => format!("{exit}: {own}"),
            (true, false) if process.state == ProcessState::Starting && process.has_probe => "not ready yet".to_owned(),
            _ => own,
        };
        Shown { state: process.state.clone(), word: visible(process.state.word()), why }
    }

    /// How long a process has been running, in seconds.
    pub(super) fn uptime(&self, process: &Process) -> Option<u64> {
        let started = process.started.filter(|_| process.state.is_alive())?;
        Some(self.now.saturating_sub(started) / 1000)
    }
}

/// The state that stands for a request that has not been answered.
fn pending(word: &str, state: &ProcessState) -> ProcessState {
    match word {
        "stopping" => ProcessState::Stopping,
        "starting" | "restarting" => ProcessState::Starting,
        _ => state.clone(),
    }
}

const fn waiting(action: Action) -> Option<&'static str> {
    match action {
        Action::Start => Some("starting"),
        Action::Stop => Some("stopping"),
        Action::Restart => Some("restarting"),
        Action::Signal(_) => None,
    }
}

const fn verb(action: Action) -> &'static str {
    match action {
        Action::Start => "start",
        Action::Stop => "stop",
        Action::Restart => "restart",
        Action::Signal(_) => "send a signal to",
    }
}

/// Names with commas; many are counted.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [first] => visible(first),
        [first, second] => format!("{} and {}", visible(first), visible(second)),
        [first, rest @ ..] => format!("{} and {} more", visible(first), rest.len()),
    }
}
