//! Why Nix could not do something, read from its error messages. Old and new wordings are both in use: Nix changed them in
//! 2.29.

use std::fmt;

use crate::plain_text::strip_escapes;

/// An error of Nix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The derivation it is about, as a path of the store; nothing when Nix does not say.
    pub derivation: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The builder ended with an exit code.
    Exit(i32),
    /// The builder was killed, by the signal that is named.
    Signal(String),
    /// The builder ended well and made nothing for an output.
    NoOutput(String),
    /// What was downloaded is not what the hash says.
    HashMismatch(HashMismatch),
    /// It took longer than the settings allow.
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },
    /// Something it needs could not be built.
    Dependency,
    /// Nix sums up what it said before.
    Summary,
    /// Nix counts it as failed and says no more (2.8 does so with a missing output and `--keep-going`).
    Unexplained,
    /// Somebody stopped it.
    Interrupted,
    /// Something else, in Nix's own words.
    Other(String),
}

/// A fixed-output derivation whose output is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashMismatch {
    /// The hash in the sources, `sha256-…`.
    pub specified: String,
    /// The hash of what came.
    pub got: String,
}

impl HashMismatch {
    /// Whether the sources hold no hash yet: Nix takes an empty one for zeros.
    pub fn is_placeholder(&self) -> bool {
        self.specified == "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    }
}

impl Reason {
    /// Whether the failure is one of its own, and not one that follows from another.
    pub const fn is_root_cause(&self) -> bool {
        !matches!(self, Self::Dependency | Self::Summary)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(formatter, "its builder ended with exit code {code}"),
            Self::Signal(name) => write!(formatter, "its builder was killed by signal {name}"),
            Self::NoOutput(output) => write!(formatter, "its builder ended well, but made nothing for the output `{output}`"),
            Self::HashMismatch(HashMismatch { specified, got }) => {
                write!(formatter, "what was downloaded has the hash {got}, not {specified}")
            }
            Self::TimedOut { seconds } => write!(formatter, "it did not end within {seconds} seconds"),
            Self::Dependency => formatter.write_str("something it needs could not be built"),
            Self::Summary => formatter.write_str("what it needs could not be built"),
            Self::Unexplained => formatter.write_str("Nix does not say why"),
            Self::Interrupted => formatter.write_str("it was interrupted"),
            Self::Other(text) => formatter.write_str(text),
        }
    }
}

/// Reads a message of the level of an error. Not every one is: a trace has this level too, and so has a warning that comes
/// through a daemon, and an error that Nix itself ignores.
pub fn read(message: &str) -> Option<Failure> {
    let text = strip_escapes(message);
    let text = text.strip_prefix("error:")?.trim();
    Some(Failure { reason: reason(text), derivation: derivation(text) })
}

/// The first derivation in quotes, without the outputs that some messages add.
fn derivation(text: &str) -> Option<String> {
    text.split('\'').skip(1).step_by(2).find_map(|quoted| {
        let end = quoted.find(".drv")? + ".drv".len();
        quoted.get(..end).filter(|path| path.starts_with('/')).map(str::to_owned)
    })
}

fn reason(text: &str) -> Reason {
    let other = || Reason::Other(shortened(text));
    if text.starts_with("interrupted by the user") {
        return Reason::Interrupted;
    }
    if text.starts_with("build of '") && text.ends_with(" failed") {
        return Reason::Summary;
    }
    if text.contains("hash mismatch in fixed-output derivation") {
        return mismatch(text).map_or_else(other, Reason::HashMismatch);
    }
    if let Some(rest) = after(text, "timed out after ") {
        return Reason::TimedOut { seconds: number(rest).unwrap_or(0) };
    }
    if let Some(rest) = after(text, "failed to produce output path for output '") {
        return Reason::NoOutput(rest.split('\'').next().unwrap_or_default().to_owned());
    }
    if text.contains("of derivation '") && text.contains("' failed to build")
        || text.contains("dependency failed")
        || text.contains("dependencies failed")
    {
        return Reason::Dependency;
    }
    // (Nix says the same of programs that it runs itself, such as git.)
    let is_of_a_builder = text.contains("builder for '") || text.contains("annot build '");
    if let Some(rest) = after(text, "failed with exit code ").filter(|_| is_of_a_builder) {
        return number(rest).and_then(|code| i32::try_from(code).ok()).map_or_else(other, Reason::Exit);
    }
    if let Some(rest) = after(text, "failed due to signal ") {
        let name = rest.split(['(', ')']).nth(1).unwrap_or(rest);
        return Reason::Signal(name.split(['.', ';', '\n']).next().unwrap_or(name).trim().to_owned());
    }
    other()
}

fn after<'a>(text: &'a str, needle: &str) -> Option<&'a str> {
    text.split_once(needle).map(|(_, rest)| rest)
}

