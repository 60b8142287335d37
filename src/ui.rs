//! The only door to the terminal: data goes to stdout, everything for people to stderr.
//!
//! Nothing relies on colour or on characters beyond the user's own text, and nothing is wider than the terminal. No control
//! character passes but a line break and our own styles.

pub mod build_view;
pub mod columns;
pub mod doctor_view;
pub mod passage;
pub mod pause;
pub mod plan_view;
mod printable;
pub mod process_view;
pub mod progress;
pub mod redaction;
pub mod screen;
pub mod style;
pub mod tree_view;

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

pub use printable::{printable, visible};
use printable::{printable_text, unstyled_text};

use crate::env_vars;
use crate::error::{Error, ErrorKind};
use style::Role;

/// When colour is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal that has it, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only errors, data and questions with what leads up to them.
    Quiet,
    /// What matters.
    #[default]
    Normal,
    /// Everything.
    Verbose,
}

/// What the user wants of the output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// When colour is used.
    pub color: Color,
    /// How much is said.
    pub verbosity: Verbosity,
    /// No redrawing: one line after the other, numbered choices.
    pub plain: bool,
}

/// The door.
pub struct Ui {
    stdout: AutoStream<io::Stdout>,
    stderr: AutoStream<io::Stderr>,
    verbosity: Verbosity,
    plain: bool,
    colored: bool,
    width: usize,
    /// What was said quietly: a question may need it.
    unsaid: String,
    /// What a person types before a command that root has to run; `None` as root.
    elevator: Option<String>,
}

/// Lines are not wrapped wider than this, because long lines are hard to read.
const WIDEST: usize = 100;
/// More than this leads up to no question; it is the output of a program.
const MOST_UNSAID: usize = 1024 * 1024;
/// Narrower terminals are treated like this one.
const NARROWEST: usize = 20;

impl Ui {
    /// Opens the door.
    pub fn new(options: Options) -> Self {
        let choice = match options.color {
            Color::Auto if env_vars::get(env_vars::NO_COLOR).is_some() => ColorChoice::Never,
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let stderr = AutoStream::new(io::stderr(), choice);
        let colored = stderr.current_choice() != ColorChoice::Never;
        let is_dumb = env_vars::get(env_vars::TERM).is_none_or(|term| term == "dumb");
        let width = if io::stderr().is_terminal() {
            crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns))
        } else {
            80
        };
        Self {
            stdout: AutoStream::new(io::stdout(), choice),
            stderr,
            verbosity: options.verbosity,
            plain: options.plain || is_dumb,
            colored,
            width: width.clamp(NARROWEST, WIDEST),
            unsaid: String::new(),
            elevator: Some("sudo".to_owned()),
        }
    }

    /// Whether a program can take the terminal over, because data belongs to it, too.
    pub fn has_whole_terminal() -> bool {
        Self::is_interactive() && io::stdout().is_terminal()
    }

    /// Whether somebody can be asked: input and messages both belong to a terminal.
    pub fn is_interactive() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether data goes to a terminal, where people and its scrollback see it.
    pub fn shows_data() -> bool {
        io::stdout().is_terminal()
    }

    /// Whether prompts must not redraw.
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether a part of the screen can be drawn again and again: somebody looks, and nobody asked for one line after the other.
    pub fn can_redraw(&self) -> bool {
        !self.plain && self.verbosity > Verbosity::Quiet && io::stderr().is_terminal()
    }

    /// Whether messages are coloured.
    pub const fn is_colored(&self) -> bool {
        self.colored
    }

    /// How many columns a line may have.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// How much is said.
    pub const fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// A piece of data in the style of a role, where stdout shows styles.
    pub fn paint_data(&self, role: Role, text: &str) -> String {
        if self.stdout.current_choice() == ColorChoice::Never { text.to_owned() } else { role.paint(text) }
    }

    /// Writes data to stdout.
    pub fn data(&mut self, text: &str) -> io::Result<()> {
        if self.stdout.current_choice() == ColorChoice::Never {
            // In one piece: a list can have thousands of lines.
            return self.bytes(unstyled_text(text).as_bytes());
        }
        self.stdout.write_all(printable_text(text).as_bytes())?;
        self.stdout.flush()
    }

    /// Writes a value to stdout as it is. Whoever calls has seen to it that somebody asked for it.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Says a line to the person, wrapped. Continuation lines are indented like the first.
    pub fn say(&mut self, text: &str) {
        self.unless_quiet(&self.wrapped(text, 0));
    }

    /// Says a line that begins with a label; what does not fit goes below the text and not below the label.
    pub fn say_beside(&mut self, text: &str, label: usize) {
        self.unless_quiet(&self.wrapped(text, label));
    }

    /// Says a line only when asked for detail.
    pub fn detail(&mut self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.raw(&self.wrapped(&redaction::redact(text), 0));
        }
    }

    /// Says something worth knowing.
    pub fn note(&mut self, text: &str) {
        self.unless_quiet(&self.labelled(Role::Quiet, "note", text));
    }

    /// Says lines as they are, without wrapping.
    pub fn verbatim(&mut self, text: &str) {
        self.unless_quiet(&printable_text(text));
    }

    /// Shows what a person has to do by hand, as it is and however quiet.
    pub fn to_be_pasted(&mut self, text: &str) {
        self.raw(&printable_text(text));
    }

    /// Warns.
    pub fn warn(&mut self, text: &str) {
        self.unless_quiet(&self.labelled(Role::Warning, "warning", &redaction::redact(text)));
    }

    /// Warns of something that was asked for and is not done, however quiet.
    pub fn withheld(&mut self, text: &str) {
        self.raw(&self.labelled(Role::Warning, "warning", &redaction::redact(text)));
    }

    /// Says a line of a question, however quiet.
    pub fn question(&mut self, text: &str) {
        self.lead_up();
        self.raw(&self.wrapped(text, 0));
    }

    /// Goes back to the first column, which a raw terminal does not do by itself.
    pub fn carriage_return(&mut self) {
        let _closed = write!(self.stderr, "\r").and_then(|()| self.stderr.flush());
    }

    /// Says what was kept back and may be needed to answer the question that comes now.
    pub fn lead_up(&mut self) {
        let unsaid = std::mem::take(&mut self.unsaid);
        if !unsaid.is_empty() {
            self.raw(&unsaid);
        }
    }

    /// Says why something that was entered is not taken.
    pub fn refuse(&mut self, text: &str) {
        self.raw(&self.labelled(Role::Error, "not accepted", &redaction::redact(text)));
    }

    /// Says what the user can do.
    pub fn hint(&mut self, text: &str) {
        self.raw(&self.labelled(Role::Hint, "hint", text));
    }

    /// Sets what a person types before a command that root has to run; nothing as root.
    pub fn elevated_by(&mut self, elevator: Option<String>) {
        self.elevator = elevator;
    }

    /// A text of ours whose commands become root here, and not everywhere: with the word that this machine has for it.
    pub fn spoken(&self, text: &str) -> String {
        crate::plan::command_line::spoken(text, self.elevator.as_deref())
    }

    /// Reports a mistake on the command line, before anything is known of what the user wants of the output.
    pub fn mistake(text: &str) {
        let _closed = write!(AutoStream::auto(io::stderr()), "{}", redaction::redact(text));
    }

    /// Reports a failed command. What a program said is part of it, so nothing of it is printed as it came.
    pub fn error(&mut self, error: &Error) {
        let message = self.spoken(&redaction::redact(&error.to_string()));
        let message = match error.kind() {
            // Saying no is no error.
            ErrorKind::Declined => self.wrapped(&message, 0),
            _ => self.labelled(Role::Error, "error", &message),
        };
        self.raw(&message);
        for cause in error.causes() {
            self.raw(&self.wrapped(&format!("  caused by: {}", redaction::redact(&cause)), 2));
        }
        for hint in error.hints() {
            self.hint(&self.spoken(&redaction::redact(hint)));
        }
    }

    fn labelled(&self, role: Role, label: &str, text: &str) -> String {
        self.wrapped(&format!("{}: {text}", role.paint(label)), 2)
    }

    fn wrapped(&self, text: &str, hang: usize) -> String {
        let wrapped: Vec<String> =
            printable_text(text).lines().map(|line| wrap(line, self.width, hang.max(width_of_number(line)))).collect();
        wrapped.join("\n")
    }

    fn unless_quiet(&mut self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.raw(text);
        } else if Self::is_interactive() && self.unsaid.len() < MOST_UNSAID {
            self.unsaid += text.trim_end_matches('\n');
            self.unsaid += "\n";
        }
    }

    /// A message that cannot be delivered is no reason to fail.
    fn raw(&mut self, text: &str) {
        let _closed = writeln!(self.stderr, "{}", text.trim_end_matches('\n')).and_then(|()| self.stderr.flush());
    }
}

