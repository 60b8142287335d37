//! A plan: the ordered steps of one command, as data that can be shown, stored, applied and undone.
//!
//! Every write nixstart makes is a step of a plan. A plan names secrets by their key and source and never holds one.

pub mod action;
pub mod command_line;
pub mod consent;
pub mod digest;
pub mod receipt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

pub use action::{Action, DownloadCheck, SecretChange, SecretEntry, SecretSource};
pub use consent::needs_consent;
pub use digest::Sha256;
pub use receipt::Receipt;

/// The ordered steps of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The command that made it, such as `new`.
    pub command: String,
    /// What it does, as a sentence without period.
    pub title: String,
    /// The project it belongs to, as an absolute path.
    pub root: Utf8PathBuf,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What a person should know before consent and no step says.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One step of a plan, the unit of undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Name of the step, unique in its plan.
    pub id: String,
    /// What it does, in the imperative.
    pub title: String,
    /// Why it is done.
    pub explanation: String,
    /// Who must run it.
    #[serde(default)]
    pub privilege: Privilege,
    /// What is done.
    pub action: Action,
    /// How it is taken back.
    pub undo: Undo,
    /// Whether the machine was found to be in the wanted state already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_satisfied: bool,
    /// How it is made sure afterwards that it worked, beyond what the action itself leaves on disk, as a fragment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl Step {
    /// A step that is still to be done, by whoever runs nixstart.
    pub fn new(id: &str, title: impl Into<String>, explanation: impl Into<String>, action: Action, undo: Undo) -> Self {
        Self {
            id: id.to_owned(),
            title: title.into(),
            explanation: explanation.into(),
            privilege: Privilege::User,
            action,
            undo,
            is_satisfied: false,
            proof: None,
        }
    }
}

/// Who must run a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Privilege {
    /// Whoever runs nixstart.
    #[default]
    User,
    /// Root.
    Root,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Undo {
    /// What was there before is put back, byte for byte.
    Restore,
    /// An action of its own takes it back.
    Inverse {
        /// What is done, in the imperative.
        by: String,
    },
    /// A person has to take it back.
    Manual {
        /// What to do, in the imperative.
        instruction: String,
    },
    /// It cannot be taken back.
    Irreversible {
        /// Why, as a fragment.
        reason: String,
    },
}

impl Undo {
    /// The undo as a line of a plan.
    pub fn describe(&self) -> String {
        match self {
            Self::Restore => "undo: put back what was there before".to_owned(),
            Self::Inverse { by } => format!("undo: {by}"),
            Self::Manual { instruction } => format!("undo by hand: {instruction}"),
            Self::Irreversible { reason } => format!("cannot be undone: {reason}"),
        }
    }
}

impl Plan {
    /// The steps that still have to be applied.
    pub fn pending(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| !step.is_satisfied)
    }

    /// A step by its id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}
