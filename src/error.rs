//! What a failed command looks like: a kind (which decides the exit code), a cause and hints.
//!
//! Domain modules have `thiserror` enums of their own; they become an [`Error`] at the edge. The table of exit codes
//! is here and nowhere else: `nixstart help exit-codes` and `docs/exit-codes.md` are printed from it.

use std::error::Error as StdError;
use std::fmt;

/// Why a command ended without doing what was asked. The kind decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An expected failure that the user can mend.
    Failed,
    /// The command line is wrong.
    Usage,
    /// A check ran and found something.
    Findings,
    /// An answer is needed and nobody can be asked.
    NeedsInput,
    /// A program that was run failed.
    Tool,
    /// A program that is needed is not installed.
    MissingTool,
    /// The user said no; nothing changed.
    Declined,
    /// Some steps were applied.
    Partial,
    /// Steps that need root remain.
    NeedsPrivilege,
    /// Refused for safety.
    Refused,
    /// A bug in nixstart.
    Internal,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl ErrorKind {
    /// Every kind, in the order of its exit code.
    pub const ALL: [Self; 12] = [
        Self::Failed,
        Self::Usage,
        Self::Findings,
        Self::NeedsInput,
        Self::Tool,
        Self::MissingTool,
        Self::Declined,
        Self::Partial,
        Self::NeedsPrivilege,
        Self::Refused,
        Self::Internal,
        Self::Interrupted,
    ];

    /// The process exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::NeedsInput => 4,
            Self::Tool => 5,
            Self::MissingTool => 6,
            Self::Declined => 7,
            Self::Partial => 8,
            Self::NeedsPrivilege => 9,
            Self::Refused => 10,
            Self::Internal => 70,
            Self::Interrupted => 130,
        }
    }

    /// One line that says when this code is returned.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Failed => "an expected failure that you can mend",
            Self::Usage => "the command line is wrong",
            Self::Findings => "a check ran and found something",
            Self::NeedsInput => "an answer is needed and there is no terminal; the message names the flag",
            Self::Tool => "nix, git or another program failed; the end of its output is shown",
            Self::MissingTool => "a program that is needed is not installed",
            Self::Declined => "you said no; nothing was changed",
            Self::Partial => "some steps were applied; continue with `--resume` or go back with `nixstart undo`",
            Self::NeedsPrivilege => "steps that need root remain; the exact commands are printed",
            Self::Refused => "refused for safety",
            Self::Internal => "a bug in nixstart; the path of the report is printed",
            Self::Interrupted => "interrupted by Ctrl-C or SIGTERM",
        }
    }
}

/// A failed command: kind, cause and what to do next.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    source: Box<dyn StdError + Send + Sync>,
    /// The end of what a program said; it belongs to the message.
    output: String,
    hints: Vec<String>,
}

/// The result of everything a command does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of a kind from a message or from another error, which stays its cause.
    pub fn new(kind: ErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, source: source.into(), output: String::new(), hints: Vec::new() }
    }

    /// An expected failure that the user can mend.
    pub fn failed(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Failed, source)
    }

    /// A mistake on the command line.
    pub fn usage(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Usage, source)
    }

    /// Something that is not done because it would not be safe.
    pub fn refused(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Refused, source)
    }

    /// Adds the end of what a program said.
    #[must_use]
    pub fn with_output(mut self, output: impl Into<String>) -> Self {
        self.output = output.into();
        self
    }

    /// Leaves out what a program said, for whoever has seen it already.
    #[must_use]
    pub fn without_output(self) -> Self {
        self.with_output("")
    }

    /// The message without what a program said.
    pub fn message(&self) -> String {
        self.source.to_string()
    }

    /// The end of what a program said; empty when none did.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// Adds what the user can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint when there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// The kind, which decides the exit code.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the user can do next, most useful first.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The messages of the causes below the error itself, outermost first. One that a message above it says already is left
    /// out.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let (mut said, mut next) = (self.source.to_string(), self.source.source());
        while let Some(cause) = next {
            let message = cause.to_string();
            if !said.contains(&message) {
                causes.push(message.clone());
            }
            (said, next) = (message, cause.source());
        }
        causes
    }

    /// Whether the reader of our output has gone away, which is no failure of ours.
    pub fn is_broken_pipe(&self) -> bool {
        self.source.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(formatter)?;
        if self.output.is_empty() { Ok(()) } else { write!(formatter, "\n{}", self.output) }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::StorageFull => {
                Some("free some space and run the same command again; `df -i` tells when it is files that are too many")
            }
            std::io::ErrorKind::PermissionDenied => Some("choose a place you may write to"),
            std::io::ErrorKind::ReadOnlyFilesystem => Some("choose a place that is not mounted read-only"),
            _ => None,
        };
        Self::failed(error).maybe_hint(hint.map(str::to_owned))
    }
}

/// Names the candidates nearest to a mistyped word, best first, at most three. A third of the letters may be wrong.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    nearest_of(word, &mut candidates.into_iter())
}

// (Not generic: it would stand in the program once for every caller.)
fn nearest_of<'a>(word: &str, candidates: &mut dyn Iterator<Item = &'a str>) -> Vec<&'a str> {
    let length = word.chars().count();
    let most_mistakes = (length / 3).max(1);
    let mut scored: Vec<(usize, &str)> = candidates
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= most_mistakes)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(mistakes, _)| *mistakes <= most_mistakes)
        .collect();
    scored.sort_by_key(|(mistakes, _)| *mistakes);
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Turns candidates into a hint such as ``did you mean `ping` or `pong`?``.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let nearest = nearest(word, candidates);
    if nearest.is_empty() {
        return None;
    }
    let quoted: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    Some(format!("did you mean {}?", quoted.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_distinct_and_sorted() {
        let codes: Vec<u8> = ErrorKind::ALL.iter().map(|kind| kind.exit_code()).collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 70, 130]);
    }

    #[test]
    fn lists_causes_below_the_message() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot write")]
        struct Outer(#[source] std::io::Error);
        let error = Error::failed(Outer(std::io::Error::other("disk on fire")));
        assert_eq!((error.to_string(), error.causes()), ("cannot write".to_owned(), vec!["disk on fire".to_owned()]));
    }

    #[test]
    fn a_cause_that_the_message_names_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot write: {0}")]
        struct Outer(#[source] std::io::Error);
        let error = Error::failed(Outer(std::io::Error::other("disk on fire")));
        assert_eq!((error.to_string(), error.causes()), ("cannot write: disk on fire".to_owned(), vec![]));
    }

    #[test]
    fn what_a_program_said_can_be_left_out() {
        let error = Error::failed("`x` failed").with_output("no room");
        assert_eq!((error.to_string().as_str(), error.message().as_str()), ("`x` failed\nno room", "`x` failed"));
        assert_eq!(error.without_output().to_string(), "`x` failed");
    }

    #[test]
    fn suggests_the_nearest_names_only() {
        assert_eq!(did_you_mean("discrod-bot", ["discord-bot", "web-monorepo"]).as_deref(), Some("did you mean `discord-bot`?"));
        assert_eq!(did_you_mean("nwe", ["new", "undo"]).as_deref(), Some("did you mean `new`?"));
        assert_eq!(did_you_mean("zzz", ["discord-bot"]), None);
    }
}
