//! devenv's own manager of processes (≥ 2.0), over its socket. What a version cannot do is done without: one without a stream is
//! asked again and again, and its files are read. Nothing here starts one.

mod backlog;
mod end;
mod files;
mod guardians;
mod message;
mod watch;
mod wire;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::asked::Asked;
use super::board::Board;
use super::ending::Ending;
use super::sampler::Sampler;
use super::{Backend, Interest, Kind, Place, RunnerError, Sink, Watch};
use crate::error::Result;
use crate::host::peer::Endpoint;
use crate::process::{Action, LogLine, Outcome, Process, ProcessState, Refusal};
use wire::Request;

/// A manager that answers.
pub struct Devenv {
    site: Arc<Site>,
    mode: Option<String>,
    asked: Arc<Asked>,
}

/// Where things of a manager are.
struct Site {
    endpoint: Endpoint,
    pid_file: Utf8PathBuf,
    logs: Utf8PathBuf,
    guardians: Utf8PathBuf,
    /// What processes use, as far as their numbers are known.
    sampler: Mutex<Sampler>,
    began: Instant,
    /// Lines that were not understood.
    skipped: AtomicU64,
}

/// Where the socket of a manager is below the directory that devenv runs in.
pub(super) fn socket(runtime: &Utf8Path) -> Utf8PathBuf {
    runtime.join("processes/native.sock")
}

impl Devenv {
    /// Speaks to the manager whose files are below a directory (`$DEVENV_RUNTIME`).
    pub fn connect(runtime: &Utf8Path) -> Result<Self, RunnerError> {
        let processes = runtime.join("processes");
        let site = Site {
            endpoint: Endpoint::Socket(socket(runtime)),
            pid_file: processes.join("native-manager.pid"),
            logs: processes.join("logs"),
            guardians: processes.join("guardians"),
            sampler: Mutex::default(),
            began: Instant::now(),
            skipped: AtomicU64::new(0),
        };
        // One that does not know the question is older than 2.2.
        let answer = wire::ask(&site.endpoint, &Request::mode())?;
        let mode = answer.get("mode").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { site: Arc::new(site), mode, asked: Arc::default() })
    }

    /// The same, which knows of a project which processes may fail.
    #[must_use]
    pub fn of_project(self, place: &Place) -> Self {
        Self { asked: Arc::new(Asked::without_memory(place)), ..self }
    }

    /// How many lines of its stream were not understood.
    pub fn skipped(&self) -> u64 {
        self.site.skipped.load(Ordering::Relaxed)
    }

    /// Asks for something to be done, and returns why it is not.
    fn have_done(&self, request: &Request) -> Result<Option<String>, RunnerError> {
        let answer = wire::ask(&self.site.endpoint, request)?;
        Ok(if message::is_unsupported(&answer) {
            Some("this devenv is too old for that (2.1 does it)".to_owned())
        } else {
            message::refusal(&answer)
        })
    }

    fn start(&self, names: &[String], outcome: &mut Outcome) -> Result<(), RunnerError> {
        let answer = wire::ask(&self.site.endpoint, &Request::start(names))?;
        if message::is_unsupported(&answer) {
            for name in names {
                let why = self.have_done(&Request::start_one(name))?;
                self.note(name, why, outcome);
            }
            return Ok(());
        }
        let refusal = message::refusal(&answer);
        let found = answer.get("outcome").cloned().unwrap_or_default();
        let is_in = |list: &str, name: &str| {
            found.get(list).and_then(Value::as_array).is_some_and(|names| names.iter().any(|known| known.as_str() == Some(name)))
        };
        for name in names {
            let why = match name.as_str() {
                _ if refusal.is_some() => refusal.clone(),
                name if is_in("unknown", name) => Some("the running manager does not know it; start devenv again".to_owned()),
                name if is_in("failed", name) => Some("it could not be started".to_owned()),
                name if is_in("skipped", name) => Some("it is started already".to_owned()),
                _ => None,
            };
            self.note(name, why, outcome);
        }
        Ok(())
    }

    fn one(&self, action: Action, name: &str) -> Result<Option<String>, RunnerError> {
        match action {
            Action::Stop => self.have_done(&Request::stop(name)),
            Action::Restart => self.have_done(&Request::restart(name)),
            Action::Start => self.have_done(&Request::start_one(name)),
            Action::Signal(_) => Ok(Some("devenv passes no signals on".to_owned())),
        }
    }

    fn note(&self, name: &str, why: Option<String>, outcome: &mut Outcome) {
        self.asked.answered(name, why.is_none());
        match why {
            None => outcome.done.push(name.to_owned()),
            Some(why) => outcome.refused.push(Refusal { process: name.to_owned(), why }),
        }
    }
}

