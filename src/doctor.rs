//! Judges facts: one table of checks, one row each, every check a pure function. Nothing here looks at the machine.

mod config;
mod daemon;
mod devenv;
mod direnv;
pub mod explain;
mod flake;
mod git;
mod images;
pub mod mend;
mod network;
mod nix;
mod node;
mod processes;
pub mod redact;
pub mod remedy;
pub mod report;
mod secrets;
mod shell;
mod store;
mod system;
mod terminal;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};

use serde::Serialize;

use crate::facts::{Facts, Unknown};
pub use remedy::{FileEdit, Fix, Remedy};

/// The table of checks, in the order in which they are shown.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [
        system::CHECKS,
        network::CHECKS,
        nix::CHECKS,
        daemon::CHECKS,
        config::CHECKS,
        store::CHECKS,
        shell::CHECKS,
        direnv::CHECKS,
        devenv::CHECKS,
        git::CHECKS,
        flake::CHECKS,
        secrets::CHECKS,
        node::CHECKS,
        images::CHECKS,
        processes::CHECKS,
        terminal::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// A check: what it is about, what a person sees when it fails, why, what mends it, and how it is judged.
#[derive(Debug)]
pub struct Check {
    /// Stable id, in kebab-case.
    pub id: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// The worst it can find.
    pub severity: Severity,
    /// What holds when it passes, as a sentence without period.
    pub title: &'static str,
    /// What a person sees when it does not hold; literal words of the tool where there are any.
    pub symptom: &'static str,
    /// Why that happens.
    pub cause: &'static str,
    /// What mends it, in the imperative.
    pub fix: &'static str,
    /// Where the fact comes from ("nixpkgs `lib/minfeatures.nix`", "measured with Nix 2.26").
    pub source: &'static str,
    /// Where it makes sense.
    pub platform: Platform,
    /// What it costs to find out.
    pub cost: Cost,
    /// Checks that must not fail before this one says anything.
    pub needs: &'static [&'static str],
    /// The judgement.
    pub look: fn(&Facts) -> Look,
}

/// What a check says; a fact that is not known ends it with the reason.
pub type Look = Result<Verdict, Unknown>;

impl Check {
    /// The check of an id.
    pub fn find(id: &str) -> Option<&'static Self> {
        checks().find(|check| check.id == id)
    }
}

/// The subjects of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The operating system, disks, clock and limits.
    System,
    /// The way to caches and registries.
    Network,
    /// The `nix` programs.
    Nix,
    /// The daemon and the users it builds as.
    Daemon,
    /// Nix's settings.
    Config,
    /// The store.
    Store,
    /// The user's shells.
    Shell,
    /// direnv and nix-direnv.
    Direnv,
    /// devenv.
    Devenv,
    /// Git.
    Git,
    /// The flake of the project.
    Project,
    /// `.env` and what must not leak.
    Secrets,
    /// Node, pnpm, Turborepo.
    Node,
    /// Container images and registries.
    Images,
    /// Processes and ports.
    Processes,
    /// The terminal.
    Terminal,
}

impl Group {
    /// Every group, in the order in which they are shown.
    pub const ALL: [Self; 16] = [
        Self::System,
        Self::Network,
        Self::Nix,
        Self::Daemon,
        Self::Config,
        Self::Store,
        Self::Shell,
        Self::Direnv,
        Self::Devenv,
        Self::Git,
        Self::Project,
        Self::Secrets,
        Self::Node,
        Self::Images,
        Self::Processes,
        Self::Terminal,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Network => "network",
            Self::Nix => "nix",
            Self::Daemon => "daemon",
            Self::Config => "config",
            Self::Store => "store",
            Self::Shell => "shell",
            Self::Direnv => "direnv",
            Self::Devenv => "devenv",
            Self::Git => "git",
            Self::Project => "project",
            Self::Secrets => "secrets",
            Self::Node => "node",
            Self::Images => "images",
            Self::Processes => "processes",
            Self::Terminal => "terminal",
        }
    }

    /// The name of the facts that its checks mostly read.
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Project => "flake",
            other => other.word(),
        }
    }

    /// The group of a word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.word() == word)
    }
}

/// How bad a failing check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Informs,
    /// Work goes on, worse.
    Degrades,
    /// Work cannot go on.
    Blocks,
}

/// Where a check makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Everywhere.
    Any,
    /// Linux, also below WSL.
    Linux,
    /// macOS.
    MacOs,
    /// Windows Subsystem for Linux.
    Wsl,
}

/// What it costs to find the facts of a check out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Files and short programs.
    Local,
    /// The network; left out by `--offline`.
    Network,
    /// A build, or starting the user's shell; only with `--deep`.
    Deep,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; a fragment that says what was found.
    Pass(String),
    /// It degrades something, or is worth knowing.
    Warn(Problem),
    /// It blocks work.
    Fail(Problem),
}

/// What is wrong, and what can be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What was found on this machine, as a fragment.
    pub summary: String,
    /// Lines that make it clear: paths, names, numbers.
    pub details: Vec<String>,
    /// Ways to mend it, the best first.
    pub fixes: Vec<Fix>,
}

impl Problem {
    /// A problem with its summary.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// Adds a line that makes it clear.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds a way to mend it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    Pass(String),
    /// It degrades something.
    Warn(Problem),
    /// It blocks work.
    Fail(Problem),
    /// It says nothing here, as a fragment that says why.
    Skip(String),
    /// It could not be judged: a probe timed out or failed, or the check itself is broken.
    Crash(String),
}

impl Status {
    /// What is wrong, when something is.
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Warn(problem) | Self::Fail(problem) => Some(problem),
            Self::Pass(_) | Self::Skip(_) | Self::Crash(_) => None,
        }
    }

    /// The word for it in `--json`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Warn(_) => "warn",
            Self::Fail(_) => "fail",
            Self::Skip(_) => "skip",
            Self::Crash(_) => "crash",
        }
    }
}