fn number(text: &str) -> Option<u64> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn mismatch(text: &str) -> Option<HashMismatch> {
    let hash = |label: &str| Some(after(text, label)?.split_whitespace().next()?.to_owned());
    Some(HashMismatch { specified: hash("specified:")?, got: hash("got:")? })
}

/// A text without the end of the build's log, which a daemon repeats.
fn shortened(text: &str) -> String {
    let is_repetition =
        |line: &&str| !matches!(line.trim_start().split(' ').next(), Some("Last" | "last")) || !line.contains("log lines:");
    text.lines().take_while(is_repetition).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::nix::log::tests::recordings;
    use crate::nix::log::{self, Level, Line, NixEvent};

    const DRV: &str = "/nix/store/fj9c74hgzmxycc8hcn6kh020f4cjd12f-demo-broken-0.1.drv";

    fn of(text: &str) -> (bool, Reason) {
        let failure = read(text).unwrap();
        (failure.derivation.as_deref() == Some(DRV), failure.reason)
    }

    #[test]
    fn reads_the_wordings_of_old_and_new() {
        let mismatch = || Reason::HashMismatch(HashMismatch { specified: "sha256-AAA=".into(), got: "sha256-BBB=".into() });
        let cases = [
            (format!("builder for '{DRV}' failed with exit code 3"), Reason::Exit(3)),
            (
                format!("Cannot build '{DRV}'.\n       Reason: builder failed with exit code 3.\n       Output paths:"),
                Reason::Exit(3),
            ),
            (format!("builder for '{DRV}' failed due to signal 9 (Killed)"), Reason::Signal("Killed".into())),
            (format!("1 dependencies of derivation '{DRV}' failed to build"), Reason::Dependency),
            (format!("Cannot build '{DRV}'.\nReason: 2 dependencies failed."), Reason::Dependency),
            (format!("Cannot build '{DRV}'.\nReason: 1 dependency failed."), Reason::Dependency),
            (
                format!("builder for '{DRV}' failed to produce output path for output 'out' at '/nix/store/x'"),
                Reason::NoOutput("out".into()),
            ),
            (
                format!("hash mismatch in fixed-output derivation '{DRV}':\n  specified: sha256-AAA=\n     got:    sha256-BBB="),
                mismatch(),
            ),
            (
                format!("building of '{DRV}^out' from .drv file timed out after 2 seconds of silence"),
                Reason::TimedOut { seconds: 2 },
            ),
            (format!("build of '{DRV}^out', '/nix/store/y.drv^out' failed"), Reason::Summary),
        ];
        for (text, reason) in cases {
            assert_eq!(of(&format!("\u{1b}[31;1merror:\u{1b}[0m {text}")), (true, reason), "{text}");
        }
    }

    #[test]
    fn names_no_derivation_where_nix_names_none() {
        assert_eq!(of("error: timed out after 20 seconds"), (false, Reason::TimedOut { seconds: 20 }));
        assert_eq!(of("error: interrupted by the user"), (false, Reason::Interrupted));
        let text = "undefined variable 'nodejs_42'\n\n       at /x/flake.nix:3:5:\n\n            2|   a";
        assert_eq!(of(&format!("error: {text}\n")), (false, Reason::Other(text.into())));
    }

    #[test]
    fn what_is_no_failure_is_none() {
        assert_eq!(read("error (ignored): error: SQLite database is busy"), None);
        assert_eq!(read("warning: the group 'nixbld' does not exist"), None);
        assert_eq!(read("trace: hello"), None);
        assert!(matches!(of("error: program 'git' failed with exit code 128").1, Reason::Other(_)));
    }

    #[test]
    fn the_log_that_a_daemon_repeats_is_left_out() {
        let text =
            format!("error: Cannot build '{DRV}'.\n       Reason: it is cursed.\n       Last 2 log lines:\n       > hello");
        assert_eq!(of(&text).1, Reason::Other(format!("Cannot build '{DRV}'.\n       Reason: it is cursed.")));
    }

    #[test]
    fn every_recorded_failure_is_understood() {
        let mut failures = Vec::new();
        for (name, recording) in recordings() {
            for line in recording.lines() {
                if let Line::Event(NixEvent::Message { level: Level::ERROR, text }) = log::read(line.as_bytes()) {
                    failures.extend(read(&text).map(|failure| (name.clone(), failure)));
                }
            }
        }
        let about_builds = failures.iter().filter(|(_, failure)| failure.derivation.is_some());
        let unclear: Vec<_> = about_builds.filter(|(_, failure)| matches!(failure.reason, Reason::Other(_))).collect();
        assert!(unclear.is_empty(), "{unclear:#?}");
        assert!(failures.len() > 20, "{}", failures.len());
    }
}
