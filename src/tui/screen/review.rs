//! The review of a plan: every step with why, what, how it is verified and how it is taken back; steps can be left out.
//! It ends with a yes or a no, and changes nothing itself.

mod describe;
mod draw;
mod entry;
pub mod selection;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use ratatui::layout::Rect;

use super::super::effect::{Effect, Ending, Reaction};
use super::super::keymap::{self, Action, Context};
use super::super::modal::{Confirm, Modal};
use super::Screen;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Plan;
use crate::ui::columns::count;
use crate::ui::plan_view::Current;
use crate::ui::{Ui, visible};
use entry::Entry;
use selection::Switched;

/// What is reviewed.
#[derive(Debug)]
pub struct Review<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The ids of the steps that can be left out.
    pub optional: BTreeSet<String>,
    /// The ids of those that are left out unless the person switches them on.
    pub off: BTreeSet<String>,
    /// Which steps a step needs, by id.
    pub requires: BTreeMap<String, Vec<String>>,
    /// The bytes of files that change.
    pub current: &'a Current,
    /// What a person should know and neither the plan nor a step says.
    pub notes: Vec<String>,
}

/// How a review ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The person consented.
    Apply {
        /// The ids of the steps that are left out.
        skipped: BTreeSet<String>,
    },
    /// The person said no.
    Cancel,
}

/// Shows a review over the whole screen; see [`super::super::can_draw`].
pub fn show(ui: &Ui, review: &Review<'_>) -> Result<Outcome> {
    let (screen, ending) = super::super::run(ui, Screen::Review(ReviewScreen::new(review).spoken(&|text| ui.spoken(text))))?;
    let Screen::Review(screen) = screen else { return Err(Error::failed("another screen came back")) };
    match ending {
        Ending::Accepted => Ok(Outcome::Apply { skipped: screen.off }),
        Ending::Cancelled => Ok(Outcome::Cancel),
        Ending::Interrupted => Err(Error::new(ErrorKind::Interrupted, "interrupted; nothing was changed")),
        Ending::Lost => Err(Error::failed("the terminal is gone; nothing was changed")),
    }
}

/// The state of a review.
#[derive(Debug)]
pub struct ReviewScreen {
    title: String,
    place: String,
    entries: Vec<Entry>,
    requires: BTreeMap<String, Vec<String>>,
    optional: BTreeSet<String>,
    off: BTreeSet<String>,
    selected: usize,
    offset: usize,
    /// Whether the changes of the selected step have the whole screen.
    is_zoomed: bool,
}

impl ReviewScreen {
    /// A review in which everything is switched on that is not off by default.
    pub fn new(review: &Review<'_>) -> Self {
        Self {
            title: visible(&review.plan.title),
            place: visible(review.plan.root.as_str()),
            entries: entry::entries(review),
            requires: review.requires.clone(),
            optional: review.optional.clone(),
            off: review.off.clone(),
            selected: 0,
            offset: 0,
            is_zoomed: false,
        }
    }

