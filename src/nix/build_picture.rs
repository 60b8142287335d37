//! A run of Nix as it is at one moment, small enough to be handed from the thread that follows it to whoever draws it. The logs are
//! not in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::build::{Build, BuildState, Counts, Status, extract, name, said};
use super::build_history::History;
use super::build_tree::{Edges, Node, tree};
use super::log::Progress;
use crate::doctor::explain::{Explanation, explain};

/// A run at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// How long after the beginning.
    pub at: Duration,
    /// How many of everything.
    pub counts: Counts,
    /// Everything that is built or will be, dependencies first.
    pub derivations: Vec<Derived>,
    /// The same as a tree.
    pub tree: Vec<Node>,
    /// What is being fetched.
    pub fetches: Vec<Fetched>,
    /// How much will be fetched, in Nix's words.
    pub size: Option<String>,
    /// What failed by itself.
    pub broken: Arc<Vec<Broken>>,
    /// What failed and is about no build, such as the evaluation.
    pub troubles: Vec<String>,
    /// What Nix warned of last, and how often it warned.
    pub warnings: (Option<String>, usize),
    /// What Nix is busy with when it neither builds nor fetches.
    pub status: String,
    /// How many lines of Nix could not be read.
    pub malformed: u64,
}

/// A derivation of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// The `.drv` file.
    pub path: String,
    /// How it stands.
    pub stage: Stage,
    /// The phase it is in, or was in when it ended.
    pub phase: String,
    /// When it began, since the run began.
    pub begun: Option<Duration>,
    /// When it ended.
    pub ended: Option<Duration>,
    /// How long it took the last times.
    pub estimate: Option<Duration>,
    /// The remote machine; empty for this one.
    pub machine: String,
    /// The last line of its log.
    pub last: String,
    /// How many lines its log has.
    pub lines: u64,
}

/// How a derivation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It is being built.
    Running,
    /// It failed by itself.
    Failed(String),
    /// It cannot be built, because something that it needs failed.
    Blocked(String),
    /// It was begun and stopped.
    Stopped,
    /// It was announced.
    Planned,
    /// The run is over and it was not begun.
    NotBuilt,
    /// It is there.
    Done,
}

impl Stage {
    /// The stage in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Running => "building",
            Self::Failed(_) => "failed",
            Self::Blocked(_) => "blocked",
            Self::Stopped => "stopped",
            Self::Planned => "planned",
            Self::NotBuilt => "not built",
            Self::Done => "built",
        }
    }

    /// Its place in a flat list: what runs first, then what failed, what waits, and what is done.
    const fn rank(&self) -> u8 {
        match self {
            Self::Running => 0,
            Self::Failed(_) => 1,
            Self::Stopped => 2,
            Self::Blocked(_) => 3,
            Self::Planned => 4,
            Self::NotBuilt => 5,
            Self::Done => 6,
        }
    }
}

impl Derived {
    /// Its name without hash and `.drv`.
    pub fn name(&self) -> &str {
        name(&self.path)
    }

    /// How long it takes, or took.
    pub fn elapsed(&self, now: Duration) -> Option<Duration> {
        self.begun.map(|begun| self.ended.unwrap_or(now).saturating_sub(begun))
    }
}

/// A path that is being fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its name.
    pub name: String,
    /// Bytes on the wire.
    pub wire: Progress,
    /// Bytes unpacked.
    pub unpacked: Progress,
}

/// A build that failed by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The `.drv` file.
    pub path: String,
    /// Why.
    pub reason: String,
    /// What its log says about it.
    pub extract: Vec<String>,
    /// What is known of it.
    pub causes: Vec<Explanation>,
}

impl Broken {
    /// Its name without hash and `.drv`.
    pub fn name(&self) -> &str {
        name(&self.path)
    }
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It does.
    During,
    /// It is over.
    After,
}

/// What is known besides what Nix says.
pub struct Known<'a> {
    /// What needs what.
    pub edges: &'a Edges,
    /// How long things took before.
    pub history: &'a History,
    /// What takes secrets out of a text.
    pub clean: &'a dyn Fn(&str) -> String,
}

