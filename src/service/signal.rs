//! A signal, by name.

use std::fmt;

/// A signal, by the name that it has everywhere; its number is the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(&'static str);

impl Signal {
    /// Asks a program to end.
    pub const TERM: Self = Self("SIGTERM");
    /// Every signal that a service can be sent.
    pub const ALL: [Self; 14] = [
        Self("SIGABRT"),
        Self("SIGALRM"),
        Self("SIGCONT"),
        Self("SIGHUP"),
        Self("SIGINT"),
        Self("SIGKILL"),
        Self("SIGPIPE"),
        Self("SIGQUIT"),
        Self("SIGSTOP"),
        Self::TERM,
        Self("SIGTSTP"),
        Self("SIGUSR1"),
        Self("SIGUSR2"),
        Self("SIGWINCH"),
    ];
    pub(super) const EXPECTED: &'static str = "the name of a signal such as `SIGTERM` or `SIGINT`";

    /// Finds a signal by name, with or without `SIG`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.0 == name || signal.0.strip_prefix("SIG") == Some(name))
    }

    /// Its name, with `SIG`.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_a_name_and_no_number() {
        assert_eq!(Signal::parse("SIGINT").map(Signal::name), Some("SIGINT"));
        assert_eq!(Signal::parse("TERM"), Some(Signal::TERM));
        assert_eq!((Signal::parse("15"), Signal::parse("sigterm"), Signal::parse("")), (None, None, None));
    }
}
