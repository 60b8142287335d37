//! The receipt of a plan: an append-only journal, one JSON line before and one after each step.
//!
//! The format only grows. Old receipts parse for ever; a line or a field that this version does not know stays in the
//! file, because a journal is never rewritten.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{Plan, Step};
use crate::file_tree::RelativePath;

/// The version of the journal format that is written.
pub const FORMAT: u32 = 1;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Record {
    /// The plan was consented to. Always the first line.
    Began {
        /// Version of the format.
        format: u32,
        /// Version of nixstart that wrote it.
        nixstart: String,
        /// When, as an RFC 3339 timestamp.
        at: String,
        /// What is going to be done.
        plan: Box<Plan>,
    },
    /// A step is about to change the machine.
    Started {
        /// Id of the step.
        step: String,
        /// What was there before.
        #[serde(default)]
        before: Before,
    },
    /// A step is done.
    Finished {
        /// Id of the step.
        step: String,
        /// What was made.
        #[serde(default)]
        after: After,
    },
    /// A step failed; what it had done is described by its `started` line.
    Failed {
        /// Id of the step.
        step: String,
        /// The message, without any value.
        error: String,
    },
    /// A step was taken back.
    Undone {
        /// Id of the step.
        step: String,
    },
    /// Every step is done.
    Completed {
        /// When, as an RFC 3339 timestamp.
        at: String,
    },
    /// It is about to be taken back.
    Reverting {
        /// When, as an RFC 3339 timestamp.
        at: String,
    },
    /// Everything that could be taken back was.
    Reverted {
        /// When, as an RFC 3339 timestamp.
        at: String,
    },
    /// A line written by another version.
    #[serde(other)]
    Unknown,
}

/// What a step found before it changed anything; enough to take it back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    /// The directory in which the result is staged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staging: Option<Utf8PathBuf>,
    /// Directories that did not exist, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_directories: Vec<Utf8PathBuf>,
    /// Where the bytes that were replaced are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Utf8PathBuf>,
    /// Paths that did not exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<RelativePath>,
    /// Identity of a file with secrets that is about to appear: inode, size and modification time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// What the index of a repository held for paths that are staged; a path that is not here was not in it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub index: BTreeMap<RelativePath, IndexEntry>,
    /// The commit at HEAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The commit that HEAD is about to lead to. Git writes its log before the branch, so a crash between the two leaves a log
    /// that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The permission bits of a file; `None` when it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

/// What the index of a repository holds for a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Git's mode, such as `0o100644`.
    pub mode: u32,
    /// The id of the blob, in hexadecimal.
    pub blob: String,
    /// Whether it was added by `git add --intent-to-add`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_intent: bool,
}

impl Before {
    /// Joins what a run that was cut short found with what its continuation found. Directories that were not there at first
    /// are ours; a file that was there when the continuation looked may be somebody else's by now.
    fn followed_by(mut self, later: Self) -> Self {
        self.made_directories.extend(later.made_directories);
        Self {
            staging: later.staging.or(self.staging),
            kept: self.kept.or(later.kept),
            stamp: later.stamp.or(self.stamp),
            commit: later.commit.or(self.commit),
            mode: self.mode.or(later.mode),
            absent: later.absent,
            ..self
        }
    }
}

/// What a step made; enough to tell whether it is still as it was left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct After {
    /// SHA-256 of files made by a program, by path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub made: BTreeMap<RelativePath, String>,
    /// The id of a commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 of the settings of a repository that was made, by path below its directory.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// What the index of a repository holds for paths that were staged.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub index: BTreeMap<RelativePath, IndexEntry>,
    /// SHA-256 of a file that was downloaded, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// How far a step came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What was there before, once the step has started.
    pub before: Option<Before>,
    /// What was made, once it has finished.
    pub after: Option<After>,
    /// Whether it was taken back.
    pub is_undone: bool,
}

/// How far a receipt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every step is done.
    Completed,
    /// Some steps are done; it was interrupted, killed or a step failed.
    Unfinished,
    /// It was taken back.
    Reverted,
}

impl Status {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Unfinished => "unfinished",
            Self::Reverted => "undone",
        }
    }
}

/// Why a journal is not understood.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The first line is no plan.
    #[error("the receipt does not begin with a plan")]
    NoBeginning,
    /// Nothing but a beginning that a crash cut off, so nothing was changed.
    #[error("the receipt was cut off before anything was changed")]
    NeverBegan,
    /// The format is newer than this program.
    #[error("the receipt has format {0}, and this nixstart reads format {FORMAT}")]
    TooNew(u32),
}

/// A journal, folded.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// When it began, as an RFC 3339 timestamp.
    pub at: String,
    /// What was to be done.
    pub plan: Plan,
    /// How far each step came, by id.
    pub progress: BTreeMap<String, Progress>,
    /// How far the whole came.
    pub status: Status,
    /// Whether taking it back has begun.
    pub is_reverting: bool,
}

