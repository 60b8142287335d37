//! How a service is stopped.

use std::time::Duration;

use super::command::Command;
use super::fields::Fields;
use super::signal::Signal;

/// How a service is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What it is sent.
    pub signal: Signal,
    /// How long it has to end before it is killed.
    pub grace_period: Duration,
    /// What is run instead of sending the signal.
    pub command: Option<Command>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { signal: Signal::TERM, grace_period: Duration::from_secs(10), command: None }
    }
}

impl Stop {
    /// Reads the table.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        let usual = Self::default();
        Self {
            signal: fields.word("signal", Signal::EXPECTED, Signal::parse).unwrap_or(usual.signal),
            grace_period: fields.duration("grace_period").unwrap_or(usual.grace_period),
            command: fields.command("command"),
        }
    }
}
