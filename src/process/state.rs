//! Where a process is in its life.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a process is in its life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// It is switched off and does not start by itself.
    Disabled,
    /// It waits for others.
    Pending,
    /// It runs and is not ready yet.
    Starting,
    /// It runs; nothing tells whether it is ready.
    Running,
    /// It runs and is ready.
    Ready,
    /// It was asked to end.
    Stopping,
    /// It was stopped by somebody, or has never been started.
    Stopped,
    /// It has ended and will be started again in a moment.
    Backoff,
    /// It has ended as it should.
    Completed,
    /// It has ended in failure, for good.
    Failed,
    /// It was not started, because what it needs has failed.
    Skipped,
    /// A runner's own word that is none of these.
    Unknown(String),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl ProcessState {
    /// Its word, for people and for JSON.
    pub fn word(&self) -> &str {
        match self {
            Self::Disabled => "disabled",
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Backoff => "backoff",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unknown(text) => text,
        }
    }

    /// Whether its program runs.
    pub const fn is_alive(&self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Ready | Self::Stopping)
    }

    /// Whether nothing more happens to it by itself.
    pub const fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::Disabled | Self::Running | Self::Ready | Self::Stopped | Self::Completed | Self::Failed | Self::Skipped
        )
    }

    /// Whether something is wrong.
    pub const fn is_broken(&self) -> bool {
        matches!(self, Self::Failed | Self::Skipped | Self::Backoff)
    }
}

impl Exit {
    /// Whether it ended as programs do that have succeeded.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(formatter, "{name}"),
                None => write!(formatter, "signal {number}"),
            },
        }
    }
}

/// The name of a signal that programs often end by.
pub const fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_the_same_word_in_json() {
        for state in [ProcessState::Backoff, ProcessState::Ready, ProcessState::Skipped] {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{}\"", state.word()));
        }
        assert_eq!(ProcessState::Unknown("Launching".to_owned()).word(), "Launching");
    }

    #[test]
    fn an_end_by_a_signal_names_it() {
        let shown = [Exit::Code(3), Exit::Signal(9), Exit::Signal(64)].map(|exit| exit.to_string());
        assert_eq!(shown, ["exit code 3", "SIGKILL", "signal 64"]);
    }
}