/// Wraps a line. What follows is indented by `hang` columns more than the first.
fn wrap(line: &str, width: usize, hang: usize) -> String {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let deeper = format!("{indent}{}", " ".repeat(hang));
    let options = textwrap::Options::new(width).initial_indent(&indent).subsequent_indent(&deeper).break_words(false);
    let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&held_together(line.trim_start()), options).replace(HELD, " ")
}

/// Stands for a space at which no line ends: it is as wide, and of those that are assigned to nobody.
const HELD: char = '\u{10FFFD}';

/// A line in which what stands between backticks is one word: a command is copied from one line.
fn held_together(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let last = parts.len() - 1;
    let part = |(index, part): (usize, &&str)| {
        // A backtick that nothing closes holds nothing together.
        if index % 2 == 1 && index < last { part.replace(' ', &HELD.to_string()) } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join("`")
}

/// The width of a list number such as `1. ` at the start of a line, so that its text lines up.
fn width_of_number(line: &str) -> usize {
    let first = line.trim_start().split(' ').next().unwrap_or_default();
    let digits = first.strip_suffix('.').unwrap_or_default();
    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) { first.len() + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_words_and_indents_what_follows() {
        assert_eq!(wrap("  aaaa bbbb cccc", 12, 0), "  aaaa bbbb\n  cccc");
        assert_eq!(wrap("  1. aaaa bbbb", 12, width_of_number("  1. aaaa bbbb")), "  1. aaaa\n     bbbb");
        assert_eq!(wrap("note: aaaa bbbb", 12, 2), "note: aaaa\n  bbbb");
        assert_eq!(wrap("", 12, 2), "");
        assert_eq!(wrap("hint: run `a b c d`, `e", 12, 2), "hint: run\n  `a b c d`,\n  `e");
        assert_eq!(wrap("https://example.org/long/address", 12, 0), "https://example.org/long/address");
    }
}
