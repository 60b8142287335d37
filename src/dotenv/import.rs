//! Variables from what other programs wrote: a `.env`, a raw list, a script of assignments, a JSON object. What cannot be read
//! for certain is refused with its line or key; errors never hold a value, nor a piece of the text.

mod json;
mod lines;
mod words;

use clap::ValueEnum;

use super::document::{Document, Fault, Style, body};
use super::reader::{Entry, entries, last_of_each};

/// The most bytes that are read.
pub const LIMIT: usize = 16 * 1024 * 1024;

/// How a text is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Dialect {
    /// JSON when it begins with a brace, else as Node's dotenv reads it, as long as others would read the same
    Auto,
    /// As Node's dotenv reads it
    Node,
    /// `K=…` up to the line end without quotes: `docker run --env-file`, lists of CI settings
    Raw,
    /// `export K='…'` with one word each; nothing is expanded or run
    Shell,
    /// `K="…"` of `secretspec export --format dotenv`
    Secretspec,
    /// The file `$GITHUB_ENV`: `K=…` lines and `K<<END` blocks
    Github,
    /// One JSON object of strings, numbers and booleans
    Json,
}

/// What was read.
#[derive(Debug)]
pub struct Import {
    /// Every variable once, in the order of first appearance; the last value of a key counts.
    pub entries: Vec<Entry>,
    /// The numbers of lines that are neither an assignment nor a comment, where the dialect skips such lines.
    pub unread: Vec<usize>,
}

/// Why a text is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is too large.
    #[error("it is larger than 16 MiB")]
    TooLarge,
    /// It is no text, or has an open quote.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// A line of it cannot be read.
    #[error("line {line} {why}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// Why.
        why: LineFault,
    },
    /// It is no JSON.
    #[error("line {line}, column {column}: this is no JSON")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is JSON, but no object.
    #[error("this JSON is no object of variables")]
    NoObject,
    /// A member of the JSON object has no name that a variable can have.
    #[error("member {0} of the JSON object has no name that a variable can have")]
    Name(usize),
    /// A member of the JSON object is there twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// A member of the JSON object is no text.
    #[error("`{key}` is {what}, not a string, a number or a boolean")]
    Value {
        /// The variable.
        key: String,
        /// What it is.
        what: &'static str,
    },
}

/// Why a line cannot be read. It names a key at most.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// There is no assignment in it.
    #[error("is no assignment")]
    NoAssignment,
    /// What stands before `=` is no name.
    #[error("has no name of a variable before its `=`")]
    Name,
    /// A shell would expand or run something in it.
    #[error("has something in `{0}` that a shell would expand or run")]
    Expansion(String),
    /// There is more than one word.
    #[error("has more than one word behind `{0}`")]
    Words(String),
    /// A quote is open at the end.
    #[error("opens a quote in `{0}` that nothing closes")]
    Open(String),
    /// An escape has no meaning that is known for certain.
    #[error("has a backslash in `{0}` whose meaning is not known")]
    Escape(String),
    /// Programs disagree on what a backslash in double quotes means.
    #[error("has a backslash in the double quotes of `{0}`, which programs decode differently")]
    Backslash(String),
    /// A block does not end.
    #[error("begins a block for `{0}` whose end is missing")]
    Block(String),
}

impl ImportError {
    /// What to do, where there is something better than to correct the text.
    pub const fn way_out(&self) -> Option<&'static str> {
        match self {
            Self::Line { why: LineFault::Backslash(_), .. } => {
                Some("say who wrote it: `--dialect node`, `--dialect shell` or `--dialect secretspec`")
            }
            Self::Line { why: LineFault::Expansion(_), .. } => {
                Some("let the shell expand it first, and import what `env` prints of it with `--dialect raw`")
            }
            Self::Value { .. } => Some("take it out, or put its text into quotes"),
            Self::Fault(Fault::Unterminated { .. }) => Some("a text without quotes around its values is read by `--dialect raw`"),
            _ => None,
        }
    }

    const fn line(line: usize, why: LineFault) -> Self {
        Self::Line { line, why }
    }
}

/// Reads the variables of a text.
pub fn import(bytes: &[u8], dialect: Dialect) -> Result<Import, ImportError> {
    if bytes.len() > LIMIT {
        return Err(ImportError::TooLarge);
    }
    let document = Document::parse(bytes);
    match document.fault() {
        None | Some(Fault::Unterminated { .. }) => {}
        Some(fault) => return Err(fault.clone().into()),
    }
    let text = body(document.text());
    let is_object = text.trim_start().starts_with('{');
    let found = match dialect {
        Dialect::Json => json::object(text)?,
        Dialect::Auto if is_object => json::object(text)?,
        Dialect::Auto => return dotenv(&document, Meaning::Common),
        Dialect::Node => return dotenv(&document, Meaning::Node),
        Dialect::Raw => lines::raw(text)?,
        Dialect::Github => lines::github(text)?,
        Dialect::Shell => words::read(text, words::Escapes::Shell)?,
        Dialect::Secretspec => words::read(text, words::Escapes::Secretspec)?,
    };
    Ok(Import { entries: last_of_each(&found, |entry| &entry.key).into_iter().cloned().collect(), unread: Vec::new() })
}

/// Whose reading of a backslash counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Node,
    /// That on which all agree.
    Common,
}

fn dotenv(document: &Document, meaning: Meaning) -> Result<Import, ImportError> {
    if let Some(fault) = document.fault() {
        return Err(fault.clone().into());
    }
    for assignment in document.assignments().iter().filter(|_| meaning == Meaning::Common) {
        let token = document.text().get(assignment.token.clone()).unwrap_or_default();
        if assignment.style == Style::Double && token.replace("\\n", "").replace("\\r", "").contains('\\') {
            return Err(ImportError::line(assignment.line, LineFault::Backslash(assignment.key.clone())));
        }
    }
    Ok(Import { entries: entries(document), unread: document.unread_lines() })
}

/// Whether dotenv takes this for a name.
fn is_dotted_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
}

#[cfg(test)]
mod tests;
