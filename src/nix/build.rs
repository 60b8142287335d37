//! What Nix builds and fetches in one run, folded from its events. The log says nothing of how a build ended; that follows
//! from Nix's counters and from its error messages.

mod cause;
mod counter;
mod counts;
mod extract;
mod log_tail;
mod plan;

use std::collections::HashMap;
use std::time::Duration;

pub use cause::said;
use counter::Counter;
pub use counts::Counts;
pub use extract::extract;
pub use log_tail::LogTail;
pub use plan::{Announced, Plan};

use super::failure::{self, Failure, Reason};
use super::log::{Activity, Level, NixEvent, Progress, Report};
use crate::plain_text::strip_escapes;

/// A run of Nix.
#[derive(Debug, Default)]
pub struct BuildState {
    /// What Nix said it was going to do. It may do other things: a download that fails becomes a build.
    pub plan: Plan,
    /// Every build that was begun, in that order.
    pub builds: Vec<Build>,
    /// Every path that was fetched, in the order in which that began.
    pub fetches: Vec<Fetch>,
    /// What failed and is about no build that was begun, such as the evaluation.
    pub failures: Vec<Failure>,
    /// What Nix warned of.
    pub warnings: Vec<String>,
    /// What Nix is busy with when it neither builds nor fetches.
    pub status: String,
    /// How many lines could not be read.
    pub malformed: u64,
    activities: HashMap<u64, Subject>,
    by_derivation: HashMap<String, BuildId>,
    counter: Counter,
    /// The build that ended last and has no outcome of its own yet.
    unexplained: Option<BuildId>,
}

/// Number of a build in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildId(usize);

/// Number of a fetch in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FetchId(usize);

/// A derivation that is built.
#[derive(Debug)]
pub struct Build {
    /// The `.drv` file.
    pub derivation: String,
    /// The remote machine; empty for this one.
    pub machine: String,
    /// How it stands.
    pub status: Status,
    /// The phase it is in, or was in when it ended.
    pub phase: Option<String>,
    /// When it began, since the run began.
    pub begun: Duration,
    /// When it ended.
    pub ended: Option<Duration>,
    /// The end of its log.
    pub log: LogTail,
}

impl Build {
    /// Its name without hash and `.drv`.
    pub fn name(&self) -> &str {
        name(&self.derivation)
    }

    /// How long it takes, or took.
    pub fn elapsed(&self, now: Duration) -> Duration {
        self.ended.unwrap_or(now).saturating_sub(self.begun)
    }
}

/// How a build stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is being built.
    Building,
    /// It was built.
    Succeeded,
    /// It was not.
    Failed(Reason),
    /// It was stopped, because something else failed or somebody wanted it.
    Cancelled,
}

/// A path that is fetched from a cache.
#[derive(Debug)]
pub struct Fetch {
    /// The store path.
    pub path: String,
    /// The cache.
    pub from: String,
    /// Bytes on the wire.
    pub wire: Progress,
    /// Bytes unpacked.
    pub unpacked: Progress,
    /// Whether it has ended.
    pub is_done: bool,
}

/// The name of a store path: without folder, hash and `.drv`.
pub fn name(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    let base = base.strip_suffix(".drv").unwrap_or(base);
    match base.split_once('-') {
        Some((hash, name)) if hash.len() == 32 => name,
        _ => base,
    }
}

/// What an event has changed, as far as somebody who watches wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A build has begun.
    BuildBegun(BuildId),
    /// It is in another phase.
    BuildPhase(BuildId),
    /// Its log has one more line.
    BuildLog(BuildId),
    /// It has ended. What came of it may still change as long as the run lasts.
    BuildEnded(BuildId),
    /// A fetch has begun.
    FetchBegun(FetchId),
    /// It has ended.
    FetchEnded(FetchId),
    /// The last of the warnings is new.
    Warned,
}

/// Warnings that are of no use: somebody who leaves a hash empty to find it out knows that.
const NOISE: [&str; 3] = ["found empty hash, assuming", "(use '--show-trace'", "SQLite database"];