/// A check and how it ended.
#[derive(Debug)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// How it ended.
    pub status: Status,
}

impl Finding {
    /// Whether it is worth knowing and no more.
    pub fn is_note(&self) -> bool {
        self.check.severity == Severity::Informs && matches!(self.status, Status::Warn(_))
    }
}

/// Judges the facts with every check that `is_wanted`. A check whose needs fail is skipped, so that one cause is said once.
pub fn examine(facts: &Facts, is_wanted: impl Fn(&Check) -> bool) -> Vec<Finding> {
    let mut ended: BTreeMap<&str, Status> = BTreeMap::new();
    for check in checks() {
        let status = judge(check, facts, &ended);
        ended.insert(check.id, status);
    }
    let wanted = checks().filter(|check| is_wanted(check));
    wanted.filter_map(|check| Some(Finding { check, status: ended.get(check.id)?.clone() })).collect()
}

fn judge(check: &'static Check, facts: &Facts, ended: &BTreeMap<&str, Status>) -> Status {
    let blocks = |id: &&&str| matches!(ended.get(**id), Some(Status::Fail(_) | Status::Crash(_)));
    if let Some(blocker) = check.needs.iter().find(blocks) {
        return Status::Skip(format!("blocked by {blocker}"));
    }
    match panic::catch_unwind(AssertUnwindSafe(|| (check.look)(facts))) {
        Ok(Ok(Verdict::Pass(found))) => Status::Pass(found),
        Ok(Ok(Verdict::Warn(problem))) => Status::Warn(problem),
        Ok(Ok(Verdict::Fail(problem))) => Status::Fail(problem),
        Ok(Err(Unknown::NotLooked(_))) if facts.broken.contains(&check.group.subject()) => {
            Status::Crash(format!("looking at {} broke; please report it", check.group.subject()))
        }
        Ok(Err(Unknown::NotLooked(_))) if facts.late.contains(&check.group.subject()) => {
            Status::Crash(format!("looking at {} took too long; a file or a disk does not answer", check.group.subject()))
        }
        Ok(Err(why @ (Unknown::Irrelevant(_) | Unknown::NotLooked(_)))) => Status::Skip(why.to_string()),
        Ok(Err(why @ (Unknown::TimedOut { .. } | Unknown::Failed(_)))) => Status::Crash(why.to_string()),
        Err(_) => Status::Crash("the check itself is broken; please report it".to_owned()),
    }
}

/// Facts with which a check finds something, and facts with which it does not.
#[cfg(test)]
pub(crate) struct Example {
    pub(crate) id: &'static str,
    pub(crate) bad: Facts,
    pub(crate) good: Facts,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn examples() -> Vec<Example> {
        [
            system::examples(),
            network::examples(),
            nix::examples(),
            daemon::examples(),
            config::examples(),
            store::examples(),
            shell::examples(),
            direnv::examples(),
            devenv::examples(),
            git::examples(),
            flake::examples(),
            secrets::examples(),
            node::examples(),
            images::examples(),
            processes::examples(),
            terminal::examples(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    #[test]
    fn every_check_finds_its_fault_and_passes_without_it() {
        let examples = examples();
        for check in checks() {
            let own: Vec<&Example> = examples.iter().filter(|example| example.id == check.id).collect();
            assert!(!own.is_empty(), "{} has no example", check.id);
            for example in own {
                let bad = (check.look)(&example.bad);
                let is_found = match check.severity {
                    Severity::Blocks => matches!(bad, Ok(Verdict::Fail(_) | Verdict::Warn(_))),
                    Severity::Degrades | Severity::Informs => matches!(bad, Ok(Verdict::Warn(_))),
                };
                assert!(is_found, "{} misses its fault: {bad:?}", check.id);
                let good = (check.look)(&example.good);
                assert!(matches!(good, Ok(Verdict::Pass(_))), "{} finds a fault where none is: {good:?}", check.id);
            }
        }
    }

    #[test]
    fn a_blocking_check_has_an_example_that_fails() {
        let examples = examples();
        for check in checks().filter(|check| check.severity == Severity::Blocks) {
            let fails = |example: &Example| example.id == check.id && matches!((check.look)(&example.bad), Ok(Verdict::Fail(_)));
            assert!(examples.iter().any(fails), "{} never fails", check.id);
        }
    }

    #[test]
    fn ids_are_unique_and_needs_come_first() {
        let mut seen = BTreeSet::new();
        for check in checks() {
            assert!(check.needs.iter().all(|need| seen.contains(need)), "{} needs what comes later", check.id);
            assert!(seen.insert(check.id), "{} is there twice", check.id);
        }
    }

    #[test]
    fn a_probe_that_broke_or_is_late_is_no_pass_and_no_skip() {
        let broken = Facts { broken: vec!["git"], ..Facts::default() };
        let late = Facts { late: vec!["git"], ..Facts::default() };
        let findings =
            [broken, late].iter().flat_map(|facts| examine(facts, |check| check.group == Group::Git)).collect::<Vec<_>>();
        let is_said = |finding: &&Finding| {
            matches!(finding.status, Status::Crash(_))
                || matches!(&finding.status, Status::Skip(why) if why.starts_with("blocked by"))
        };
        assert!(findings.iter().all(|finding| is_said(&finding)), "{findings:?}");
    }

    #[test]
    fn every_row_is_filled_in() {
        for check in checks() {
            let texts = [check.title, check.symptom, check.cause, check.fix, check.source];
            assert!(texts.iter().all(|text| !text.trim().is_empty() && !text.ends_with('.')), "{}", check.id);
        }
    }
}
