//! What is asked before everything is stopped, and before the dashboard is left.

use super::Leaving;
use super::builds::Builds;
use super::project::ProjectScreens;
use super::session::Session;
use crate::process::Action;
use crate::tui::effect::{Effect, Ending, Reaction};
use crate::tui::modal::{Confirm, Modal};
use crate::ui::columns::count;
use crate::ui::visible;

/// Stops everything after a question.
pub(super) fn stop_all(session: &Session) -> Reaction {
    let alive = session.processes.iter().filter(|process| process.state.is_alive());
    let names: Vec<String> = alive.map(|process| visible(&process.name)).collect();
    if names.is_empty() {
        return Reaction::Say("Nothing runs".to_owned());
    }
    Reaction::Open(Modal::Confirm(Confirm {
        question: format!("Stop {}?", count(names.len(), "process", "processes")),
        facts: vec![names.join(", ")],
        on_yes: Effect::Act(Action::Stop, Vec::new()),
        offset: 0,
    }))
}

/// Leaves the dashboard; after a question, when something ends with it.
pub(super) fn leave(session: &Session, builds: &Builds, project: &ProjectScreens) -> Reaction {
    let leave = Effect::End(Ending::Cancelled);
    let alive = session.processes.iter().filter(|process| process.state.is_alive()).count();
    let ends = session.leaving == Leaving::Stop && alive > 0;
    let ends = ends.then(|| format!("{} with the dashboard.", count(alive, "process ends", "processes end")));
    let unsaved = project.unsaved();
    let lost = (!unsaved.is_empty()).then(|| format!("{} of variables not saved:", count(unsaved.len(), "change", "changes")));
    let build = builds.is_building().then(|| "The build is stopped; what was built so far stays.".to_owned());
    let facts: Vec<String> = ends.into_iter().chain(build).chain(lost).chain(unsaved).collect();
    if facts.is_empty() {
        return Reaction::Do(leave);
    }
    Reaction::Open(Modal::Confirm(Confirm { question: "Leave?".to_owned(), facts, on_yes: leave, offset: 0 }))
}