/// What an activity of Nix stands for here.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Build(BuildId),
    Fetch(FetchId),
    /// The unpacking of a fetch.
    Unpacking(FetchId),
    /// The download of a fetch.
    Transfer(FetchId),
    Builds,
    Status,
}

impl BuildState {
    /// A build by its number; there for every number of this run.
    pub fn build(&self, id: BuildId) -> Option<&Build> {
        self.builds.get(id.0)
    }

    /// A fetch by its number; there for every number of this run.
    pub fn fetch(&self, id: FetchId) -> Option<&Fetch> {
        self.fetches.get(id.0)
    }

    /// Builds that are being built.
    pub fn running(&self) -> impl Iterator<Item = &Build> {
        self.builds.iter().filter(|build| build.status == Status::Building)
    }

    /// Builds that failed by themselves, in the order in which they began.
    pub fn root_causes(&self) -> impl Iterator<Item = (&Build, &Reason)> {
        self.builds.iter().filter_map(|build| match &build.status {
            Status::Failed(reason) if reason.is_root_cause() => Some((build, reason)),
            _ => None,
        })
    }

    /// The hash mismatches of the run, with their derivations.
    pub fn mismatches(&self) -> impl Iterator<Item = (&Build, &failure::HashMismatch)> {
        self.root_causes().filter_map(|(build, reason)| match reason {
            Reason::HashMismatch(mismatch) => Some((build, mismatch)),
            _ => None,
        })
    }

    /// Bytes that came over the wire.
    pub fn downloaded(&self) -> u64 {
        self.fetches.iter().map(|fetch| fetch.wire.done).sum()
    }

    /// Nix has ended. What it counted by then says more than the order in which builds stopped: one that it counts as done
    /// or as failed without a word was not just cancelled.
    pub fn finish(&mut self) {
        let succeeded = self.count(|status| *status == Status::Succeeded);
        let failed = self.count(|status| matches!(status, Status::Failed(_)));
        let silent = self.count(|status| *status == Status::Cancelled);
        let is_interrupted = self.failures.iter().any(|failure| failure.reason == Reason::Interrupted);
        let outcome = if silent > 0 && succeeded + silent == self.counter.done {
            Status::Succeeded
        } else if silent > 0 && failed + silent == self.counter.failed && !is_interrupted {
            Status::Failed(Reason::Unexplained)
        } else {
            return;
        };
        for build in self.builds.iter_mut().filter(|build| build.status == Status::Cancelled) {
            build.status = outcome.clone();
        }
    }

    fn count(&self, holds: impl Fn(&Status) -> bool) -> u64 {
        self.builds.iter().map(|build| u64::from(holds(&build.status))).sum()
    }

    /// Takes in an event that came `at` so long after the beginning of the run.
    pub fn apply(&mut self, event: &NixEvent<'_>, at: Duration) -> Option<Change> {
        match event {
            NixEvent::Start { id, parent, activity, text } => self.start(*id, *parent, activity, text, at),
            NixEvent::Stop { id } => self.stop(*id, at),
            NixEvent::Result { id, report } => self.report(*id, report),
            NixEvent::Message { level, text } => self.message(*level, text),
            NixEvent::Unknown => None,
        }
    }

    fn start(&mut self, id: u64, parent: u64, activity: &Activity<'_>, text: &str, at: Duration) -> Option<Change> {
        let (subject, change) = match activity {
            Activity::Build { derivation, machine } => {
                let build = self.begin_build(derivation, machine, at);
                (Subject::Build(build), Some(Change::BuildBegun(build)))
            }
            Activity::Substitute { path, from } => {
                let fetch = FetchId(self.fetches.len());
                self.fetches.push(Fetch {
                    path: path.clone().into_owned(),
                    from: from.clone().into_owned(),
                    wire: Progress::default(),
                    unpacked: Progress::default(),
                    is_done: false,
                });
                (Subject::Fetch(fetch), Some(Change::FetchBegun(fetch)))
            }
            Activity::CopyPath { path } => (Subject::Unpacking(self.fetch_of(parent, path)?), None),
            Activity::FileTransfer { url } => match self.activities.get(&parent) {
                Some(Subject::Unpacking(fetch) | Subject::Fetch(fetch)) => (Subject::Transfer(*fetch), None),
                // Up to Nix 2.17 nothing says what a download is for; the archive of a path is that of the fetch begun last.
                _ if url.contains("/nar/") => (Subject::Transfer(FetchId(self.fetches.len().checked_sub(1)?)), None),
                _ => self.note_status(text),
            },
            Activity::Builds => {
                self.counter = Counter::default();
                (Subject::Builds, None)
            }
            Activity::Realise | Activity::CopyPaths | Activity::Waiting | Activity::Other => self.note_status(text),
        };
        self.activities.insert(id, subject);
        change
    }

