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
    /// Every role.
    pub const ALL: [Self; 8] =
        [Self::Heading, Self::Command, Self::Name, Self::Success, Self::Warning, Self::Error, Self::Hint, Self::Quiet];

    /// Its name in the file of settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Command => "command",
            Self::Name => "name",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Hint => "hint",
            Self::Quiet => "quiet",
        }
    }

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

/// The colours of names that stand beside each other; those of failure and of warnings are not among them.
const NAMES: [AnsiColor; 8] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// The name of one of several, in the colour of its place among them.
pub fn paint_name(name: &str, index: usize) -> String {
    let color = NAMES.get(index % NAMES.len()).copied().unwrap_or(AnsiColor::Cyan);
    let style = Style::new().fg_color(Some(anstyle::Color::Ansi(color)));
    format!("{style}{name}{style:#}")
}
