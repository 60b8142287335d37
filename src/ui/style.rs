//! Colours by meaning, from the sixteen a terminal's own theme decides about.

use anstyle::{AnsiColor, Style};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A heading.
    Heading,
    /// Something the user can type.
    Command,
    /// A path or another name.
    Name,
    /// Success.
    Success,
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// A hint.
    Hint,
    /// Less important than the rest.
    Quiet,
}

impl Role {
    /// The style of the role.
    pub const fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Heading => style.bold(),
            Self::Command => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Name | Self::Hint => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan))),
            Self::Success => style.bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Warning => style.bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))),
            Self::Error => style.bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))),
            Self::Quiet => style.dimmed(),
        }
    }

    /// A text in the style of the role. The door takes the style out where it cannot be shown.
    pub fn paint(self, text: &str) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}
