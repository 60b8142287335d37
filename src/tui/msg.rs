//! What arrives in the inbox, whoever sends it.

use std::fmt;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A message to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
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
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
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
