//! Takes a receipt back, newest step first: only where the disk still holds what we wrote. Drift is said, never
//! overwritten.

use super::interrupt::{self, Applying};
use super::journal::{Journal, Stored};
use super::{apply, clock};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Step;
use crate::plan::receipt::Record;

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
    apply::refuse_when_built_on(&stored.receipt)?;
    let mut earlier = Vec::new();
    let mut reversals = Vec::new();
    for step in stored.receipt.steps_to_undo() {
        let undoing = Undoing { mode: Mode::Preview, earlier: &earlier };
        let effects = apply::revert(step, &stored.receipt.progress(&step.id), &undoing, &mut |_| Ok(()))?;
        earlier.extend(effects.iter().cloned());
        reversals.push(Reversal { step, effects });
    }
    Ok(reversals)
}

/// Takes a receipt back and tells of each step what was done.
pub fn revert<'a>(stored: &'a Stored, on_step: &mut dyn FnMut(Reversal<'a>)) -> Result<()> {
    apply::refuse_when_built_on(&stored.receipt)?;
    let _applying = Applying::begin();
    let mut journal = Journal::reopen(&stored.id)?;
    let mut earlier = Vec::new();
    for step in stored.receipt.steps_to_undo() {
        if interrupt::is_interrupted() {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted").hint("run the same command again to go on"));
        }
        let undoing = Undoing { mode: Mode::Perform, earlier: &earlier };
        let mut note = |before| journal.append(&[Record::Started { step: step.id.clone(), before }]);
        let effects = apply::revert(step, &stored.receipt.progress(&step.id), &undoing, &mut note)?;
        journal.append(&[Record::Undone { step: step.id.clone() }])?;
        earlier.extend(effects.iter().cloned());
        on_step(Reversal { step, effects });
    }
    journal.append(&[Record::Reverted { at: clock::timestamp() }])
}
