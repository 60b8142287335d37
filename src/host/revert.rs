//! Takes a receipt back, newest step first: only where the disk still holds what we wrote. Drift is said, never
//! overwritten.

use super::interrupt::{self, Applying};
use super::journal::{Journal, Stored};
use super::{apply, clock, git};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::receipt::Record;
use crate::plan::{Action, Step};

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
    /// It stays, because it is not as we left it.
    Keep {
        /// What stays.
        what: String,
        /// Why, as a fragment.
        why: String,
    },
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
    refuse_when_work_was_committed(stored)?;
    let steps = stored.receipt.steps_to_undo();
    steps
        .into_iter()
        .map(|step| Ok(Reversal { step, effects: apply::revert(step, &stored.receipt.progress(&step.id), Mode::Preview)? }))
        .collect()
}

/// Takes a receipt back and returns what was done.
pub fn revert<'a>(stored: &'a Stored, on_step: &mut dyn FnMut(&Reversal<'a>)) -> Result<()> {
    refuse_when_work_was_committed(stored)?;
    let _applying = Applying::begin();
    let mut journal = Journal::reopen(&stored.id)?;
    for step in stored.receipt.steps_to_undo() {
        if interrupt::is_interrupted() {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted").hint("run the same command again to go on"));
        }
        let effects = apply::revert(step, &stored.receipt.progress(&step.id), Mode::Perform)?;
        journal.append(&[Record::Undone { step: step.id.clone() }])?;
        on_step(&Reversal { step, effects });
    }
    journal.append(&[Record::Reverted { at: clock::timestamp() }])
}

/// A repository that has gained commits is somebody's work: it is kept, with all that is in it.
fn refuse_when_work_was_committed(stored: &Stored) -> Result<()> {
    let receipt = &stored.receipt;
    let made = receipt.plan.steps.iter().find_map(|step| match &step.action {
        Action::InitRepository { directory } if receipt.progress(&step.id).before.is_some() => Some(directory),
        _ => None,
    });
    let Some(directory) = made else { return Ok(()) };
    let ours = receipt.progress.values().find_map(|progress| progress.after.as_ref()?.commit.clone());
    if !directory.join(".git").exists() || !git::has_commits(directory) || (ours.is_some() && git::head(directory) == ours) {
        return Ok(());
    }
    Err(Error::refused(format!("the repository in `{directory}` has gained commits since, so it is kept"))
        .hint("delete the directory yourself if you are sure that nothing in it is needed"))
}