impl Receipt {
    /// Folds the text of a journal. A last line that was cut off by a crash is no line.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        if !text.contains('\n') {
            return Err(ReceiptError::NeverBegan);
        }
        let mut lines = text.lines().map(|line| serde_json::from_str::<Record>(line).ok());
        let Some(Some(Record::Began { format, at, plan, .. })) = lines.next() else { return Err(ReceiptError::NoBeginning) };
        if format > FORMAT {
            return Err(ReceiptError::TooNew(format));
        }
        let mut receipt = Self { at, plan: *plan, progress: BTreeMap::new(), status: Status::Unfinished, is_reverting: false };
        lines.flatten().for_each(|record| receipt.fold(record));
        Ok(receipt)
    }

    fn fold(&mut self, record: Record) {
        match record {
            Record::Started { step, before } => {
                let progress = self.progress.entry(step).or_default();
                progress.before = Some(match progress.before.take() {
                    Some(first) => first.followed_by(before),
                    None => before,
                });
            }
            Record::Finished { step, after } => self.progress.entry(step).or_default().after = Some(after),
            Record::Undone { step } => self.progress.entry(step).or_default().is_undone = true,
            Record::Completed { .. } => self.status = Status::Completed,
            Record::Reverting { .. } => self.is_reverting = true,
            Record::Reverted { .. } => self.status = Status::Reverted,
            Record::Failed { .. } | Record::Began { .. } | Record::Unknown => {}
        }
    }

    /// How far a step came.
    pub fn progress(&self, step: &str) -> Progress {
        self.progress.get(step).cloned().unwrap_or_default()
    }

    /// The steps that may have changed the machine and were not taken back, newest first.
    pub fn steps_to_undo(&self) -> Vec<&Step> {
        let has_begun =
            |step: &&Step| self.progress.get(&step.id).is_some_and(|progress| progress.before.is_some() && !progress.is_undone);
        self.plan.steps.iter().rev().filter(has_begun).collect()
    }

    /// The steps that are not finished, in order.
    pub fn steps_to_resume(&self) -> Vec<&Step> {
        self.plan.pending().filter(|step| self.progress.get(&step.id).is_none_or(|progress| progress.after.is_none())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Privilege, Undo};
    use super::*;

    fn plan() -> Plan {
        let step = |id: &str| Step {
            id: id.into(),
            title: "x".into(),
            explanation: "x".into(),
            privilege: Privilege::User,
            action: Action::InitRepository { directory: "/p".into() },
            undo: Undo::Restore,
            is_satisfied: false,
            proof: None,
        };
        Plan { command: "new".into(), title: "x".into(), root: "/p".into(), steps: vec![step("a"), step("b")], notes: vec![] }
    }

    fn journal(records: &[Record]) -> String {
        let began =
            Record::Began { format: 1, nixstart: "0.1.0".into(), at: "2026-01-01T00:00:00Z".into(), plan: Box::new(plan()) };
        std::iter::once(&began).chain(records).map(|record| serde_json::to_string(record).unwrap() + "\n").collect()
    }

    fn started(step: &str) -> Record {
        Record::Started { step: step.into(), before: Before::default() }
    }

    fn finished(step: &str) -> Record {
        Record::Finished { step: step.into(), after: After::default() }
    }

    #[test]
    fn a_killed_run_knows_what_to_resume_and_what_to_undo() {
        let text = journal(&[started("a"), finished("a"), started("b")]) + "{\"event\":\"fini";
        let receipt = Receipt::parse(&text).unwrap();
        assert_eq!(receipt.status, Status::Unfinished);
        assert_eq!(receipt.steps_to_resume().iter().map(|step| &step.id).collect::<Vec<_>>(), ["b"]);
        assert_eq!(receipt.steps_to_undo().iter().map(|step| &step.id).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn what_was_not_there_before_the_first_try_stays_ours() {
        let first = Before { made_directories: vec!["/p/deep".into()], staging: Some("/p/old".into()), ..Before::default() };
        let second = Before { staging: Some("/p/new".into()), ..Before::default() };
        let records = [first, second].map(|before| Record::Started { step: "a".into(), before });
        let before = Receipt::parse(&journal(&records)).unwrap().progress("a").before.unwrap();
        assert_eq!((before.made_directories.len(), before.staging), (1, Some("/p/new".into())));
    }

    #[test]
    fn lines_and_fields_of_other_versions_are_no_fault() {
        let text = journal(&[]).replace("\"format\":1", "\"format\":1,\"mood\":\"good\"")
            + "{\"event\":\"danced\",\"how\":1}\n{\"event\":\"completed\",\"at\":\"x\",\"by\":\"y\"}\n";
        assert_eq!(Receipt::parse(&text).unwrap().status, Status::Completed);
    }

    #[test]
    fn a_receipt_of_the_future_is_refused() {
        let text = journal(&[]).replace("\"format\":1", "\"format\":2");
        assert_eq!(Receipt::parse(&text).unwrap_err().to_string(), "the receipt has format 2, and this nixstart reads format 1");
    }

    #[test]
    fn a_beginning_that_was_cut_off_is_told_from_a_broken_one() {
        assert!(matches!(Receipt::parse(""), Err(ReceiptError::NeverBegan)));
        assert!(matches!(Receipt::parse(journal(&[]).trim_end()), Err(ReceiptError::NeverBegan)));
        assert!(matches!(Receipt::parse("junk\n"), Err(ReceiptError::NoBeginning)));
    }

    #[test]
    fn undone_steps_are_not_undone_twice() {
        let text = journal(&[started("a"), finished("a"), started("b"), finished("b"), Record::Undone { step: "b".into() }]);
        assert_eq!(Receipt::parse(&text).unwrap().steps_to_undo().len(), 1);
    }
}