/// What failed by itself, with what its log says. It takes a while, so it is done only when something new has failed.
pub fn broken(state: &BuildState, clean: &dyn Fn(&str) -> String) -> Vec<Broken> {
    let one = |(build, reason): (&Build, &super::failure::Reason)| Broken {
        path: build.derivation.clone(),
        reason: clean(&reason.to_string()),
        extract: clean(&extract(&build.log).join("\n")).lines().map(str::to_owned).collect(),
        causes: explain(&said(build, reason)),
    };
    state.root_causes().map(one).collect()
}

impl Picture {
    /// The picture of a run; `broken` is what failed so far.
    pub fn of(state: &BuildState, at: Duration, moment: Moment, broken: Arc<Vec<Broken>>, known: &Known<'_>) -> Self {
        let derivations = derivations(state, moment, &broken, known);
        let paths: Vec<&str> = derivations.iter().map(|derived| derived.path.as_str()).collect();
        let clean = known.clean;
        let fetches = state.fetches.iter().filter(|fetch| !fetch.is_done && moment == Moment::During);
        Self {
            at,
            counts: Counts {
                running: derivations.iter().filter(|derived| derived.stage == Stage::Running).count(),
                ..Counts::of(state)
            },
            tree: tree(&paths, known.edges),
            fetches: fetches
                .map(|fetch| Fetched { name: name(&fetch.path).to_owned(), wire: fetch.wire, unpacked: fetch.unpacked })
                .collect(),
            size: state.plan.size.clone(),
            broken,
            troubles: state
                .failures
                .iter()
                .filter(|failure| failure.reason.is_root_cause())
                .map(|failure| clean(&failure.reason.to_string()))
                .collect(),
            warnings: (state.warnings.last().map(|warning| clean(warning)), state.warnings.len()),
            status: clean(&state.status),
            malformed: state.malformed,
            derivations,
        }
    }

    /// The places of derivations in a flat list: what runs, what failed, what waits, what is done; the newest of what is done first.
    pub fn flat(&self) -> Vec<usize> {
        let mut indexes: Vec<usize> = (0..self.derivations.len()).collect();
        let key = |index: &usize| {
            let derived = self.derivations.get(*index);
            let ended = derived.filter(|derived| derived.stage == Stage::Done).and_then(|derived| derived.ended);
            (derived.map(|derived| derived.stage.rank()), std::cmp::Reverse(ended), *index)
        };
        indexes.sort_unstable_by_key(key);
        indexes
    }
}

/// What was announced in its order, and then what was begun without a word.
fn derivations(state: &BuildState, moment: Moment, broken: &[Broken], known: &Known<'_>) -> Vec<Derived> {
    let begun: HashMap<&str, &Build> = state.builds.iter().map(|build| (build.derivation.as_str(), build)).collect();
    let planned = state.plan.builds.iter().map(String::as_str);
    let mut seen = std::collections::HashSet::new();
    let all = planned.chain(state.builds.iter().map(|build| build.derivation.as_str())).filter(|path| seen.insert(*path));
    let failed: Vec<&str> = broken.iter().map(|broken| broken.path.as_str()).collect();
    let blocked = known.edges.blocked(&failed);
    all.map(|path| match begun.get(path) {
        Some(build) => of_build(build, moment, &blocked, known),
        None => waiting(path, moment, &blocked, known),
    })
    .collect()
}

