//! What is typed: a value, the name of a new variable, or the name of one that is looked for.

use ratatui::layout::Rect;
use secrecy::{ExposeSecret, SecretString};

use super::{Mode, REVEALED_FOR, SecretsScreen, Shown};
use crate::secret::form::Field;
use crate::secret::mask::LONG;
use crate::secret::{Accepted, Rejection};
use crate::tui::effect::Reaction;
use crate::tui::keymap::{Action, Context, VariableAction};
use crate::tui::line::Line;
use crate::ui::columns::count;
use crate::ui::visible;

/// More characters than this are not pasted into a variable.
const MOST_PASTED: usize = 100_000;

/// What is typed.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) line: Line,
}

/// What it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value of the selected variable.
    Value,
    /// The name of a new variable.
    Name,
    /// The name of a variable that is looked for, from the place of the one that was selected.
    Search { from: usize },
}

impl Entry {
    pub(super) fn name() -> Self {
        Self { kind: Kind::Name, line: Line::new("") }
    }

    pub(super) fn search(from: usize) -> Self {
        Self { kind: Kind::Search { from }, line: Line::new("") }
    }

    pub(super) const fn context(&self) -> Context {
        match self.kind {
            Kind::Value => Context::Value,
            Kind::Name | Kind::Search { .. } => Context::Name,
        }
    }

    /// A name that is typed, with a cursor; `None` for a value, which is typed where it stands.
    pub(super) fn status(&self) -> Option<String> {
        let label = match self.kind {
            Kind::Value => return None,
            Kind::Name => "Name of the new variable",
            Kind::Search { .. } => "Go to",
        };
        let (before, after) = self.line.parts();
        Some(format!("{label}: {}_{}", visible(before), visible(after)))
    }
}

impl SecretsScreen {
    pub(super) fn begin(&mut self, entry: Entry) {
        self.conceal();
        self.mode = Mode::Type(entry);
    }

    /// A value that is seen is edited; one that is hidden is typed anew, because nobody sees where they are in it.
    pub(super) fn begin_value(&mut self) {
        let is_seen = matches!(self.revealed, Some((Shown::Whole, _)));
        let left = self.revealed.take().filter(|_| is_seen);
        let text = self.field().filter(|field| is_seen || !field.is_sensitive()).and_then(Field::value);
        let text = text.map(ExposeSecret::expose_secret).filter(|text| !text.contains(char::is_control)).unwrap_or_default();
        let line = Line::new(text);
        self.begin(Entry { kind: Kind::Value, line });
        self.revealed = left;
        self.offset = 0;
    }

    pub(super) fn act_on_entry(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        let said = match action {
            Action::Line(action) => {
                self.change_line(|line| line.act(action));
                None
            }
            Action::Cancel => {
                self.stop();
                None
            }
            Action::Variable(VariableAction::Accept) => self.accept(),
            Action::Variable(VariableAction::Generate) => self.generate(),
            Action::Variable(VariableAction::Reveal) => {
                self.revealed = if self.is_counting() { None } else { Some((Shown::Whole, REVEALED_FOR)) };
                None
            }
            Action::PageUp | Action::PageDown => {
                self.scroll(action, area);
                None
            }
            _ => None,
        };
        said.map(Reaction::Say).into_iter().collect()
    }

    /// Goes back without taking what was typed.
    fn stop(&mut self) {
        let mode = std::mem::replace(&mut self.mode, Mode::Browse);
        match mode {
            Mode::Type(Entry { kind: Kind::Search { from }, .. }) => self.select(from),
            Mode::Type(Entry { kind: Kind::Value, .. }) => self.tidy(),
            Mode::Type(_) | Mode::Browse => {}
        }
        self.conceal();
    }

