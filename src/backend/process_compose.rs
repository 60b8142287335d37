//! process-compose, over its HTTP interface at a socket or a port. Versions since 1.46 are known; what a version cannot do is
//! done without. Nothing here starts one.

mod client;
mod logs;
mod ports;
mod state;
mod tail;
mod usage;
mod version;
mod watch;
mod websocket;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use secrecy::SecretString;

use super::asked::Asked;
use super::board::Board;
use super::ending::Ending;
use super::{Backend, Interest, Kind, Place, RunnerError, Sink, Watch};
use crate::error::Result;
use crate::host::peer::Endpoint;
use crate::process::event::Refusal;
use crate::process::{Action, LogLine, Outcome, Process, ProcessState, Stream};
use client::{Client, Identity, encoded};

/// How long process-compose may take to end everything.
const LONGEST_END: Duration = Duration::from_secs(60);
/// How often is looked whether it has.
const GLANCE: Duration = Duration::from_millis(20);
/// How many are started at once.
const AT_ONCE: usize = 16;

/// A process-compose that answers.
pub struct ProcessCompose {
    client: Arc<Client>,
    identity: Identity,
    asked: Arc<Asked>,
    usages: Arc<usage::Usages>,
}

impl ProcessCompose {
    /// Speaks to whoever listens and makes sure that it is process-compose.
    pub fn connect(endpoint: Endpoint, token: Option<SecretString>) -> Result<Self, RunnerError> {
        let client = Client::new(endpoint, token);
        let live = client.get("/live")?.accepted(&client)?;
        if live.get("status").and_then(serde_json::Value::as_str) != Some("alive") {
            let reason = "it is no process-compose".to_owned();
            return Err(RunnerError::Broken { place: client.endpoint.to_string(), reason });
        }
        let identity = client.identity()?;
        Ok(Self { client: Arc::new(client), identity, asked: Arc::default(), usages: Arc::default() })
    }

    /// The same, which knows of a project what was asked before by whatever nixstart, and which processes may fail.
    #[must_use]
    pub fn of_project(self, place: &Place) -> Self {
        Self { asked: Arc::new(Asked::of(place)), ..self }
    }

    /// Whether it runs the processes of a project, which are known by the name of their directory or by the one their file
    /// gives them. `None` when this version does not tell (< 1.73).
    pub fn is_of(&self, directory: &Utf8Path, name: Option<&str>) -> Result<Option<bool>, RunnerError> {
        // `host/name`
        let told = self.client.project_name()?;
        Ok(told.map(|told| {
            let told = told.rsplit('/').next().unwrap_or_default();
            !told.is_empty() && (Some(told) == directory.file_name() || Some(told) == name)
        }))
    }

    /// Every process, as it is and as it is shown.
    fn heard(&self) -> Result<Vec<Process>, RunnerError> {
        let mut processes = self.client.processes()?;
        self.usages.look(&mut processes);
        for process in &mut processes {
            self.asked.explain(process);
        }
        Ok(processes)
    }

    fn stop(&self, names: &[String], outcome: &mut Outcome) -> Result<(), RunnerError> {
        let body = serde_json::to_string(names).unwrap_or_default();
        let answer = self.client.send("PATCH", "/processes/stop", Some(&body));
        let answer = match answer {
            Ok(answer) if !answer.is_unknown() => answer,
            Ok(_) => return self.each(Action::Stop, names, outcome),
            Err(error) => {
                for name in names {
                    self.asked.answered(name, false);
                }
                return Err(error);
            }
        };
        let (of_each, refusal) = (answer.of_each(), answer.refusal());
        for name in names {
            let why = refusal.clone().or_else(|| of_each.get(name).filter(|said| *said != "ok").cloned());
            self.note(name, why, outcome);
        }
        Ok(())
    }

