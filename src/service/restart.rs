//! What happens when a service has ended by itself.

use std::time::Duration;

use super::fields::Fields;

/// What happens when a service has ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// When it is started again.
    pub policy: Policy,
    /// How long to wait before it.
    pub delay: Duration,
    /// How many times; without end when there is none.
    pub max_attempts: Option<u32>,
    /// Only restarts this recent count. Without it all do that came since somebody started the service.
    pub window: Option<Duration>,
}

/// When a service is started again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// Never: what has ended is looked at by a person.
    #[default]
    Never,
    /// When it has failed: another exit code than 0, or a signal that nobody here has sent.
    OnFailure,
    /// Whenever it has ended.
    Always,
}

impl Policy {
    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Never, Self::OnFailure, Self::Always].into_iter().find(|policy| policy.word() == word)
    }
}

impl Default for Restart {
    /// Never; once a policy is declared, five times with a second in between, as devenv and systemd have it.
    fn default() -> Self {
        Self { policy: Policy::Never, delay: Duration::from_secs(1), max_attempts: Some(5), window: None }
    }
}

impl Restart {
    /// Reads the table.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        let usual = Self::default();
        let attempts = fields.get("max_attempts", "a number from 1, or `unlimited`", |value| match value.as_str() {
            Some("unlimited") => Some(None),
            _ => value.as_integer().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0).map(Some),
        });
        Self {
            policy: fields.word("policy", "`never`, `on-failure` or `always`", Policy::parse).unwrap_or_default(),
            delay: fields.duration("delay").unwrap_or(usual.delay),
            max_attempts: attempts.unwrap_or(usual.max_attempts),
            window: fields.positive_duration("window"),
        }
    }
}
