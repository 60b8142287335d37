//! What is said of the selected variable: what is typed, what is wrong, what it is for and where it is found.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use secrecy::ExposeSecret;

use super::entry::{Entry, Kind};
use super::{Mode, SecretsScreen, Shown};
use crate::secret::Rejection;
use crate::secret::form::{Field, State};
use crate::secret::kind::Kind as ValueKind;
use crate::tui::keymap::{self, Action, Context, VariableAction};
use crate::tui::theme::Theme;
use crate::ui::columns;
use crate::ui::style::Role;
use crate::ui::visible;

/// The column of labels.
const LABEL: usize = 11;

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Prose,
    Good,
    Warning,
    Wrong,
    /// An address, or a value: broken anywhere.
    Whole,
}

/// A piece of text with a label in front of its first line.
type Passage = (&'static str, Tone, String);

impl SecretsScreen {
    /// What is said of the selected variable, in lines of so many columns.
    pub(super) fn detail(&self, columns: usize, theme: Theme) -> Vec<Line<'static>> {
        let Some(field) = self.field() else {
            let key = keymap::key(Context::Secrets, Action::Variable(VariableAction::Add));
            return lines(&("", Tone::Prose, format!("{key} adds one.")), columns, theme);
        };
        let mut passages = match &self.mode {
            Mode::Type(Entry { kind: Kind::Value, .. }) => self.typing(field),
            _ => self.shown(field).into_iter().chain(wrong(field)).collect(),
        };
        passages.extend(about(field));
        passages.iter().flat_map(|passage| lines(passage, columns, theme)).collect()
    }

    /// What holds of the value while it is typed.
    fn typing(&self, field: &Field) -> Vec<Passage> {
        let mut passages = match self.judge() {
            None if field.value().is_some() => {
                vec![("New value", Tone::Prose, "type or paste it; enter alone keeps the old one".to_owned())]
            }
            None => vec![("New value", Tone::Prose, "type or paste it; enter alone leaves it for later".to_owned())],
            Some(Err(rejection)) => rejected("New value", &rejection),
            Some(Ok(accepted)) => {
                let said = accepted.notes.iter().map(|note| (Tone::Prose, note));
                let said = said.chain(accepted.warnings.iter().map(|warning| (Tone::Warning, warning)));
                let said = said.map(|(tone, text)| ("", tone, visible(text)));
                std::iter::once(("New value", Tone::Good, "accepted".to_owned())).chain(said).collect()
            }
        };
        if let (Some((_, left)), Mode::Type(entry)) = (self.revealed, &self.mode) {
            passages.push(("Typed", Tone::Whole, visible(entry.line.text())));
            passages.push(("", Tone::Prose, format!("hidden again in {left} s")));
        } else if field.is_sensitive() {
            let key = keymap::key(Context::Value, Action::Variable(VariableAction::Reveal));
            passages.push(("", Tone::Prose, format!("hidden; {key} shows it for a while")));
        }
        passages
    }

    /// The value, while it is shown.
    fn shown(&self, field: &Field) -> Vec<Passage> {
        let Some((shown, left)) = self.revealed else { return Vec::new() };
        let again = ("", Tone::Prose, format!("hidden again in {left} s"));
        match (shown, field.value()) {
            (Shown::Whole, Some(value)) => vec![("Value", Tone::Whole, visible(value.expose_secret())), again],
            _ => vec![("Value", Tone::Prose, format!("its end is shown; {}", again.2))],
        }
    }
}

fn rejected(label: &'static str, rejection: &Rejection) -> Vec<Passage> {
    vec![(label, Tone::Wrong, visible(&rejection.message)), ("", Tone::Prose, visible(&rejection.hint))]
}

/// What is wrong with the value in the file, and which file counts.
fn wrong(field: &Field) -> Vec<Passage> {
    let mut passages = match (field.state(), field.fault()) {
        (State::Invalid, Some(fault)) => rejected("In file", fault),
        (State::Extra, _) => vec![("Extra", Tone::Prose, "nothing declares it".to_owned())],
        _ => Vec::new(),
    };
    passages.extend(field.remark().map(|remark| ("Files", Tone::Prose, visible(&remark))));
    passages
}

/// What its declaration says.
fn about(field: &Field) -> Vec<Passage> {
    let spec = field.spec();
    let mut passages = Vec::new();
    if field.declaration().is_some() {
        let required = if field.is_required { "required" } else { "optional" };
        let about = visible(&spec.description);
        let about = if about.is_empty() { required.to_owned() } else { format!("{about} ({required})") };
        passages.push(("For", Tone::Prose, about));
    }
    if let Some(obtain) = &spec.obtain {
        passages.push(("Get it at", Tone::Whole, visible(&obtain.url)));
        let steps = obtain.steps.iter().enumerate();
        passages.extend(steps.map(|(index, step)| ("", Tone::Prose, format!("{}. {}", index + 1, visible(step)))));
    }
    let more = [
        ("Looks like", spec.example.as_deref().map(visible)),
        ("Default", spec.default.as_deref().map(visible)),
        ("Generate", spec.generate.as_ref().map(|_| generate_hint())),
        ("Kind", (spec.kind != ValueKind::Text).then(|| spec.kind.name().to_owned())),
        ("Used by", (!spec.scopes.is_empty()).then(|| visible(&spec.scopes.join(", ")))),
        ("Yours", spec.personal.then(|| "everybody has one of their own".to_owned())),
        ("Profiles", (!spec.profiles.is_empty()).then(|| visible(&spec.profiles.join(", ")))),
    ];
    passages.extend(more.into_iter().filter_map(|(label, text)| Some((label, Tone::Prose, text?))));
    passages
}

fn generate_hint() -> String {
    let key = keymap::key(Context::Secrets, Action::Variable(VariableAction::Generate));
    format!("{key} makes it at random when it is saved")
}

fn lines((label, tone, said): &Passage, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(LABEL + 2).max(1);
    let style = match tone {
        Tone::Prose => Style::new(),
        Tone::Good => theme.style(Role::Success),
        Tone::Warning => theme.style(Role::Warning),
        Tone::Wrong => theme.style(Role::Error),
        Tone::Whole => theme.style(Role::Name),
    };
    // Our own texts have arrows.
    let said = if theme.is_unicode { said.clone() } else { said.replace('→', "->") };
    let wrapped = if *tone == Tone::Whole { columns::wrap_anywhere(&said, room) } else { columns::wrap_words(&said, room) };
    let line = |(index, line): (usize, String)| {
        let label = if index == 0 { label } else { "" };
        let label = Span::styled(format!(" {label:LABEL$}"), theme.style(Role::Heading));
        Line::from(vec![label, Span::styled(line, style)])
    };
    wrapped.into_iter().enumerate().map(line).collect()
}
