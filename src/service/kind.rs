//! How long a service runs.

/// How long a service runs; `type` in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Until it is stopped.
    #[default]
    Service,
    /// Until it is done.
    Oneshot,
    /// At the times of its `schedule`, until it is done.
    Scheduled,
}

impl Kind {
    /// Reads the word for it.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Service, Self::Oneshot, Self::Scheduled].into_iter().find(|kind| kind.word() == word)
    }

    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Oneshot => "oneshot",
            Self::Scheduled => "scheduled",
        }
    }
}
