//! Everything that processes have said: the newest lines in memory, the older ones on disk, none of them twice.
//!
//! Lines are kept process by process, in blocks of some thousand bytes; when there is too much in memory, the oldest block of
//! whoever has most of it goes to disk. So a noisy process does not push a quiet one out, and what is known of a million lines is
//! a few thousand numbers. Reading goes from line to line in the order of arrival; see [`walk`].

pub mod walk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::paths;
use super::spool::{Place, Spool};
use crate::process::log_block::Block;
use crate::process::log_text::LogText;
use crate::process::{LogQuery, Stream};

/// How much is kept in memory.
pub const BUDGET: usize = 16 * 1024 * 1024;

/// The lines.
#[derive(Debug)]
pub struct LogStore {
    piles: Vec<Pile>,
    by_name: BTreeMap<Arc<str>, usize>,
    newest: u64,
    held: usize,
    budget: usize,
    spool: Spool,
    lost: u64,
    trouble: Option<String>,
}

/// The lines of one process.
#[derive(Debug)]
struct Pile {
    name: Arc<str>,
    /// The last one may still grow.
    blocks: VecDeque<Kept>,
    /// How many of the blocks, from the oldest on, are on disk.
    spooled: usize,
    /// How many bytes of it are in memory.
    held: usize,
}

/// A block and the numbers of its first and last line.
#[derive(Debug)]
struct Kept {
    first: u64,
    last: u64,
    lines: u64,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Memory(Block),
    Disk(Place),
}

impl LogStore {
    /// A store that keeps so many bytes in memory, and the rest in a directory.
    pub const fn new(budget: usize, directory: Utf8PathBuf) -> Self {
        Self {
            piles: Vec::new(),
            by_name: BTreeMap::new(),
            newest: 0,
            held: 0,
            budget,
            spool: Spool::new(directory),
            lost: 0,
            trouble: None,
        }
    }

    /// The number of the newest line; as many have arrived.
    pub const fn newest(&self) -> u64 {
        self.newest
    }

    /// How many lines are gone, because there is no room for them.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Why lines do not get to disk.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// How many lines there are of those that a query is about, whatever is in them.
    pub fn lines(&self, query: &LogQuery) -> u64 {
        self.wanted(query).flat_map(|(_, pile)| &pile.blocks).map(|block| block.lines).sum()
    }

    fn wanted<'a>(&'a self, query: &'a LogQuery) -> impl Iterator<Item = (usize, &'a Pile)> {
        self.piles.iter().enumerate().filter(|(_, pile)| query.wants(&pile.name))
    }

    /// Keeps a line.
    pub fn push(&mut self, process: &Arc<str>, said: (Stream, Option<u64>), text: &LogText) {
        let index = self.pile_of(process);
        self.newest += 1;
        let Some(pile) = self.piles.get_mut(index) else { return };
        let grown = pile.push(self.newest, said, text);
        self.held += grown;
        if self.held > self.budget {
            self.make_room();
        }
    }

    fn pile_of(&mut self, process: &Arc<str>) -> usize {
        if let Some(index) = self.by_name.get(process) {
            return *index;
        }
        self.by_name.insert(Arc::clone(process), self.piles.len());
        self.piles.push(Pile { name: Arc::clone(process), blocks: VecDeque::new(), spooled: 0, held: 0 });
        self.piles.len() - 1
    }

    /// Brings blocks to disk, an eighth of all at a time, so that this is rare.
    fn make_room(&mut self) {
        while self.held > self.budget - self.budget / 8 {
            let Some(largest) = self.piles.iter_mut().max_by_key(|pile| pile.held).filter(|pile| pile.held > 0) else {
                return;
            };
            match largest.spool_oldest(&mut self.spool) {
                Ok(freed) => self.held -= freed.min(self.held),
                Err(failed) => {
                    self.held -= failed.freed.min(self.held);
                    self.lost += failed.lines;
                    self.trouble = Some(paths::reason(&failed.error));
                }
            }
        }
        self.lost += self.piles.iter_mut().map(|pile| pile.forget_what_is_gone(&self.spool)).sum::<u64>();
    }

    fn bytes<'a>(&'a self, kept: &'a Kept) -> std::borrow::Cow<'a, [u8]> {
        match &kept.bytes {
            Bytes::Memory(block) => block.bytes().into(),
            Bytes::Disk(place) => self.spool.read(*place).into(),
        }
    }
}

/// A block that did not get to disk.
struct NotSpooled {
    freed: usize,
    lines: u64,
    error: std::io::Error,
}

impl Pile {
    /// Adds a line, and returns by how many bytes more there are.
    fn push(&mut self, number: u64, said: (Stream, Option<u64>), text: &LogText) -> usize {
        let has_room = |kept: &Kept| matches!(&kept.bytes, Bytes::Memory(block) if !block.is_full());
        if !self.blocks.back().is_some_and(has_room) {
            self.blocks.push_back(Kept { first: number, last: number, lines: 0, bytes: Bytes::Memory(Block::default()) });
        }
        let Some(kept) = self.blocks.back_mut() else { return 0 };
        let Bytes::Memory(block) = &mut kept.bytes else { return 0 };
        let before = block.bytes().len();
        block.push(number, said, text);
        let grown = block.bytes().len() - before;
        (kept.last, kept.lines) = (number, kept.lines + 1);
        self.held += grown;
        grown
    }

    /// Brings the oldest block that is in memory to disk, and returns how many bytes are free now. What cannot be written is
    /// gone.
    fn spool_oldest(&mut self, spool: &mut Spool) -> Result<usize, NotSpooled> {
        let Some(kept) = self.blocks.get_mut(self.spooled) else { return Ok(0) };
        let Bytes::Memory(block) = &kept.bytes else { return Ok(0) };
        let freed = block.bytes().len();
        self.held -= freed.min(self.held);
        match spool.write(block.bytes()) {
            Ok(place) => {
                kept.bytes = Bytes::Disk(place);
                self.spooled += 1;
                Ok(freed)
            }
            Err(error) => {
                let lines = kept.lines;
                self.blocks.remove(self.spooled);
                Err(NotSpooled { freed, lines, error })
            }
        }
    }

    /// Forgets blocks that are not on disk any more, and returns how many lines they had.
    fn forget_what_is_gone(&mut self, spool: &Spool) -> u64 {
        let mut lines = 0;
        while let Some(Kept { bytes: Bytes::Disk(place), lines: gone, .. }) = self.blocks.front()
            && !spool.holds(*place)
        {
            lines += gone;
            self.blocks.pop_front();
            self.spooled = self.spooled.saturating_sub(1);
        }
        lines
    }
}

#[cfg(test)]
mod tests;
