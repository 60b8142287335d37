//! What a screen wants to know of what processes have said, and what it is told. Reading may take a while, because a filter may
//! pass one line of a million: it is done beside the screen, and a newer question takes the place of an older one.

use crate::process::log_query::Pattern;
use crate::process::{KeptLine, LogQuery};

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its number; an answer to an older one is not wanted any more.
    pub id: u64,
    /// Which lines there are for it.
    pub query: LogQuery,
    /// What is wanted of them.
    pub task: Task,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Lines around a place, so many in each direction.
    Page(Around, usize),
    /// The lines that have come after one, but only so many of the newest.
    Tail {
        /// The last one that is known.
        after: u64,
        /// How many.
        lines: usize,
    },
    /// The nearest line with a pattern, and the lines around it.
    Find {
        /// The pattern.
        pattern: Pattern,
        /// Where to begin, and which way to go.
        from: From,
        /// How many lines around it.
        lines: usize,
    },
    /// The words of lines, for the clipboard.
    Copy {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The words of the newest error and of the lines that belong to it, for the clipboard.
    CopyError,
}

/// Around which place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// The oldest line.
    Oldest,
    /// The newest line.
    Newest,
    /// The line with this number, or where it would be.
    Line(u64),
}

/// Where a search begins. When there is nothing up to the end, it goes on at the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At a line, towards older ones.
    Up(u64),
    /// At a line, towards newer ones.
    Down(u64),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Lines in place of those that were known.
    Page(Page),
    /// Lines to be added to those that are known.
    Tail(Page),
    /// Words for the clipboard, and of how many lines.
    Text {
        /// The words.
        text: String,
        /// How many lines they were.
        lines: usize,
        /// Whether there were more.
        is_cut: bool,
    },
    /// How many lines have what was sought.
    Count {
        /// The number of the question.
        id: u64,
        /// How many.
        matches: Matches,
    },
    /// There is no such line, or why it could not be sought.
    Nothing {
        /// The number of the question.
        id: u64,
        /// Why, when it was not sought at all.
        why: Option<String>,
    },
}

/// How many lines have what was sought, and which of them was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matches {
    /// The line that was found.
    pub found: u64,
    /// Which of them it is, counted from the oldest; nothing when counting has not come that far.
    pub place: Option<usize>,
    /// How many there are.
    pub all: usize,
    /// Whether there are more, which were not counted.
    pub is_cut: bool,
}

/// Lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The number of the question.
    pub id: u64,
    /// The lines, the oldest first.
    pub lines: Vec<KeptLine>,
    /// The line that was sought.
    pub found: Option<u64>,
    /// Whether it was found beyond an end.
    pub is_around: bool,
    /// Whether there are older ones.
    pub has_older: bool,
    /// Whether there are newer ones.
    pub has_newer: bool,
    /// The number of the newest line of all when this was read.
    pub newest: u64,
    /// How many lines of these processes there are, whatever passes.
    pub total: u64,
    /// How many lines are gone.
    pub lost: u64,
    /// Why lines do not get to disk.
    pub trouble: Option<String>,
}

impl Answer {
    /// Whether somebody waits for it: everything but what has come by itself.
    pub const fn is_awaited(&self) -> bool {
        !matches!(self, Self::Tail(_))
    }
}
