//! What the screen of builds asks for, and what it is told.

use crate::host::nix::memory::Account;
use crate::nix::build_history::{Outcome, Run};
use crate::nix::build_picture::Picture;
use crate::tui::reading::{Answer, Reading};

/// Something that is asked of whoever builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildOrder {
    /// Find out what the flake offers.
    List,
    /// Build these installables.
    Build(Vec<String>),
    /// Stop what is being built.
    Stop,
    /// Have the log of a derivation, also of one that was built before.
    Log(String),
    /// Read what was said by builds.
    Read(Box<Reading>),
}

/// What is told of builds.
#[derive(Debug, Clone, PartialEq)]
pub enum BuildNews {
    /// What can be built, and why nobody knows what the flake offers.
    Choices(Vec<Choice>, Option<Trouble>),
    /// A run has begun.
    Begun(Vec<String>),
    /// How it stands.
    Now(Picture),
    /// Why it is built anew.
    Reasons(Vec<String>),
    /// The run is over.
    Ended(Box<End>),
    /// The log that was asked for is there, or why it is not.
    Log(String, Option<String>),
    /// What was read of what builds have said.
    Read(Answer),
    /// Something is wrong that stops nothing.
    Warning(String),
}

/// Something that can be built.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// What Nix is told.
    pub installable: String,
    /// Which kind of output it is; empty for what was typed.
    pub output: String,
    /// The name of the derivation.
    pub derivation: String,
    /// What it says of itself.
    pub description: String,
    /// Its last runs, the newest first.
    pub runs: Vec<Run>,
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Why, in lines.
    pub why: Vec<String>,
    /// What can be done.
    pub hints: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Everything, as it was left.
    pub picture: Picture,
    /// How.
    pub outcome: Outcome,
    /// What came of each installable.
    pub accounts: Vec<Account>,
    /// Why, when no build says so.
    pub trouble: Option<Trouble>,
}