    /// Asks for each on its own, several at once: a restart takes a second.
    fn each(&self, action: Action, names: &[String], outcome: &mut Outcome) -> Result<(), RunnerError> {
        for names in names.chunks(AT_ONCE) {
            let answers: Vec<_> = thread::scope(|scope| {
                let asked: Vec<_> = names.iter().map(|name| (name, scope.spawn(move || self.one(action, name)))).collect();
                asked.into_iter().filter_map(|(name, answer)| Some((name, answer.join().ok()?))).collect()
            });
            let mut failed = None;
            for (name, answer) in answers {
                match answer {
                    Ok(why) => self.note(name, why, outcome),
                    Err(error) => {
                        self.note(name, Some(error.to_string()), outcome);
                        failed = Some(error).filter(RunnerError::is_gone);
                    }
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Asks for one, and returns why it is refused.
    fn one(&self, action: Action, name: &str) -> Result<Option<String>, RunnerError> {
        let name = encoded(name);
        let (method, path) = match action {
            Action::Start => ("POST", format!("/process/start/{name}")),
            Action::Stop => ("PATCH", format!("/process/stop/{name}")),
            Action::Restart => ("POST", format!("/process/restart/{name}")),
            Action::Signal(number) => ("PATCH", format!("/process/signal/{name}/{number}")),
        };
        let answer = self.client.send(method, &path, None)?;
        let is_unknown = answer.is_unknown() && matches!(action, Action::Signal(_));
        Ok(if is_unknown { Some("this process-compose passes no signals on (1.100 does)".to_owned()) } else { answer.refusal() })
    }

    fn note(&self, name: &str, why: Option<String>, outcome: &mut Outcome) {
        self.asked.answered(name, why.is_none());
        match why {
            None => outcome.done.push(name.to_owned()),
            Some(why) => outcome.refused.push(Refusal { process: name.to_owned(), why }),
        }
    }
}

impl Backend for ProcessCompose {
    fn kind(&self) -> Kind {
        Kind::ProcessCompose
    }

    fn place(&self) -> String {
        let version = self.identity.version.shown().map(|version| format!(" (process-compose {version})")).unwrap_or_default();
        format!("{}{version}", self.client.endpoint)
    }

    fn list(&self) -> Result<Vec<Process>> {
        Ok(self.heard()?)
    }

    fn logs(&self, process: &str, last: usize) -> Result<Vec<LogLine>> {
        if last == 0 {
            return Ok(Vec::new());
        }
        let name: Arc<str> = process.into();
        let lines = self.client.lines(process, Some(last), self.identity.version.counting())?;
        let line =
            |text: &String| LogLine { process: Arc::clone(&name), stream: Stream::Unknown, time: None, text: text.clone() };
        // Old versions return a few more than they were asked for.
        Ok(tail::last(&lines, last).iter().map(line).collect())
    }

    fn act(&self, action: Action, processes: &[String]) -> Result<Outcome> {
        let known: BTreeMap<String, Process> =
            self.client.processes()?.into_iter().map(|process| (process.name.clone(), process)).collect();
        let mut outcome = Outcome::default();
        let mut names: Vec<String> = Vec::new();
        if processes.is_empty() {
            names =
                known.values().filter(|process| concerns(action, &process.state)).map(|process| process.name.clone()).collect();
        }
        for name in processes {
            if known.contains_key(name) {
                names.push(name.clone());
            } else {
                outcome.refused.push(Refusal { process: name.clone(), why: "there is no such process".to_owned() });
            }
        }
        for name in &names {
            self.asked.begin(name, action, known.get(name).and_then(|process| process.pid));
        }
        match action {
            Action::Stop if !names.is_empty() => self.stop(&names, &mut outcome)?,
            Action::Start | Action::Stop | Action::Restart | Action::Signal(_) => self.each(action, &names, &mut outcome)?,
        }
        Ok(outcome)
    }

    fn shut_down(&self) -> Result<()> {
        let alive: Vec<Process> = self
            .client
            .processes()
            .unwrap_or_default()
            .into_iter()
            .filter(|process| concerns(Action::Stop, &process.state))
            .collect();
        for process in &alive {
            self.asked.begin(&process.name, Action::Stop, process.pid);
        }
        let answer = self.client.send("POST", "/project/stop", None).and_then(|answer| answer.accepted(&self.client));
        // It may be gone before it has answered.
        let is_done = matches!(answer, Ok(_) | Err(RunnerError::Gone { .. } | RunnerError::Broken { .. }));
        for process in &alive {
            self.asked.answered(&process.name, is_done);
        }
        if !is_done {
            drop(answer?);
        }
        let until = Instant::now() + LONGEST_END;
        while Instant::now() < until {
            if self.client.get("/live").is_err_and(|error| error.is_gone()) {
                return Ok(());
            }
            thread::sleep(GLANCE);
        }
        Err(RunnerError::StillThere { place: self.client.endpoint.to_string(), seconds: LONGEST_END.as_secs() }.into())
    }

    fn watch(&self, interest: Interest, sink: Sink) -> Result<Watch> {
        let processes = self.client.processes()?;
        let board = Board::new(&self.asked, &interest, &sink);
        let names = processes.iter().map(|process| process.name.clone()).collect();
        board.replace(processes);
        let ending = Arc::<Ending>::default();
        let followed = Arc::new(logs::Followed::new(&interest.logs, names));
        if interest.logs != super::Follow::Nobody {
            logs::follow(&self.client, &followed, (&sink, interest.backlog), &ending);
        }
        let (client, wants_usage) = (Arc::clone(&self.client), interest.usage);
        let ports = ports::Ports::default();
        let (usages, watched) = (Arc::clone(&self.usages), Arc::clone(&ending));
        let watching = watch::Watching { client, board, followed, ending: watched, wants_usage, ports, usages };
        thread::spawn(move || watching.run());
        Ok(Watch::new(move || ending.end()))
    }
}

/// Whether something is meant for a process when it is meant for all.
const fn concerns(action: Action, state: &ProcessState) -> bool {
    match action {
        Action::Start => {
            matches!(state, ProcessState::Stopped | ProcessState::Completed | ProcessState::Failed | ProcessState::Skipped)
        }
        Action::Stop => state.is_alive() || matches!(state, ProcessState::Pending | ProcessState::Backoff),
        Action::Restart | Action::Signal(_) => state.is_alive(),
    }
}
