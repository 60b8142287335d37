//! What goes wrong with a runner, told apart as far as the way on differs.

use crate::error::{Error, ErrorKind};
use crate::host::http::local::ExchangeError;
use crate::host::peer::PeerError;

/// Why a runner does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// It has ended, or was never there.
    #[error("nothing runs at `{place}` any more")]
    Gone {
        /// Where it was.
        place: String,
    },
    /// It is somebody else's.
    #[error("{reason}; nothing was asked of it")]
    Foreign {
        /// What the connection says.
        reason: String,
    },
    /// It does not answer.
    #[error("`{place}` did not answer within {seconds} s")]
    Silent {
        /// Where it is.
        place: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It answers with what is no answer.
    #[error("the answer of `{place}` is not understood: {reason}")]
    Broken {
        /// Where it is.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// It wants another token, or one at all.
    #[error("`{place}` asks for a token")]
    Unauthorized {
        /// Where it is.
        place: String,
    },
    /// It says no.
    #[error("`{place}` says: {message}")]
    Refused {
        /// Where it is.
        place: String,
        /// What it says.
        message: String,
    },
    /// Its version cannot do that.
    #[error("the {runner} at `{place}` is too old for this")]
    TooOld {
        /// Which program.
        runner: &'static str,
        /// Where it is.
        place: String,
    },
    /// It was asked to end and does not.
    #[error("`{place}` has not ended within {seconds} s")]
    StillThere {
        /// Where it is.
        place: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl RunnerError {
    /// Whether the runner has ended.
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Gone { .. })
    }

    const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Gone { .. } => "start the processes with `nixstart up`",
            Self::Unauthorized { .. } => "set `PC_API_TOKEN` or `PC_API_TOKEN_PATH` to what it was started with",
            Self::TooOld { .. } => "stop everything, and start it again with a newer version",
            Self::Silent { .. } | Self::StillThere { .. } => "look at the runner itself: it may hang",
            Self::Foreign { .. } | Self::Broken { .. } | Self::Refused { .. } => return None,
        })
    }
}

impl From<PeerError> for RunnerError {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Absent { place } | PeerError::Refused { place } => Self::Gone { place },
            PeerError::Foreign { .. } => Self::Foreign { reason: error.to_string() },
            PeerError::Unreachable { place, source } => Self::of_io(place, &source),
        }
    }
}

impl RunnerError {
    /// What the system says while a runner is spoken to.
    pub(super) fn of_io(place: String, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => Self::Silent { place, seconds: 1 },
            std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset => Self::Gone { place },
            _ => Self::Broken { place, reason: crate::host::paths::reason(error) },
        }
    }
}

impl From<ExchangeError> for RunnerError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Peer(error) => error.into(),
            ExchangeError::TimedOut { place, seconds } => Self::Silent { place, seconds },
            ExchangeError::Broken { place, reason } => Self::Broken { place, reason },
        }
    }
}

impl From<RunnerError> for Error {
    fn from(error: RunnerError) -> Self {
        let kind = if matches!(error, RunnerError::Foreign { .. }) { ErrorKind::Refused } else { ErrorKind::Failed };
        let hint = error.hint().map(str::to_owned);
        Self::new(kind, error).maybe_hint(hint)
    }
}