impl Site {
    /// Every process. A manager that cannot say (2.0) has left files by which they are known.
    fn processes(&self) -> Result<Vec<Process>, RunnerError> {
        let answer = wire::ask(&self.endpoint, &Request::list())?;
        if message::is_unsupported(&answer) {
            let unknown = |name: String| Process::new(name, ProcessState::Unknown("not told".to_owned()));
            return Ok(files::processes(&self.logs).into_iter().map(unknown).collect());
        }
        let place = || self.endpoint.to_string();
        match message::refusal(&answer) {
            Some(message) => Err(RunnerError::Refused { place: place(), message }),
            None => match message::processes(&answer) {
                Some(mut processes) => {
                    for process in &mut processes {
                        self.complete(process);
                    }
                    Ok(processes)
                }
                None => Err(RunnerError::Broken { place: place(), reason: "it has no list of processes".to_owned() }),
            },
        }
    }

    /// Says of a process what its protocol does not: its number, when it was started, what it used at the last look.
    fn complete(&self, process: &mut Process) {
        let leader = guardians::leader(&self.guardians, &process.name).filter(|_| process.state.is_alive());
        process.pid = leader.map(|(pid, _)| pid);
        process.started = leader.and_then(|(_, started)| started);
        process.usage = self.sampler().usage(process);
    }

    /// Looks at what these use, unless that was done a moment ago.
    fn measure(&self, processes: &[Process]) {
        if processes.iter().any(|process| process.pid.is_some()) {
            self.sampler().sample_when_old(processes.iter(), self.began.elapsed());
        }
    }

    fn sampler(&self) -> MutexGuard<'_, Sampler> {
        self.sampler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Devenv {
    fn kind(&self) -> Kind {
        Kind::Devenv
    }

    fn place(&self) -> String {
        match &self.mode {
            Some(mode) => format!("{} (devenv, {mode})", self.site.endpoint),
            None => format!("{} (devenv before 2.2)", self.site.endpoint),
        }
    }

    fn list(&self) -> Result<Vec<Process>> {
        let mut processes = self.site.processes()?;
        self.site.measure(&processes);
        for process in &mut processes {
            process.usage = self.site.sampler().usage(process);
            self.asked.explain(process);
        }
        Ok(processes)
    }

    /// Nobody tells in which order a process has used its two streams: what it said on one comes after what it said on the other,
    /// and as many lines as are asked for are those of each.
    fn logs(&self, process: &str, last: usize) -> Result<Vec<LogLine>> {
        let name: Arc<str> = process.into();
        let answer = wire::ask(&self.site.endpoint, &Request::logs(process, last))?;
        let is_unsupported = message::is_unsupported(&answer);
        if let Some(message) = message::refusal(&answer).filter(|_| !is_unsupported) {
            return Err(RunnerError::Refused { place: self.site.endpoint.to_string(), message }.into());
        }
        let mut found = Vec::new();
        for (field, stream) in files::STREAMS {
            let lines = if is_unsupported {
                files::path(&self.site.logs, process, field).map(|path| files::Tail::begin(path, last).1).unwrap_or_default()
            } else {
                lines_of(&answer, field)
            };
            let line = |text| LogLine { process: Arc::clone(&name), stream, time: None, text };
            found.extend(lines.into_iter().map(line));
        }
        Ok(found)
    }

    fn act(&self, action: Action, processes: &[String]) -> Result<Outcome> {
        let mut names = processes.to_vec();
        if names.is_empty() {
            let concerned = |process: &Process| match action {
                Action::Start => process.state == ProcessState::Stopped,
                Action::Stop | Action::Restart | Action::Signal(_) => process.state.is_alive(),
            };
            names = self.site.processes()?.into_iter().filter(concerned).map(|process| process.name).collect();
        }
        for name in &names {
            self.asked.begin(name, action, None);
        }
        let mut outcome = Outcome::default();
        let done = if action == Action::Start {
            self.start(&names, &mut outcome)
        } else {
            names.iter().try_for_each(|name| {
                let why = self.one(action, name)?;
                self.note(name, why, &mut outcome);
                Ok(())
            })
        };
        if let Err(error) = done {
            for name in &names {
                self.asked.answered(name, false);
            }
            return Err(error.into());
        }
        Ok(outcome)
    }

    fn shut_down(&self) -> Result<()> {
        Ok(end::end(&self.site)?)
    }

    fn watch(&self, interest: Interest, sink: Sink) -> Result<Watch> {
        let board = Board::new(&self.asked, &interest, &sink);
        board.replace(self.site.processes()?);
        let ending = Arc::<Ending>::default();
        if interest.usage {
            let (site, board, ending) = (Arc::clone(&self.site), Arc::clone(&board), Arc::clone(&ending));
            thread::spawn(move || watch::measure(&site, &board, &ending));
        }
        let watching = watch::Watching { site: Arc::clone(&self.site), board, interest, sink, ending: Arc::clone(&ending) };
        thread::spawn(move || watching.run());
        Ok(Watch::new(move || ending.end()))
    }
}

/// The lines of one stream in an answer.
fn lines_of(answer: &Value, stream: &str) -> Vec<String> {
    let text = answer.get(stream).and_then(Value::as_str).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
