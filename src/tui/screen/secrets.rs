//! The variables of a `.env` over the whole screen: how each stands, what it is for, and a line to type a value into. Values
//! are hidden, and shown one at a time for ten seconds. It writes nothing; what was changed comes out with the form.

mod detail;
mod draw;
mod entry;
#[cfg(test)]
mod tests;

use ratatui::layout::Rect;
use secrecy::ExposeSecret;

use super::super::effect::{Effect, Ending, Reaction};
use super::super::keymap::{Action, Context, VariableAction};
use super::super::modal::{Confirm, Modal};
use super::Screen;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::form::{Field, Form, State};
use crate::secret::mask::LONG;
use crate::ui::columns::count;
use crate::ui::{Ui, visible};
use entry::Entry;

/// How an edit ended.
#[derive(Debug)]
pub enum Outcome {
    /// The person saw the changes and said yes.
    Save(Form),
    /// The person left, and nothing was changed.
    Leave(Form),
}

/// How long a value is shown, in seconds.
pub const REVEALED_FOR: u8 = 10;

/// Shows a form over the whole screen; see [`super::super::can_draw`].
pub fn show(ui: &Ui, title: &str, form: Form) -> Result<Outcome> {
    let (screen, ending) = super::super::run(ui, Screen::Secrets(SecretsScreen::new(title, form)))?;
    let Screen::Secrets(screen) = screen else { return Err(Error::failed("another screen came back")) };
    match ending {
        Ending::Accepted => Ok(Outcome::Save(screen.form)),
        Ending::Cancelled => Ok(Outcome::Leave(screen.form)),
        Ending::Interrupted => Err(Error::new(ErrorKind::Interrupted, "interrupted; nothing was changed")),
        Ending::Lost => Err(Error::failed("the terminal is gone; nothing was changed")),
    }
}

/// What of a value is shown for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    Tail,
}

/// What is typed.
#[derive(Debug)]
enum Mode {
    /// Nothing: keys are commands.
    Browse,
    /// A value, a name, or what is looked for.
    Type(Entry),
}

/// The state of an edit.
#[derive(Debug)]
pub struct SecretsScreen {
    title: String,
    form: Form,
    selected: usize,
    /// The first line of the help that is seen.
    offset: usize,
    mode: Mode,
    /// What of the selected value, or of what is typed, is shown, and for how many seconds still.
    revealed: Option<(Shown, u8)>,
}

impl SecretsScreen {
    /// An edit in which nothing has been changed.
    pub fn new(title: &str, form: Form) -> Self {
        let needs_value = |field: &Field| matches!(field.state(), State::Missing | State::Invalid);
        let selected = form.fields.iter().position(needs_value).unwrap_or(0);
        Self { title: visible(title), form, selected, offset: 0, mode: Mode::Browse, revealed: None }
    }

    /// Where its keys have their meaning.
    pub const fn context(&self) -> Context {
        match &self.mode {
            Mode::Browse => Context::Secrets,
            Mode::Type(entry) => entry.context(),
        }
    }

    /// Whether a value is shown for a while.
    pub const fn is_counting(&self) -> bool {
        self.revealed.is_some()
    }

    /// A second has passed.
    pub fn tick(&mut self) {
        self.revealed = self.revealed.and_then(|(shown, left)| Some((shown, left.checked_sub(1).filter(|left| *left > 0)?)));
    }

    /// Hides what is shown for a while.
    pub const fn conceal(&mut self) {
        self.revealed = None;
    }

    /// Whether keys are commands: nothing is typed.
    pub(in crate::tui) const fn is_browsing(&self) -> bool {
        matches!(self.mode, Mode::Browse)
    }

    /// What was changed and not saved, a line for each.
    pub(in crate::tui) fn unsaved(&self) -> Vec<String> {
        self.difference_lines()
    }

    /// The form, to be saved.
    pub(in crate::tui) const fn form(&self) -> &Form {
        &self.form
    }

    /// The name of the selected variable.
    pub(in crate::tui) fn selected(&self) -> Option<&str> {
        self.field().map(|field| field.name.as_str())
    }

    /// The same with a variable selected, when it is there.
    pub(in crate::tui) fn selecting(mut self, name: Option<&str>) -> Self {
        let place = name.and_then(|name| self.form.position(name));
        self.selected = place.unwrap_or(self.selected);
        self
    }

    /// Each variable with its state, in plain lines; no value.
    pub(in crate::tui) fn plain(&self) -> Vec<String> {
        let line = |field: &Field| format!("  {}: {}", visible(&field.name), field.state().word());
        std::iter::once(self.title.clone()).chain(self.form.fields.iter().map(line)).collect()
    }

    fn field(&self) -> Option<&Field> {
        self.form.fields.get(self.selected)
    }

