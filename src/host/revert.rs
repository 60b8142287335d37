//! Takes a receipt back, newest step first: only where the disk still holds what we wrote. Drift is said, never
//! overwritten.

use camino::Utf8Path;

use super::interrupt::{self, Applying};
use super::journal::{Journal, Stored};
use super::{apply, clock};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Step;
use crate::plan::receipt::{Receipt, Record, Status};

/// Whether a step is taken back or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Say what would be done.
    Preview,
    /// Do it.
    Perform,
}

/// What taking a step back does to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It is removed.
    Remove(String),
    /// What was there before is put back.
    PutBack(String),
    /// A path is taken off the index, or the index holds again what it held for it.
    Unstage(String),
    /// A commit is taken back.
    Uncommit(String),
    /// A command is run.
    Run(String),
    /// It stays, because it is not as we left it.
    Keep {
        /// What stays.
        what: String,
        /// Why, as a fragment.
        why: String,
    },
}

/// What a step that is taken back has to know.
#[derive(Debug)]
pub(super) struct Undoing<'a> {
    /// Whether it is done.
    pub(super) mode: Mode,
    /// What taking back the steps after it did, or would do.
    pub(super) earlier: &'a [Effect],
    /// The commit that the receipt made, taken back or not.
    pub(super) own_commit: Option<&'a str>,
}

/// Why the rules of a `.gitignore` stay, as a fragment.
pub(super) const GUARD: &str = "it keeps the `.env` beside it out of git";

impl Undoing<'_> {
    /// Whether a file is a `.gitignore` beside a `.env` that stays: without it the next `git add` would take the secrets.
    pub(super) fn is_guard(&self, path: &Utf8Path) -> bool {
        let env = path.with_file_name(".env");
        let is_gone = |effect: &Effect| matches!(effect, Effect::Remove(what) if *what == env);
        path.file_name() == Some(".gitignore") && env.symlink_metadata().is_ok() && !self.earlier.iter().any(is_gone)
    }
}

/// A step and what taking it back does.
#[derive(Debug)]
pub struct Reversal<'a> {
    /// The step.
    pub step: &'a Step,
    /// What is done.
    pub effects: Vec<Effect>,
}

/// Says what taking a receipt back would do.
pub fn preview(stored: &Stored) -> Result<Vec<Reversal<'_>>> {
    refuse_when_moved(stored)?;
    let own_commit = apply::own_commit(&stored.receipt);
    apply::refuse_when_built_on(&stored.receipt, own_commit.as_deref())?;
    let mut earlier = Vec::new();
    let mut reversals = Vec::new();
    for step in stored.receipt.steps_to_undo() {
        let undoing = Undoing { mode: Mode::Preview, earlier: &earlier, own_commit: own_commit.as_deref() };
        let effects = apply::revert(step, &stored.receipt.progress(&step.id), &undoing, &mut |_| Ok(()))?;
        earlier.extend(effects.iter().cloned());
        reversals.push(Reversal { step, effects });
    }
    Ok(reversals)
}

/// A project that is somewhere else by now is not taken back, and its receipt is not used up. An undo that was cut short may have
/// removed it.
fn refuse_when_moved(stored: &Stored) -> Result<()> {
    let Receipt { plan, status, is_reverting, .. } = &stored.receipt;
    let root = &plan.root;
    if *status != Status::Completed || *is_reverting || root.symlink_metadata().is_ok() {
        return Ok(());
    }
    Err(Error::failed(format!("`{root}` is not there any more"))
        .hint("if you moved it, move it back first; if you deleted it, there is nothing to take back"))
}

/// Takes a receipt back and tells of each step what was done.
pub fn revert<'a>(stored: &'a Stored, on_step: &mut dyn FnMut(Reversal<'a>)) -> Result<()> {
    let own_commit = apply::own_commit(&stored.receipt);
    apply::refuse_when_built_on(&stored.receipt, own_commit.as_deref())?;
    let _applying = Applying::begin();
    let mut journal = Journal::reopen(&stored.id)?;
    journal.append(&[Record::Reverting { at: clock::timestamp() }])?;
    let mut earlier = Vec::new();
    for step in stored.receipt.steps_to_undo() {
        if interrupt::is_interrupted() {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted").hint("run the same command again to go on"));
        }
        let undoing = Undoing { mode: Mode::Perform, earlier: &earlier, own_commit: own_commit.as_deref() };
        let mut note = |before| journal.append(&[Record::Started { step: step.id.clone(), before }]);
        let effects = apply::revert(step, &stored.receipt.progress(&step.id), &undoing, &mut note)?;
        journal.append(&[Record::Undone { step: step.id.clone() }])?;
        earlier.extend(effects.iter().cloned());
        on_step(Reversal { step, effects });
    }
    journal.append(&[Record::Reverted { at: clock::timestamp() }])
}
