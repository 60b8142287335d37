//! What a service waits for.

use toml::Value;

use super::fields::Entry;

/// What a service waits for before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// How far the other service has to be.
    pub condition: Condition,
    /// Whether the service stays off when the other cannot get that far.
    pub required: bool,
}

/// How far a service has to be before others start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Condition {
    /// Its process runs.
    #[default]
    Started,
    /// Its `readiness` has succeeded.
    Healthy,
    /// It has ended with exit code 0.
    Completed,
}

impl Condition {
    const EXPECTED: &'static str = "`started`, `healthy` or `completed`";

    fn parse(word: &str) -> Option<Self> {
        [Self::Started, Self::Healthy, Self::Completed].into_iter().find(|condition| condition.word() == word)
    }

    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Healthy => "healthy",
            Self::Completed => "completed",
        }
    }
}

impl Dependency {
    /// Reads `"healthy"` or `{ condition = "healthy", required = false }`.
    pub(super) fn read(entry: &mut Entry<'_, '_>) -> Option<Self> {
        if let Value::String(word) = entry.value() {
            let condition = entry.read(Condition::EXPECTED, |_| Condition::parse(word))?;
            return Some(Self { condition, required: true });
        }
        entry.table(|fields| Self {
            condition: fields.word("condition", Condition::EXPECTED, Condition::parse).unwrap_or_default(),
            required: fields.flag("required").unwrap_or(true),
        })
    }
}
