//! What is made of a run of Nix that has ended, and kept for the next one: what came of each installable, by how much its closure has
//! grown, and why it was built anew. `nixstart build` and the dashboard both do it here.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8Path;

use super::{Ended, Invocation, ask, derivations, flake_around, system};
use crate::host::build_history::HistoryFile;
use crate::host::{clock, paths};
use crate::nix::build::{Status, name};
use crate::nix::build_history::{Entry, History, Outcome, Run, Timed};
use crate::nix::closure::{Closure, Growth};
use crate::nix::installable::Installable;
use crate::nix::outputs::{self, Built};
use crate::nix::rebuild_reason::{self, Rebuild};
use crate::nix::store_name::package;
use crate::ui::redaction::redact;

/// How long Nix may take to say what is in a closure.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is remembered, and where.
#[derive(Debug, Default)]
pub struct Memory {
    /// What is remembered.
    pub history: History,
    file: Option<HistoryFile>,
}

/// A run of `nix build`.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Nix.
    pub program: &'a Utf8Path,
    /// Where it ran.
    pub directory: &'a Utf8Path,
    /// What it was asked to build.
    pub installables: &'a [Installable],
}

/// What came of an installable.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// What was asked for.
    pub installable: String,
    /// What is kept of it.
    pub run: Run,
    /// By how much its closure has grown since the last build that succeeded; nothing when there was none, or it is not known.
    pub growth: Option<Growth>,
    /// Why it was built anew; nothing when it was not, or nobody knows.
    pub why: Option<Rebuild>,
}

impl Memory {
    /// Reads what is remembered, and says why that may not be everything.
    pub fn open() -> (Self, Option<String>) {
        match HistoryFile::of_this_user() {
            Ok(file) => {
                let (history, warning) = file.read();
                (Self { history, file: Some(file) }, warning)
            }
            Err(error) => (Self::default(), Some(format!("no history of builds is kept: {error}"))),
        }
    }

    /// Keeps what came of a run, and says why that cannot be kept.
    pub fn keep(&mut self, asked: Asked<'_>, ended: &Ended) -> (Vec<Account>, Option<String>) {
        let accounts = accounts(asked, ended, &self.history);
        let now = clock::now_milliseconds();
        let builds = ended.state.builds.iter().filter(|build| build.status == Status::Succeeded).map(|build| {
            let seconds = build.elapsed(ended.elapsed).as_secs_f64();
            Entry::Build(Timed { host: build.machine.clone(), package: package(build.name()).0.to_owned(), seconds, when: now })
        });
        let runs = accounts.iter().map(|account| Entry::Run(account.run.clone()));
        let warning = self.add(builds.chain(runs).collect());
        (accounts, warning)
    }

    /// Keeps that a run was interrupted before anybody could say more.
    pub fn keep_interrupted(&mut self, asked: Asked<'_>) -> Option<String> {
        let run = |installable: &Installable| Run {
            subject: subject(installable, asked.directory),
            when: clock::now_milliseconds(),
            outcome: Outcome::Interrupted,
            ..Run::default()
        };
        self.add(asked.installables.iter().map(|installable| Entry::Run(run(installable))).collect())
    }

    fn add(&mut self, entries: Vec<Entry>) -> Option<String> {
        let kept = self.file.as_ref().map_or(Ok(()), |file| file.append(&entries));
        for entry in entries {
            self.history.add(entry);
        }
        kept.err().map(|error| format!("the history of builds could not be written: {}", paths::reason(&error)))
    }
}

/// What a history knows an installable by: the flake by its absolute path, and the attribute. An address may have a password in it.
pub fn subject(installable: &Installable, directory: &Utf8Path) -> String {
    let system = system();
    let local = installable.directory().and_then(|named| {
        let directory = paths::absolute(&directory.join(named)).ok()?;
        Some(flake_around(&directory).unwrap_or(directory))
    });
    match local {
        Some(root) => format!("{root}#{}", installable.attribute_on(&system)),
        None => redact(&installable.to_string()),
    }
}

/// How a run ended.
pub fn outcome(ended: &Ended) -> Outcome {
    let is_interrupted = || ended.state.failures.iter().any(|failure| failure.reason == crate::nix::failure::Reason::Interrupted);
    // A program without an exit code was killed.
    match (ended.status.success(), ended.status.code()) {
        (true, _) => Outcome::Succeeded,
        (false, Some(_)) if !ended.was_stopped && !is_interrupted() => Outcome::Failed,
        (false, _) => Outcome::Interrupted,
    }
}

fn accounts(asked: Asked<'_>, ended: &Ended, history: &History) -> Vec<Account> {
    let outcome = outcome(ended);
    let built = outputs::built(&ended.output).unwrap_or_default();
    let is_told = built.len() == asked.installables.len();
    let one = |(place, installable): (usize, &Installable)| {
        let built = built.get(place).filter(|_| is_told);
        let mut run = Run {
            subject: subject(installable, asked.directory),
            when: clock::now_milliseconds(),
            outcome,
            seconds: ended.elapsed.as_secs_f64(),
            built: ended.state.builds.iter().filter(|build| build.status == Status::Succeeded).count(),
            failed: ended.state.root_causes().map(|(build, _)| build.name().to_owned()).collect(),
            ..Run::default()
        };
        if let Some(Built { derivation, outputs }) = built {
            (run.derivation, run.outputs) = (derivation.clone(), outputs.clone());
            let closure = closure(asked, outputs);
            run.bytes = closure.as_ref().map(Closure::bytes);
            run.packages = closure.map(|closure| closure.packages).unwrap_or_default();
        } else if let [_only] = asked.installables {
            // Nix announces what needs everything else last.
            run.derivation = ended.state.plan.builds.last().cloned();
        }
        let before = history.last_success(&run.subject).and_then(Run::closure);
        let growth = run.closure().zip(before).map(|(now, before)| now.growth(&before));
        let why = run.derivation.as_deref().and_then(|new| why(new, history.last_derivation(&run.subject)));
        Account { installable: redact(&installable.to_string()), run, growth, why }
    };
    asked.installables.iter().enumerate().map(one).collect()
}

/// Why a derivation is not the one of the last build; nothing when it is, or when there was none.
pub fn why(new: &str, old: Option<&str>) -> Option<Rebuild> {
    let old = old.filter(|old| *old != new)?;
    Some(rebuild_reason::why(old, new, &mut derivations::read))
}

fn closure(asked: Asked<'_>, outputs: &BTreeMap<String, String>) -> Option<Closure> {
    let words = ["path-info", "--json", "--recursive", "--offline"].map(str::to_owned);
    let arguments: Vec<String> = words.into_iter().chain(outputs.values().cloned()).collect();
    let invocation = Invocation { program: asked.program, directory: asked.directory, arguments: &arguments };
    if outputs.is_empty() { None } else { Closure::read(&ask(invocation, PATIENCE).ok()?) }
}

impl Account {
    /// Why it was built anew, in lines.
    pub fn reasons(&self) -> Vec<String> {
        let Some(why) = &self.why else { return Vec::new() };
        let mut lines: Vec<String> = why.causes.iter().map(|cause| redact(&cause.words())).collect();
        match (lines.is_empty(), why.is_cut) {
            (true, true) => lines.push("the derivation of the last build is not in the store any more".to_owned()),
            (true, false) => lines.push("nothing that can be told apart".to_owned()),
            (false, true) => lines.push("and perhaps more".to_owned()),
            (false, false) => {}
        }
        lines
    }

    /// The names of what was made.
    pub fn names(&self) -> Vec<&str> {
        self.run.outputs.values().map(|path| name(path)).collect()
    }
}
