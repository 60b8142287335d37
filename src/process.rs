//! Processes of a project, whoever runs them: what is known of one, what happens to it, and what it says.
//!
//! Three programs may run them (see `backend`); each is translated into these words at its edge. Nothing here starts or asks
//! anybody.

pub mod event;
pub mod log_block;
pub mod log_json;
pub mod log_line;
pub mod log_query;
pub mod log_text;
pub mod paint;
pub mod sent_signal;
pub mod state;
pub mod supervision;

use serde::{Deserialize, Serialize};

pub use event::{Action, Event, Outcome, Refusal};
pub use log_line::{KeptLine, LogLine, Stream};
pub use log_query::LogQuery;
pub use log_text::LogText;
pub use sent_signal::SentSignal;
pub use state::{Exit, ProcessState};

/// What is known of a process. What a runner does not tell is `None`, never a guess.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Its name in the project.
    pub name: String,
    /// Where it is in its life.
    pub state: ProcessState,
    /// Why it is there, when that needs saying: what it waits for, what its probe said, how it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether something checks that it is ready.
    #[serde(default)]
    pub has_probe: bool,
    /// Whether its failure is one of the whole project.
    #[serde(default = "yes")]
    pub is_required: bool,
    /// The number of its first process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How often it was started again because it had ended.
    #[serde(default)]
    pub restarts: u32,
    /// How it ended the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// When its program was started, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// When it ended the last time, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// Its ports by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<NamedPort>,
    /// What it uses of the machine, with everything it has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

const fn yes() -> bool {
    true
}

/// A port and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NamedPort {
    /// The name; empty when it has none.
    pub name: String,
    /// The number.
    pub port: u16,
}

/// What a process uses of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Hundredths of one processor.
    pub cpu: f32,
    /// Bytes in memory.
    pub memory: u64,
}

impl Process {
    /// A process of which only name and state are known.
    pub fn new(name: impl Into<String>, state: ProcessState) -> Self {
        Self {
            name: name.into(),
            state,
            why: None,
            has_probe: false,
            is_required: true,
            pid: None,
            restarts: 0,
            exit: None,
            started: None,
            ended: None,
            ports: Vec::new(),
            usage: None,
        }
    }
}
