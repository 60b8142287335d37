//! Tells a person or a program what Nix does, while it does it.

use std::time::Duration;

use serde_json::{Value, json};

use super::event;
use crate::cli::Session;
use crate::host::nix::News;
use crate::nix::build::{Build, BuildState, Change, Status, name};
use crate::nix::build_history::History;
use crate::nix::log::{NixEvent, Report};
use crate::plain_text::strip_escapes;
use crate::ui::Ui;
use crate::ui::build_view::{self, duration};
use crate::ui::progress::Progress;

/// Somebody who watches.
pub(in crate::cli) struct Watcher {
    look: Look,
    is_verbose: bool,
    /// How long things took before.
    history: History,
    /// Whether the last event was told.
    pub(super) has_told_the_end: bool,
}

/// How it is watched.
enum Look {
    /// Lines that are drawn anew; they begin with the first news.
    Drawn { progress: Option<Progress>, drawn: Duration },
    /// One line after the other.
    Lines,
    /// JSON for programs.
    Events,
}

/// How long lines stay before they are drawn anew.
const REDRAW: Duration = Duration::from_millis(100);

impl Watcher {
    /// The way to watch that suits the terminal and what was asked for.
    pub(in crate::cli) fn new(session: &Session, is_json: bool) -> Self {
        let look = match (is_json, session.ui.can_redraw()) {
            (true, _) => Look::Events,
            (false, true) => Look::Drawn { progress: None, drawn: Duration::ZERO },
            (false, false) => Look::Lines,
        };
        let is_verbose = session.ui.verbosity() == crate::ui::Verbosity::Verbose;
        Self { look, is_verbose, history: History::default(), has_told_the_end: false }
    }

    /// Knows how long things took before.
    pub(super) fn recall(&mut self, history: &History) {
        if matches!(self.look, Look::Drawn { .. }) {
            self.history = history.clone();
        }
    }

    /// Whether a program reads what is told.
    pub(super) const fn is_for_programs(&self) -> bool {
        matches!(self.look, Look::Events)
    }

    /// Takes lines that are drawn anew away: something else is going to be said.
    pub(super) fn pause(&mut self) {
        if let Look::Drawn { progress, .. } = &mut self.look {
            *progress = None;
        }
    }

    /// Takes in what happened.
    pub(super) fn see(&mut self, session: &mut Session, state: &BuildState, now: Duration, news: &News<'_>) {
        if matches!(self.look, Look::Events) {
            // Whoever reads may have gone; the build goes on, and printing its result says so.
            let _closed = tell(session, state, now, news);
            return;
        }
        if let Some(line) = self.line(state, now, news) {
            match &self.look {
                Look::Drawn { progress: Some(progress), .. } => progress.above(|| session.ui.say(&line)),
                Look::Drawn { progress: None, .. } | Look::Lines | Look::Events => session.ui.say(&line),
            }
        }
        self.draw(&session.ui, state, now);
    }

    fn draw(&mut self, ui: &Ui, state: &BuildState, now: Duration) {
        let Look::Drawn { progress, drawn } = &mut self.look else { return };
        if progress.is_none() {
            *progress = Progress::begin(ui);
        } else if now.saturating_sub(*drawn) < REDRAW {
            return;
        }
        *drawn = now;
        if let Some(progress) = progress {
            progress.show(&build_view::progress(state, now, &self.history, ui.width()));
        }
    }

    /// What is said for good: what was built, and in lines also what begins.
    fn line(&self, state: &BuildState, now: Duration, news: &News<'_>) -> Option<String> {
        let is_drawn = matches!(self.look, Look::Drawn { .. });
        match news {
            News::Tick => None,
            News::Foreign(text) => Some((*text).to_owned()),
            News::Event(event, change) => match change.as_ref()? {
                Change::BuildBegun(id) if !is_drawn => Some(format!("building {}", state.build(*id)?.name())),
                Change::BuildEnded(id) => built_line(state.build(*id)?, now),
                Change::FetchEnded(id) if !is_drawn || self.is_verbose => {
                    Some(format!("fetched {}", name(&state.fetch(*id)?.path)))
                }
                Change::BuildLog(id) if self.is_verbose => log_line(state.build(*id)?, event),
                Change::Warned => state.warnings.last().map(|text| warning(text)),
                Change::BuildBegun(_)
                | Change::BuildPhase(_)
                | Change::BuildLog(_)
                | Change::FetchBegun(_)
                | Change::FetchEnded(_) => None,
            },
        }
    }
}

/// What `builtins.trace` says is no warning.
fn warning(text: &str) -> String {
    if text.starts_with("trace:") { text.to_owned() } else { format!("warning: {text}") }
}

fn built_line(build: &Build, now: Duration) -> Option<String> {
    // What failed is told at the end, when it is certain.
    (build.status == Status::Succeeded).then(|| format!("built {} ({})", build.name(), duration(build.elapsed(now))))
}

fn log_line(build: &Build, event: &NixEvent<'_>) -> Option<String> {
    let NixEvent::Result { report: Report::LogLine(line), .. } = event else { return None };
    Some(format!("{}> {}", build.name(), strip_escapes(line)))
}

/// Tells a program.
fn tell(session: &mut Session, state: &BuildState, now: Duration, news: &News<'_>) -> crate::error::Result<()> {
    let told = match news {
        News::Tick => None,
        News::Foreign(text) => Some(("output", json!({ "text": text }))),
        News::Event(happened, change) => change.and_then(|change| described(state, now, happened, change)),
    };
    told.map_or(Ok(()), |(name, fields)| event(session, name, fields))
}

/// The name of an event and what is in it; nothing for one that is told at the end, when it is certain.
fn described(state: &BuildState, now: Duration, happened: &NixEvent<'_>, change: Change) -> Option<(&'static str, Value)> {
    Some(match change {
        Change::BuildBegun(id) => {
            let build = state.build(id)?;
            ("build-started", json!({ "derivation": build.derivation, "name": build.name(), "machine": build.machine }))
        }
        Change::BuildPhase(id) => {
            let build = state.build(id)?;
            ("build-phase", json!({ "derivation": build.derivation, "phase": build.phase }))
        }
        Change::BuildLog(id) => {
            let NixEvent::Result { report: Report::LogLine(line), .. } = happened else { return None };
            ("log", json!({ "derivation": state.build(id)?.derivation, "line": strip_escapes(line) }))
        }
        Change::BuildEnded(id) => {
            let build = state.build(id).filter(|build| build.status == Status::Succeeded)?;
            let seconds = build.elapsed(now).as_secs_f64();
            ("build-finished", json!({ "derivation": build.derivation, "name": build.name(), "seconds": seconds }))
        }
        Change::FetchBegun(id) => {
            let fetch = state.fetch(id)?;
            ("fetch-started", json!({ "path": fetch.path, "from": fetch.from }))
        }
        Change::FetchEnded(id) => {
            let fetch = state.fetch(id)?;
            ("fetch-finished", json!({ "path": fetch.path, "bytes": fetch.wire.done }))
        }
        Change::Warned => ("warning", json!({ "text": state.warnings.last()? })),
    })
}