    /// The same with commands of root as they are typed on this machine.
    fn spoken(mut self, spoken: &dyn Fn(&str) -> String) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.speak(spoken));
        self
    }

    /// Where its keys have their meaning.
    pub const fn context(&self) -> Context {
        if self.is_zoomed { Context::Changes } else { Context::Review }
    }

    /// The ids of the steps that are switched off.
    pub const fn off(&self) -> &BTreeSet<String> {
        &self.off
    }

    /// What is going to happen, in a line.
    pub fn status(&self) -> String {
        let (all, on) = (self.entries.iter().filter(|entry| entry.is_pending()).count(), self.on().count());
        let root = self.on().filter(|entry| entry.needs_root).count();
        let as_root = if root == 0 { String::new() } else { format!(", {root} as root") };
        format!("{on} of {} on{as_root}", count(all, "step", "steps"))
    }

    fn on(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_pending() && !self.off.contains(&entry.id))
    }

    fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.selected)
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        if self.is_zoomed { self.act_on_changes(action, area) } else { self.act_on_steps(action, area) }
    }

    fn act_on_steps(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match action {
            Action::Up => self.select(self.selected.saturating_sub(1)),
            Action::Down => self.select(self.selected + 1),
            Action::First => self.select(0),
            Action::Last => self.select(usize::MAX),
            Action::PageUp | Action::PageDown => self.scroll(action, area),
            Action::Explain => self.offset = 0,
            Action::Changes => return self.zoom(),
            Action::Toggle => return self.toggle().into_iter().map(Reaction::Say).collect(),
            Action::Copy => return self.copy(),
            Action::Apply => return vec![self.apply()],
            Action::Cancel => return vec![Reaction::Do(Effect::End(Ending::Cancelled))],
            Action::Yes
            | Action::Help
            | Action::Redraw
            | Action::Suspend
            | Action::Interrupt
            | Action::Variable(_)
            | Action::Line(_)
            | Action::Dash(_)
            | Action::Process(_)
            | Action::Logs(_)
            | Action::Build(_)
            | Action::Project(_) => {}
        }
        Vec::new()
    }

    fn act_on_changes(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match action {
            Action::Cancel | Action::Changes | Action::Explain => {
                self.is_zoomed = false;
                self.offset = 0;
            }
            Action::Copy => return self.copy(),
            _ => self.scroll(action, area),
        }
        Vec::new()
    }

    fn select(&mut self, index: usize) {
        self.selected = index.min(self.entries.len().saturating_sub(1));
        self.offset = 0;
    }

    fn scroll(&mut self, action: Action, area: Rect) {
        let (height, all) = self.detail_size(area);
        let (last, page) = (all.saturating_sub(height), height.saturating_sub(1).max(1));
        let offset = self.offset.min(last);
        self.offset = match action {
            Action::Up => offset.saturating_sub(1),
            Action::Down => offset + 1,
            Action::PageUp => offset.saturating_sub(page),
            Action::PageDown => offset + page,
            Action::First => 0,
            Action::Last => last,
            _ => offset,
        }
        .min(last);
    }

    fn zoom(&mut self) -> Vec<Reaction> {
        if self.selected().is_none_or(|entry| entry.changes.is_empty()) {
            return vec![Reaction::Say("There is nothing more to show".to_owned())];
        }
        (self.is_zoomed, self.offset) = (true, 0);
        Vec::new()
    }

    fn toggle(&mut self) -> Option<String> {
        let entry = self.selected()?;
        if !entry.is_pending() {
            return Some("There is nothing to switch here".to_owned());
        }
        let switched = selection::toggle(&self.off, &entry.id, &self.optional, &self.requires);
        let numbers = |ids: &BTreeSet<String>| {
            let numbers = self.entries.iter().filter(|entry| ids.contains(&entry.id)).map(Entry::label);
            numbers.collect::<Vec<_>>().join(", ")
        };
        match switched {
            Switched::Refused { needed_by: None } => Some("This step cannot be left out".to_owned()),
            Switched::Refused { needed_by: Some(id) } => {
                Some(format!("Step {} needs it and cannot be left out", numbers(&BTreeSet::from([id]))))
            }
            Switched::Off { with } => {
                let said = (!with.is_empty()).then(|| format!("Also off, because they need it: {}", numbers(&with)));
                self.off.insert(entry.id.clone());
                self.off.extend(with);
                said
            }
            Switched::On { with } => {
                let said = (!with.is_empty()).then(|| format!("Also on, because it needs them: {}", numbers(&with)));
                self.off.remove(&entry.id.clone());
                self.off.retain(|id| !with.contains(id));
                said
            }
        }
    }

    fn copy(&self) -> Vec<Reaction> {
        let commands = self.selected().map(|entry| entry.commands.as_slice()).unwrap_or_default();
        if commands.is_empty() {
            return vec![Reaction::Say("This step has no command".to_owned())];
        }
        // What is pasted into a shell is run, and what cannot be seen is not checked.
        if commands.iter().any(|command| visible(command) != *command) {
            return vec![Reaction::Say("Not copied: the command has characters that cannot be seen".to_owned())];
        }
        let said = "Copied, if the terminal allows it (OSC 52)".to_owned();
        vec![Reaction::Do(Effect::Copy(commands.join("\n"))), Reaction::Say(said)]
    }

    fn apply(&self) -> Reaction {
        let on = self.on().count();
        if on == 0 {
            let key = keymap::key(Context::Review, Action::Cancel);
            return Reaction::Say(format!("Every step is switched off; {key} leaves without changing anything"));
        }
        let root = self.on().filter(|entry| entry.needs_root).count();
        let final_steps = self.on().filter(|entry| entry.is_irreversible).count();
        let notes = self.entries.iter().find_map(Entry::notes).unwrap_or_default();
        let facts = [
            match root {
                0 => "Nothing runs as root.".to_owned(),
                root => format!("{} as root.", count(root, "step runs", "steps run")),
            },
            if final_steps == 0 { String::new() } else { format!("{} cannot be undone.", count(final_steps, "step", "steps")) },
            if self.off.is_empty() {
                String::new()
            } else {
                format!("{} left out.", count(self.off.len(), "step is", "steps are"))
            },
            if notes == 0 { String::new() } else { format!("{} in the last row.", count(notes, "note is", "notes are")) },
        ];
        Reaction::Open(Modal::Confirm(Confirm {
            question: format!("Apply {}?", count(on, "step", "steps")),
            facts: facts.into_iter().filter(|fact| !fact.is_empty()).collect(),
            on_yes: Effect::End(Ending::Accepted),
            offset: 0,
        }))
    }
}