    fn begin_build(&mut self, derivation: &str, machine: &str, at: Duration) -> BuildId {
        let id = BuildId(self.builds.len());
        self.builds.push(Build {
            derivation: derivation.to_owned(),
            machine: machine.to_owned(),
            status: Status::Building,
            phase: None,
            begun: at,
            ended: None,
            log: LogTail::default(),
        });
        self.by_derivation.insert(derivation.to_owned(), id);
        id
    }

    /// The fetch that a copy belongs to: that of its parent, or before Nix 2.18 the one of the same path.
    fn fetch_of(&self, parent: u64, path: &str) -> Option<FetchId> {
        if let Some(Subject::Fetch(fetch)) = self.activities.get(&parent) {
            return Some(*fetch);
        }
        self.fetches.iter().rposition(|fetch| fetch.path == path && !fetch.is_done).map(FetchId)
    }

    fn note_status(&mut self, text: &str) -> (Subject, Option<Change>) {
        if !text.is_empty() {
            self.status = strip_escapes(text);
        }
        (Subject::Status, None)
    }

    fn stop(&mut self, id: u64, at: Duration) -> Option<Change> {
        match self.activities.remove(&id)? {
            Subject::Build(id) => {
                let build = self.builds.get_mut(id.0)?;
                build.ended = Some(at);
                if build.status == Status::Building {
                    let has_succeeded = self.counter.stop();
                    build.status = if has_succeeded { Status::Succeeded } else { Status::Cancelled };
                    self.unexplained = (!has_succeeded).then_some(id);
                }
                if build.status == Status::Succeeded {
                    build.log.forget_most();
                }
                Some(Change::BuildEnded(id))
            }
            Subject::Fetch(id) => {
                self.fetches.get_mut(id.0)?.is_done = true;
                Some(Change::FetchEnded(id))
            }
            Subject::Status => {
                self.status.clear();
                None
            }
            Subject::Unpacking(_) | Subject::Transfer(_) | Subject::Builds => None,
        }
    }

    fn report(&mut self, id: u64, report: &Report<'_>) -> Option<Change> {
        let subject = *self.activities.get(&id)?;
        match (subject, report) {
            (Subject::Build(id), Report::LogLine(line)) => {
                self.builds.get_mut(id.0)?.log.push(line);
                Some(Change::BuildLog(id))
            }
            (Subject::Build(id), Report::Phase(phase)) => {
                self.builds.get_mut(id.0)?.phase = Some(strip_escapes(phase));
                Some(Change::BuildPhase(id))
            }
            (Subject::Build(id), Report::Outcome { success: true }) => {
                self.builds.get_mut(id.0)?.status = Status::Succeeded;
                None
            }
            (Subject::Transfer(id), Report::Progress(progress)) => {
                self.fetches.get_mut(id.0)?.wire = *progress;
                None
            }
            (Subject::Unpacking(id), Report::Progress(progress)) => {
                self.fetches.get_mut(id.0)?.unpacked = *progress;
                None
            }
            (Subject::Builds, Report::Progress(progress)) => {
                (self.counter.done, self.counter.failed) = (progress.done, progress.failed);
                None
            }
            _ => None,
        }
    }

    fn message(&mut self, level: Level, text: &str) -> Option<Change> {
        if self.plan.read(text) {
            return None;
        }
        if level == Level::ERROR
            && let Some(failure) = failure::read(text)
        {
            return self.fail(failure);
        }
        let plain = strip_escapes(text);
        if NOISE.iter().any(|noise| plain.contains(noise)) {
            return None;
        }
        if level <= Level::WARNING || plain.starts_with("warning:") {
            self.warnings.push(plain.strip_prefix("warning:").unwrap_or(&plain).trim().to_owned());
            return Some(Change::Warned);
        }
        None
    }