    /// How it stands, in a line.
    pub fn status(&self) -> String {
        if let Mode::Type(entry) = &self.mode
            && let Some(status) = entry.status()
        {
            return status;
        }
        let number = |state| self.form.fields.iter().filter(|field| field.state() == state).count();
        let mut parts = vec![count(self.form.fields.len(), "variable", "variables")];
        for state in [State::Missing, State::Invalid] {
            if number(state) > 0 {
                parts.push(format!("{} {}", number(state), state.word()));
            }
        }
        let changes = self.form.differences().len();
        if changes > 0 {
            parts.push(format!("{} not saved", count(changes, "change", "changes")));
        }
        parts.join(", ")
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        if matches!(self.mode, Mode::Type(_)) {
            return self.act_on_entry(action, area);
        }
        match action {
            Action::Up => self.select(self.selected.saturating_sub(1)),
            Action::Down => self.select(self.selected + 1),
            Action::First => self.select(0),
            Action::Last => self.select(usize::MAX),
            Action::PageUp | Action::PageDown => self.scroll(action, area),
            Action::Copy => return self.copy(),
            Action::Apply => return vec![self.save()],
            Action::Cancel => return vec![self.leave()],
            Action::Variable(action) => return self.act_on_variable(action).map(Reaction::Say).into_iter().collect(),
            Action::Toggle
            | Action::Explain
            | Action::Changes
            | Action::Yes
            | Action::Line(_)
            | Action::Dash(_)
            | Action::Process(_)
            | Action::Logs(_)
            | Action::Build(_)
            | Action::Project(_)
            | Action::Help
            | Action::Redraw
            | Action::Suspend
            | Action::Interrupt => {}
        }
        Vec::new()
    }

    fn act_on_variable(&mut self, action: VariableAction) -> Option<String> {
        let index = self.selected;
        if self.field().is_none() && !matches!(action, VariableAction::Add) {
            return Some("There is no variable yet; a adds one".to_owned());
        }
        match action {
            VariableAction::Edit => self.begin_value(),
            VariableAction::Add => self.begin(Entry::name()),
            VariableAction::Search => self.begin(Entry::search(index)),
            VariableAction::Reveal => return self.reveal(Shown::Whole),
            VariableAction::Tail => return self.reveal(Shown::Tail),
            VariableAction::Generate => return self.generate(),
            VariableAction::Unset => {
                let had_value = self.form.unset(index);
                self.tidy();
                return (!had_value).then(|| "It has no value".to_owned());
            }
            VariableAction::Undo => {
                let was_changed = self.form.undo(index);
                self.tidy();
                return (!was_changed).then(|| "It is as it is in the file".to_owned());
            }
            VariableAction::Accept => {}
        }
        None
    }

    /// Forgets a variable that was added and has no value, and hides what was shown.
    fn tidy(&mut self) {
        self.form.tidy();
        self.selected = self.selected.min(self.form.fields.len().saturating_sub(1));
        self.conceal();
    }

    fn select(&mut self, index: usize) {
        self.selected = index.min(self.form.fields.len().saturating_sub(1));
        self.offset = 0;
        self.conceal();
    }

    fn scroll(&mut self, action: Action, area: Rect) {
        let (height, all) = self.detail_size(area);
        let (last, page) = (all.saturating_sub(height), height.saturating_sub(1).max(1));
        let offset = self.offset.min(last);
        self.offset = if action == Action::PageUp { offset.saturating_sub(page) } else { (offset + page).min(last) };
    }

    /// Shows a value, or hides it again.
    fn reveal(&mut self, what: Shown) -> Option<String> {
        if self.revealed.is_some_and(|(shown, _)| shown == what) {
            self.conceal();
            return None;
        }
        let Some(value) = self.field()?.value().map(ExposeSecret::expose_secret).filter(|value| !value.is_empty()) else {
            return Some("There is no value to show".to_owned());
        };
        if what == Shown::Tail && value.chars().count() < LONG {
            return Some("It is too short to show its end only".to_owned());
        }
        self.revealed = Some((what, REVEALED_FOR));
        None
    }

    fn generate(&mut self) -> Option<String> {
        self.conceal();
        if self.form.generate(self.selected) {
            self.mode = Mode::Browse;
            return None;
        }
        Some("Its declaration does not say how to make one".to_owned())
    }

    fn copy(&self) -> Vec<Reaction> {
        let url = self.field().and_then(|field| field.declaration()?.obtain.as_ref()).map(|obtain| obtain.url.clone());
        match url {
            None => vec![Reaction::Say("There is no address for it".to_owned())],
            Some(url) if visible(&url) != url => {
                vec![Reaction::Say("Not copied: the address has characters that cannot be seen".to_owned())]
            }
            Some(url) => {
                let said = "Copied, if the terminal allows it (OSC 52)".to_owned();
                vec![Reaction::Do(Effect::Copy(url)), Reaction::Say(said)]
            }
        }
    }

    fn save(&mut self) -> Reaction {
        self.conceal();
        let differences = self.form.differences();
        if differences.is_empty() {
            return Reaction::Say("There is nothing to save".to_owned());
        }
        let question = format!("Save {}?", count(differences.len(), "change", "changes"));
        let lost = self.form.loses_values().then(|| "Old values are not kept, so this cannot be undone.".to_owned());
        let warnings = self.form.warnings().into_iter().map(|warning| visible(&warning));
        let facts = self.difference_lines().into_iter().chain(lost).chain(warnings).collect();
        Reaction::Open(Modal::Confirm(Confirm { question, facts, on_yes: Effect::End(Ending::Accepted), offset: 0 }))
    }

    fn leave(&mut self) -> Reaction {
        self.conceal();
        let facts = self.difference_lines();
        if facts.is_empty() {
            return Reaction::Do(Effect::End(Ending::Cancelled));
        }
        let question = format!("Leave, and lose {}?", count(facts.len(), "change", "changes"));
        Reaction::Open(Modal::Confirm(Confirm { question, facts, on_yes: Effect::End(Ending::Cancelled), offset: 0 }))
    }

    fn difference_lines(&self) -> Vec<String> {
        self.form.differences().into_iter().map(|(key, difference)| visible(&difference.line(key))).collect()
    }
}
