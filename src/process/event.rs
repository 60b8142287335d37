//! What happens to processes, and what can be asked of them.

use serde::{Deserialize, Serialize};

use super::Process;

/// What whoever watches is told. Lines of logs go another way (`backend::Sink`): they must not hold this up.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Every process there is, in the order of the project or of names. It replaces what was known.
    Snapshot(Vec<Process>),
    /// One process is new or has changed.
    Changed(Process),
    /// Lines of a process were lost on the way.
    LinesLost {
        /// Whose.
        process: String,
        /// How many; `None` when nobody knows.
        lines: Option<u64>,
        /// Why; `None` when nobody knows.
        why: Option<String>,
    },
    /// The runner does not answer any more; it is asked again until it does.
    Silent(String),
    /// The runner has ended: everything is stopped.
    Ended,
}

/// What can be asked of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// To start, after what it needs.
    Start,
    /// To end.
    Stop,
    /// To end and start again.
    Restart,
    /// To take a signal.
    Signal(i32),
}

/// What has become of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Those it was done for.
    pub done: Vec<String>,
    /// Those it was not done for, and why.
    pub refused: Vec<Refusal>,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The process.
    pub process: String,
    /// Why, as a lower-case fragment.
    pub why: String,
}