    /// An error belongs to the build it names, and one that names none to the build that ended last without a reason.
    fn fail(&mut self, failure: Failure) -> Option<Change> {
        let named = failure.derivation.as_ref().and_then(|path| self.by_derivation.get(path)).copied();
        let is_of_some_build = matches!(failure.reason, Reason::TimedOut { .. });
        let id = named.or_else(|| self.unexplained.filter(|_| is_of_some_build));
        let Some(build) = id.and_then(|id| self.builds.get_mut(id.0)) else {
            self.failures.push(failure);
            return None;
        };
        // A summary at the end says less than what is known.
        if failure.reason.is_root_cause() || !matches!(build.status, Status::Failed(_)) {
            build.status = Status::Failed(failure.reason);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use pretty_assertions::assert_eq;

    use super::*;
    use crate::nix::log::tests::{recordings, without_a_prefix};
    use crate::nix::log::{self, Line};

    /// Folds a recording, one millisecond a line.
    fn fold(recording: &str) -> (BuildState, Vec<Change>) {
        let (mut state, mut changes) = (BuildState::default(), Vec::new());
        for (at, line) in (0..).zip(recording.lines()) {
            if let Line::Event(event) = log::read(line.as_bytes()) {
                changes.extend(state.apply(&event, Duration::from_millis(at)));
            }
        }
        state.finish();
        (state, changes)
    }

    fn recording(name: &str) -> String {
        recordings().into_iter().find(|(found, _)| found == name).unwrap().1
    }

    fn word(status: &Status) -> String {
        match status {
            Status::Building => "building".into(),
            Status::Succeeded => "succeeded".into(),
            Status::Failed(reason) => format!("failed: {reason}"),
            Status::Cancelled => "cancelled".into(),
        }
    }

    const GRAPH: &[&str] = &["demo-assets-0.3", "demo-bot-1.2.0", "demo-image.tar", "demo-libcore-1.0", "demo-libnet-2.1"];
    const WIDE: &[&str] =
        &["demo-leaf-1", "demo-leaf-2", "demo-leaf-3", "demo-leaf-4", "demo-leaf-5", "demo-leaf-6", "demo-wide"];
    const LIBCORE: &[&str] = &["demo-libcore-1.0"];

    /// What every recorded command did, by the flake that it was given: what it built, and what failed by itself. Commands that built
    /// nothing had nothing to do, were only to plan, or did not evaluate; `sigint` was interrupted, `lock-wait` waited for another.
    const DONE: &[(&str, &[&str], &[&str])] = &[
        ("cache-unreachable", &["demo-wide"], &[]),
        ("cached", &[], &[]),
        ("chatty", &["demo-chatty"], &[]),
        ("daemon-fail", &[], &["demo-broken-0.1"]),
        ("daemon-graph", GRAPH, &[]),
        ("dry-run", &[], &[]),
        ("eval-error", &[], &[]),
        ("fail", &[], &["demo-broken-0.1"]),
        ("fail-keep-going", WIDE, &["demo-broken-0.1", "demo-no-output"]),
        ("fetchurl", &["demo-fetched.bin"], &[]),
        ("flake-check", LIBCORE, &["demo-broken-0.1"]),
        ("flake-inputs", &["uses-input"], &[]),
        ("graph", GRAPH, &[]),
        ("hash-mismatch", &[], &["demo-fetched.bin"]),
        ("json-log-path", LIBCORE, &[]),
        ("lock-wait", &[], &[]),
        ("max-silent", &[], &["demo-silent"]),
        ("missing-attr", &[], &[]),
        ("nix-build", &["legacy-a", "legacy-b"], &[]),
        ("post-build-hook", LIBCORE, &[]),
        ("shell-passthrough", LIBCORE, &[]),
        ("sigint", &[], &[]),
        ("substitute", &["demo-libcore-1.0", "demo-mixed-2.0"], &[]),
        ("substitute-fails", &["demo-assets-pack-1.1", "demo-mixed-2.0"], &[]),
        ("timeout", &[], &["demo-slow"]),
        ("trace", &[], &[]),
        ("verbose", &["demo-assets-0.3", "demo-bot-1.2.0", "demo-libcore-1.0", "demo-libnet-2.1"], &[]),
    ];

    #[test]
    fn every_recorded_command_comes_out_as_it_did() {
        for (name, recording) in recordings().into_iter().chain([without_a_prefix()]) {
            let case = name.splitn(3, '-').last().unwrap();
            let (_, built, failed) = DONE.iter().find(|(done, ..)| *done == case).unwrap_or_else(|| panic!("{name}"));
            let (state, _) = fold(&recording);
            let of = |is_wanted: fn(&Status) -> bool| {
                let mut names: Vec<&str> =
                    state.builds.iter().filter(|build| is_wanted(&build.status)).map(Build::name).collect();
                names.sort_unstable();
                names
            };
            assert_eq!(of(|status| *status == Status::Succeeded), *built, "{name}");
            assert_eq!(of(|status| matches!(status, Status::Failed(_))), *failed, "{name}");
        }
    }

    /// What every build of every recording is said to be, in words.
    #[test]
    fn knows_what_came_of_every_recorded_build() {
        let mut account = String::new();
        for (name, recording) in recordings() {
            let (state, _) = fold(&recording);
            writeln!(account, "{name}: {} planned, {} fetched", state.plan.builds.len(), state.fetches.len()).unwrap();
            for build in &state.builds {
                let phase = build.phase.as_deref().map(|phase| format!(" in {phase}")).unwrap_or_default();
                writeln!(account, "  {} {}{phase}, {} lines", build.name(), word(&build.status), build.log.written()).unwrap();
            }
            for failure in &state.failures {
                let text = failure.reason.to_string();
                writeln!(account, "  ! {}", text.lines().next().unwrap_or_default()).unwrap();
            }
        }
        insta::with_settings!({ snapshot_path => "../../tests/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("recorded_builds", account);
        });
    }

    #[test]
    fn every_build_that_begins_is_said_to_end() {
        for (name, recording) in recordings().iter().filter(|(name, _)| !name.contains("sigint")) {
            let (state, changes) = fold(recording);
            let begun = changes.iter().filter(|change| matches!(change, Change::BuildBegun(_))).count();
            let ended = changes.iter().filter(|change| matches!(change, Change::BuildEnded(_))).count();
            assert_eq!((begun, ended), (state.builds.len(), state.builds.len()), "{name}");
            assert_eq!(state.running().count(), 0, "{name}");
        }
    }

    #[test]
    fn downloads_are_counted_in_bytes() {
        for version in ["2.8.0", "2.26.3", "2.34.8"] {
            let (state, _) = fold(&recording(&format!("nix-{version}-substitute")));
            assert!(
                state.fetches.iter().all(|fetch| fetch.is_done && fetch.unpacked.done > 0),
                "{version}: {:#?}",
                state.fetches
            );
            assert!(state.downloaded() > 1_000_000, "{version}: {}", state.downloaded());
        }
    }

    #[test]
    fn a_hash_mismatch_names_both_hashes() {
        for version in ["2.8.0", "2.26.3", "2.34.8"] {
            let (state, _) = fold(&recording(&format!("nix-{version}-hash-mismatch")));
            let (build, mismatch) = state.mismatches().next().unwrap();
            assert_eq!(build.name(), "demo-fetched.bin");
            assert!(mismatch.got.starts_with("sha256-+7rdm") && mismatch.specified.starts_with("sha256-AAAA"), "{mismatch:?}");
            assert!(!mismatch.is_placeholder());
        }
    }

    #[test]
    fn any_order_of_events_is_survived() {
        let text = recording("nix-2.34.8-fail-keep-going");
        let lines: Vec<&str> = text.lines().collect();
        for offset in 0..lines.len() {
            let turned: Vec<&str> = lines.iter().rev().cycle().skip(offset).take(lines.len()).copied().collect();
            fold(&turned.join("\n"));
        }
    }
}