    /// Changes what is typed, and goes where it leads.
    fn change_line(&mut self, change: impl FnOnce(&mut Line)) {
        let Mode::Type(entry) = &mut self.mode else { return };
        change(&mut entry.line);
        if let Kind::Search { from } = entry.kind {
            let wanted = entry.line.text().to_lowercase();
            let found = self.form.fields.iter().position(|field| field.name.to_lowercase().contains(&wanted));
            self.select(found.filter(|_| !wanted.is_empty()).unwrap_or(from));
        }
    }

    /// Takes a character; `false` when nobody types.
    pub(in crate::tui) fn type_in(&mut self, character: char) -> bool {
        let is_typing = matches!(self.mode, Mode::Type(_));
        self.change_line(|line| line.insert(character.encode_utf8(&mut [0; 4])));
        is_typing
    }

    /// Takes what was pasted as one: without the line end behind it and without control
    /// characters.
    pub(in crate::tui) fn paste(&mut self, text: &str) -> String {
        if matches!(self.mode, Mode::Browse) {
            return "Nothing was pasted: press enter on a variable first".to_owned();
        }
        if text.chars().count() > MOST_PASTED {
            return format!("Nothing was pasted: more than {MOST_PASTED} characters are no value");
        }
        let trimmed = text.trim_end_matches(['\n', '\r']);
        // A key of several lines that is joined is no key any more.
        let lines = trimmed.replace("\r\n", "\n").split(['\n', '\r']).count();
        if lines > 1 {
            let name = self.field().map(|field| visible(&field.name)).unwrap_or_default();
            return format!("Nothing was pasted: it has {lines} lines; `env set {name} --from-file FILE` takes those");
        }
        let clean = SecretString::from(trimmed.chars().filter(|character| !character.is_control()).collect::<String>());
        let dropped = trimmed.chars().filter(|character| character.is_control()).count();
        self.change_line(|line| line.insert(clean.expose_secret()));
        said_of(clean.expose_secret(), dropped)
    }

    fn accept(&mut self) -> Option<String> {
        let Mode::Type(entry) = &self.mode else { return None };
        match entry.kind {
            Kind::Search { .. } => {
                self.mode = Mode::Browse;
                None
            }
            Kind::Name => match self.form.add(entry.line.text()) {
                Ok(index) => {
                    self.select(index);
                    self.begin_value();
                    None
                }
                Err(rejection) => Some(rejection.to_string()),
            },
            Kind::Value => self.accept_value(),
        }
    }

    /// Takes the value when it is accepted; nothing typed is no change.
    fn accept_value(&mut self) -> Option<String> {
        match self.judge() {
            None => {
                self.stop();
                None
            }
            Some(Err(rejection)) => Some(format!("Not taken: {}", visible(&rejection.message))),
            Some(Ok(accepted)) => {
                let notes: Vec<String> = accepted.notes.iter().chain(&accepted.warnings).map(|note| visible(note)).collect();
                self.form.set(self.selected, accepted.into_value());
                self.stop();
                (!notes.is_empty()).then(|| notes.join("; "))
            }
        }
    }

    /// What is to be said of the value that is typed; `None` when none is.
    pub(super) fn judge(&self) -> Option<Result<Accepted, Rejection>> {
        let Mode::Type(Entry { kind: Kind::Value, line }) = &self.mode else { return None };
        let text = line.text();
        (!text.trim().is_empty()).then(|| Some(self.form.check(&self.field()?.spec(), text)))?
    }
}

/// What is said of a paste. A short one is not counted: whoever looks on would learn its length.
fn said_of(clean: &str, dropped: usize) -> String {
    let length = clean.chars().count();
    let mut said = match length {
        0 => "pasted nothing".to_owned(),
        1..LONG => format!("pasted fewer than {LONG} characters"),
        _ => format!("pasted {length} characters"),
    };
    let parts = clean.split('.').count();
    let is_token = clean.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character));
    if length >= LONG && parts > 1 && is_token {
        said += &format!(", {parts} parts");
    }
    if dropped > 0 {
        said += &format!(", left out {}", count(dropped, "control character", "control characters"));
    }
    said
}
