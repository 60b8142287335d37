//! One build: followed from its beginning to its end, with a picture of it now and then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::{Shared, explained, line_of, said};
use crate::error::Result;
use crate::host::nix::derivations::Graph;
use crate::host::nix::memory::{self, Asked, Memory, subject};
use crate::host::nix::{self, Ended, Invocation, News};
use crate::host::probe::flake;
use crate::nix::build::{BuildId, BuildState, Change};
use crate::nix::build_history::Outcome;
use crate::nix::build_picture::{Broken, Known, Moment, Picture, broken};
use crate::nix::installable::Installable;
use crate::nix::log::{NixEvent, Report};
use crate::process::LogLine;
use crate::template::escape;
use crate::tui::build_order::{BuildNews, End, Trouble};
use crate::ui::redaction::redact;

/// A picture is told no more often.
const PAUSE: Duration = Duration::from_millis(100);
/// So many lines are kept at once.
const LINES: usize = 512;

/// Builds, tells everything meanwhile, and returns how it ended.
pub(super) fn build(shared: &Shared, installables: &[String]) -> Result<End> {
    shared.tell(BuildNews::Begun(installables.to_owned()));
    let root = shared.flake()?;
    let program = nix::program()?;
    let parsed: Vec<Installable> = installables.iter().map(|text| Installable::parse(text)).collect();
    nix::refuse_to_copy_secrets_of(&parsed, root)?;
    let (mut memory, warning) = Memory::open();
    shared.warn(warning);
    let asked = Asked { program: &program, directory: root, installables: &parsed };
    let words = ["build", "--json", "--no-link"].map(str::to_owned);
    let arguments: Vec<String> = words.into_iter().chain(parsed.iter().map(ToString::to_string)).collect();
    let invocation = Invocation { program: &program, directory: root, arguments: &arguments };
    let mut follower = Follower::new(shared, &memory, asked);
    let ended = nix::follow_until(invocation, &|| shared.is_build_unwanted(), &mut |state, at, news| {
        follower.see(state, at, &news);
    });
    follower.flush();
    let graph = follower.graph;
    let ended = ended?;
    let broken = Arc::new(broken(&ended.state, &redact));
    let known = Known { edges: graph.edges(), history: &memory.history, clean: &redact };
    let picture = Picture::of(&ended.state, ended.elapsed, Moment::After, broken, &known);
    let (accounts, warning) = memory.keep(asked, &ended);
    shared.warn(warning);
    let trouble = without_a_build(&ended, root);
    Ok(End { picture, outcome: memory::outcome(&ended), accounts, trouble })
}

/// What follows a run and tells how it stands.
struct Follower<'a> {
    shared: &'a Shared,
    memory: &'a Memory,
    asked: Asked<'a>,
    graph: Graph,
    /// What failed so far, and what it was made of.
    broken: Arc<Vec<Broken>>,
    failures: Vec<String>,
    names: HashMap<BuildId, Arc<str>>,
    lines: Vec<LogLine>,
    told: Option<Instant>,
    is_dirty: bool,
    has_reasons: bool,
}

impl<'a> Follower<'a> {
    fn new(shared: &'a Shared, memory: &'a Memory, asked: Asked<'a>) -> Self {
        Self {
            shared,
            memory,
            asked,
            graph: Graph::default(),
            broken: Arc::default(),
            failures: Vec::new(),
            names: HashMap::new(),
            lines: Vec::new(),
            told: None,
            is_dirty: true,
            has_reasons: false,
        }
    }

    fn see(&mut self, state: &BuildState, at: Duration, news: &News<'_>) {
        match news {
            News::Event(NixEvent::Result { report: Report::LogLine(line), .. }, Some(Change::BuildLog(id))) => {
                self.hear(state, *id, line);
            }
            News::Event(_, Some(Change::BuildBegun(id))) => self.begin(state, *id),
            News::Event(..) | News::Foreign(_) | News::Tick => {}
        }
        self.is_dirty |= !matches!(news, News::Tick);
        if self.is_dirty && self.told.is_none_or(|told| told.elapsed() >= PAUSE) {
            self.tell(state, at);
        }
    }

    fn hear(&mut self, state: &BuildState, id: BuildId, line: &str) {
        let Some(build) = state.build(id) else { return };
        let name = self.names.entry(id).or_insert_with(|| build.derivation.as_str().into());
        self.lines.push(line_of(name, line.to_owned()));
        if self.lines.len() >= LINES {
            self.flush();
        }
    }

    /// Gives lines to whoever keeps them.
    fn flush(&mut self) {
        let _told_by_the_next_picture = self.shared.intake.take(&std::mem::take(&mut self.lines));
        self.shared.intake.listen();
    }

    /// Learns what needs what. Everything is announced before the first build begins.
    fn begin(&mut self, state: &BuildState, id: BuildId) {
        let begun = state.build(id).map(|build| build.derivation.as_str());
        self.graph.learn(state.plan.builds.iter().map(String::as_str).chain(begun));
        if !std::mem::replace(&mut self.has_reasons, true) {
            self.reason(state);
        }
    }

    /// Tells why it is built anew, as soon as that is known.
    fn reason(&self, state: &BuildState) {
        let ([only], Some(new)) = (self.asked.installables, state.plan.builds.last()) else { return };
        let subject = subject(only, self.asked.directory);
        let why = memory::why(new, self.memory.history.last_derivation(&subject));
        if let Some(why) = why.filter(|why| !why.causes.is_empty()) {
            self.shared.tell(BuildNews::Reasons(why.causes.iter().map(|cause| redact(&cause.words())).collect()));
        }
    }

    fn tell(&mut self, state: &BuildState, at: Duration) {
        self.flush();
        let failures: Vec<String> = state.root_causes().map(|(build, reason)| format!("{} {reason}", build.derivation)).collect();
        if failures != self.failures {
            (self.broken, self.failures) = (Arc::new(broken(state, &redact)), failures);
        }
        let known = Known { edges: self.graph.edges(), history: &self.memory.history, clean: &redact };
        let picture = Picture::of(state, at, Moment::During, Arc::clone(&self.broken), &known);
        self.shared.tell(BuildNews::Now(picture));
        (self.told, self.is_dirty) = (Some(Instant::now()), false);
    }
}

/// Why a run failed in which no build did: the evaluation, or something before it.
fn without_a_build(ended: &Ended, root: &Utf8Path) -> Option<Trouble> {
    let is_told = memory::outcome(ended) != Outcome::Failed || ended.state.root_causes().next().is_some();
    if is_told {
        let was_killed = ended.status.code().is_none() && !ended.status.success() && !ended.was_stopped;
        let why = vec![format!("Nix was ended by somebody else ({})", ended.status)];
        return was_killed.then_some(Trouble { why, hints: Vec::new() });
    }
    let said = said(ended);
    let mut trouble = explained(&said);
    if said.is_empty() {
        trouble.why = vec![format!("`nix build` failed ({})", ended.status)];
    }
    let unknown = flake::demands(root).unknown_to_git;
    if !unknown.is_empty() {
        let files = unknown.iter().map(|path| escape::sh(path)).collect::<Vec<_>>().join(" ");
        trouble.hints.push(format!("git does not know what the flake needs: run `git add --intent-to-add {files}`"));
    }
    Some(trouble)
}
