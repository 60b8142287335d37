//! What arrives in the inbox, whoever sends it.

use std::fmt;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::build_order::BuildNews;
use super::desk::News;
use super::reading::Answer;
use crate::process;

/// A message to the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// A text was pasted. It is not the same as keys: nobody reads what they paste.
    Paste(Pasted),
    /// A second has passed. It comes only while something that is seen counts time.
    Tick,
    /// The terminal has another size: columns and rows.
    Resize(u16, u16),
    /// The screen was given away and is ours again.
    Returned,
    /// Nothing can be read from the terminal any more.
    Lost,
    /// The mouse was clicked or its wheel turned.
    Mouse(Mouse),
    /// What time it is, in milliseconds since 1970. It comes before others, for whoever shows time.
    Clock(u64),
    /// Somebody runs the processes now: who, and where.
    Attached(String),
    /// Something has happened to processes.
    Process(process::Event),
    /// Processes have said something.
    LogsGrew,
    /// What was read of what they said.
    Read(Box<Answer>),
    /// What has become of a request.
    Done(Box<Done>),
    /// What has come of an order about the project.
    Desk(Box<News>),
    /// News of builds.
    Build(Box<BuildNews>),
}

/// What the mouse does, and where: column and row of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// A click.
    Click(u16, u16),
    /// The wheel, away from the person.
    WheelUp(u16, u16),
    /// The wheel, towards the person.
    WheelDown(u16, u16),
}

/// What has become of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What was asked.
    pub action: process::Action,
    /// Of whom; of all when none is named.
    pub processes: Vec<String>,
    /// What came of it, or why nothing did.
    pub outcome: Result<process::Outcome, String>,
}

/// What was pasted. It may be a secret, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted(pub String);

impl fmt::Debug for Pasted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pasted")
    }
}

/// A key by its name: `a`, `G`, `?`, `space`, `enter`, `esc`, `up`, `pgdn`, `ctrl-c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key by its name.
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The character that it types; `None` for keys that type none.
    pub fn character(&self) -> Option<char> {
        let mut characters = self.0.chars();
        match (characters.next(), characters.next()) {
            _ if self.0 == "space" => Some(' '),
            (Some(character), None) if !character.is_control() => Some(character),
            _ => None,
        }
    }

    /// The key of an event; `None` when it is let go or has no name.
    fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let name = match event.code {
            KeyCode::Char(' ') => "space".to_owned(),
            KeyCode::Char(character) => character.to_string(),
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Esc => "esc".to_owned(),
            KeyCode::Tab => "tab".to_owned(),
            KeyCode::BackTab => "backtab".to_owned(),
            KeyCode::Delete => "del".to_owned(),
            KeyCode::Backspace => "backspace".to_owned(),
            KeyCode::Up => "up".to_owned(),
            KeyCode::Down => "down".to_owned(),
            KeyCode::Left => "left".to_owned(),
            KeyCode::Right => "right".to_owned(),
            KeyCode::Home => "home".to_owned(),
            KeyCode::End => "end".to_owned(),
            KeyCode::PageUp => "pgup".to_owned(),
            KeyCode::PageDown => "pgdn".to_owned(),
            _ => return None,
        };
        let alt = if event.modifiers.contains(KeyModifiers::ALT) { "alt-" } else { "" };
        let ctrl = if event.modifiers.contains(KeyModifiers::CONTROL) { "ctrl-" } else { "" };
        Some(Self(format!("{ctrl}{alt}{name}")))
    }
}

impl Msg {
    /// The message of an event; `None` when nobody needs to know.
    pub(super) fn of(event: Event) -> Option<Self> {
        match event {
            Event::Key(key) => Key::of(key).map(Self::Key),
            Event::Paste(text) => Some(Self::Paste(Pasted(text))),
            Event::Resize(columns, rows) => Some(Self::Resize(columns, rows)),
            Event::Mouse(mouse) => Mouse::of(mouse).map(Self::Mouse),
            Event::FocusGained | Event::FocusLost => None,
        }
    }

    /// Whether somebody waits to see what it does. Everything else is drawn when its time has come.
    pub(super) const fn is_urgent(&self) -> bool {
        match self {
            Self::Key(_) | Self::Paste(_) | Self::Resize(..) | Self::Returned | Self::Lost | Self::Mouse(_) => true,
            Self::Read(answer) => answer.is_awaited(),
            Self::Build(news) => matches!(&**news, BuildNews::Read(answer) if answer.is_awaited()),
            Self::Tick
            | Self::Clock(_)
            | Self::Attached(_)
            | Self::Process(_)
            | Self::LogsGrew
            | Self::Done(_)
            | Self::Desk(_) => false,
        }
    }
}

impl Mouse {
    fn of(event: MouseEvent) -> Option<Self> {
        let (column, row) = (event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Self::Click(column, row)),
            MouseEventKind::ScrollUp => Some(Self::WheelUp(column, row)),
            MouseEventKind::ScrollDown => Some(Self::WheelDown(column, row)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names() {
        let name = |code, modifiers| Key::of(KeyEvent::new(code, modifiers)).map(|key| key.0);
        assert_eq!(name(KeyCode::Char('c'), KeyModifiers::CONTROL).as_deref(), Some("ctrl-c"));
        assert_eq!(name(KeyCode::Char('G'), KeyModifiers::SHIFT).as_deref(), Some("G"));
        assert_eq!(name(KeyCode::Char('a'), KeyModifiers::ALT).as_deref(), Some("alt-a"));
        assert_eq!(name(KeyCode::Char(' '), KeyModifiers::NONE).as_deref(), Some("space"));
        assert_eq!(Key::named("space").character(), Some(' '));
        assert_eq!((Key::named("é").character(), Key::named("ctrl-a").character()), (Some('é'), None));
        assert_eq!(name(KeyCode::F(1), KeyModifiers::NONE), None);
    }
}