fn of_build(build: &Build, moment: Moment, blocked: &BTreeMap<&str, &str>, known: &Known<'_>) -> Derived {
    let blocked_by = || blocked.get(build.derivation.as_str()).map_or("something it needs", |cause| name(cause)).to_owned();
    let stage = match &build.status {
        Status::Building if moment == Moment::During => Stage::Running,
        Status::Building | Status::Cancelled => Stage::Stopped,
        Status::Succeeded => Stage::Done,
        Status::Failed(reason) if reason.is_root_cause() => Stage::Failed((known.clean)(&reason.to_string())),
        Status::Failed(_) => Stage::Blocked(blocked_by()),
    };
    // Of what is done nobody looks at the last words, and there may be thousands.
    let clean = |text: Option<&str>| text.filter(|_| stage != Stage::Done).map(known.clean).unwrap_or_default();
    let (phase, last) = (clean(build.phase.as_deref()), clean(build.log.last()));
    Derived {
        path: build.derivation.clone(),
        stage,
        phase,
        begun: Some(build.begun),
        ended: build.ended,
        estimate: known.history.estimate(&build.machine, build.name()),
        machine: build.machine.clone(),
        last,
        lines: build.log.written(),
    }
}

fn waiting(path: &str, moment: Moment, blocked: &BTreeMap<&str, &str>, known: &Known<'_>) -> Derived {
    let stage = match (blocked.get(path), moment) {
        (Some(cause), _) => Stage::Blocked(name(cause).to_owned()),
        (None, Moment::During) => Stage::Planned,
        (None, Moment::After) => Stage::NotBuilt,
    };
    Derived {
        path: path.to_owned(),
        stage,
        phase: String::new(),
        begun: None,
        ended: None,
        estimate: known.history.estimate("", name(path)),
        machine: String::new(),
        last: String::new(),
        lines: 0,
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::nix::log::tests::recordings;
    use crate::nix::log::{self, Line};

    fn picture(recording: &str, lines: usize, moment: Moment, edges: &Edges) -> Picture {
        let text = recordings().into_iter().find(|(found, _)| found == recording).unwrap().1;
        let mut state = BuildState::default();
        for (at, line) in (0..).zip(text.lines()).take(lines) {
            if let Line::Event(event) = log::read(line.as_bytes()) {
                state.apply(&event, Duration::from_millis(at));
            }
        }
        let clean = |text: &str| text.replace("compiling", "[hidden]");
        let known = Known { edges, history: &History::default(), clean: &clean };
        let broken = Arc::new(broken(&state, &clean));
        Picture::of(&state, Duration::from_secs(1), moment, broken, &known)
    }

    fn stages(picture: &Picture) -> Vec<(&str, &str)> {
        picture
            .flat()
            .iter()
            .map(|index| &picture.derivations[*index])
            .map(|derived| (derived.name(), derived.stage.word()))
            .collect()
    }

    #[test]
    fn what_runs_comes_first_and_what_is_done_last() {
        let picture = picture("nix-2.26.3-graph", 60, Moment::During, &Edges::default());
        assert_eq!(picture.counts.running, 2);
        let shown = stages(&picture);
        assert_eq!((shown[0], shown[1].1, shown[4].1), (("demo-libcore-1.0", "building"), "building", "planned"), "{shown:?}");
        assert!(picture.derivations.iter().all(|derived| !derived.last.contains("compiling")));
    }

    #[test]
    fn nothing_runs_when_it_is_over_however_it_ended() {
        for (name, text) in recordings() {
            for cut in [text.lines().count() / 2, usize::MAX] {
                let picture = picture(&name, cut, Moment::After, &Edges::default());
                let is_running = |derived: &&Derived| matches!(derived.stage, Stage::Running | Stage::Planned);
                assert_eq!(picture.derivations.iter().find(is_running), None, "{name}");
                assert_eq!((picture.counts.running, picture.fetches.len()), (0, 0), "{name}");
                assert_eq!(picture.tree.len(), picture.derivations.len());
            }
        }
    }

    #[test]
    fn a_cause_is_told_apart_from_what_follows_from_it() {
        for version in ["2.8.0", "2.26.3", "2.34.8"] {
            let whole = picture(&format!("nix-{version}-fail"), usize::MAX, Moment::After, &Edges::default());
            let cause = &whole.broken[0];
            assert_eq!((whole.broken.len(), cause.name()), (1, "demo-broken-0.1"), "{version}");
            assert!(!cause.extract.is_empty() && cause.reason.contains("exit code"), "{version}: {cause:?}");
        }
    }
}
