//! From line to line in the order of arrival, older or newer, over the lines of several processes at once. Only blocks that hold
//! the next lines are read, so that a step costs the same whatever lies behind.

use std::collections::BinaryHeap;
use std::sync::Arc;

use super::{Kept, LogStore, Pile};
use crate::process::log_block;
use crate::process::log_query::{BadPattern, Filter};
use crate::process::{KeptLine, LogQuery};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// To what arrived before.
    Older,
    /// To what arrived after.
    Newer,
}

/// From where to where a walk goes, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    from: u64,
    until: u64,
    direction: Direction,
}

impl Route {
    /// From a number to what arrived before.
    pub const fn older(from: u64) -> Self {
        Self { from, until: 0, direction: Direction::Older }
    }

    /// From a number to what arrived after.
    pub const fn newer(from: u64) -> Self {
        Self { from, until: u64::MAX, direction: Direction::Newer }
    }

    /// Not farther than to a number.
    #[must_use]
    pub const fn until(self, until: u64) -> Self {
        Self { until, ..self }
    }
}

/// What a walk has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A line that is wanted.
    Line(KeptLine),
    /// So much was read that somebody else may want the store.
    Pause,
    /// There is nothing more.
    End,
}

/// A walk. It holds nothing of the store, which may grow between two steps.
#[derive(Debug)]
pub struct Walk {
    filter: Filter,
    route: Route,
    cursors: Vec<Cursor>,
    /// How near the next line of a cursor can be, and which cursor; the nearest first.
    near: BinaryHeap<(u64, usize)>,
}

/// Where a walk is in the lines of one process.
#[derive(Debug)]
struct Cursor {
    pile: usize,
    /// The number from which on lines are read next; `None` when there are none.
    from: Option<u64>,
    /// Lines of the block that was read last, the next one at the end.
    lines: Vec<KeptLine>,
}

impl LogStore {
    /// A walk along the lines that a query wants.
    pub fn walk(&self, query: &LogQuery, route: Route) -> Result<Walk, BadPattern> {
        let mut walk = Walk { filter: query.filter()?, route, cursors: Vec::new(), near: BinaryHeap::new() };
        for (pile, _) in self.wanted(query) {
            walk.cursors.push(Cursor { pile, from: Some(route.from), lines: Vec::new() });
            walk.approach(self, walk.cursors.len() - 1);
        }
        Ok(walk)
    }
}

impl Direction {
    /// A number that is the larger the sooner a line comes.
    const fn nearness(self, number: u64) -> u64 {
        match self {
            Self::Older => number,
            Self::Newer => u64::MAX - number,
        }
    }
}

impl Route {
    /// The block that holds the next lines from a number on, and how near they can be.
    fn block(self, pile: &Pile, from: u64) -> Option<(&Kept, u64)> {
        match self.direction {
            Direction::Older => {
                let index = pile.blocks.partition_point(|block| block.first <= from).checked_sub(1)?;
                let block = pile.blocks.get(index).filter(|block| block.last >= self.until)?;
                Some((block, block.last.min(from)))
            }
            Direction::Newer => {
                let index = pile.blocks.partition_point(|block| block.last < from);
                let block = pile.blocks.get(index).filter(|block| block.first <= self.until)?;
                Some((block, block.first.max(from)))
            }
        }
    }

    const fn has(self, number: u64, from: u64) -> bool {
        match self.direction {
            Direction::Older => number <= from && number >= self.until,
            Direction::Newer => number >= from && number <= self.until,
        }
    }
}

impl Walk {
    /// Goes on to the next line that is wanted, unless more blocks would have to be read than are left.
    pub fn step(&mut self, store: &LogStore, blocks_left: &mut usize) -> Step {
        while let Some((nearness, index)) = self.near.pop() {
            if let Some(line) = self.cursors.get_mut(index).and_then(|cursor| cursor.lines.pop()) {
                self.approach(store, index);
                return Step::Line(line);
            }
            let Some(left) = blocks_left.checked_sub(1) else {
                self.near.push((nearness, index));
                return Step::Pause;
            };
            *blocks_left = left;
            self.read_block(store, index);
            self.approach(store, index);
        }
        Step::End
    }

    /// Says how near the next line of a cursor can be.
    fn approach(&mut self, store: &LogStore, index: usize) {
        let Some(cursor) = self.cursors.get(index) else { return };
        let in_block = || self.route.block(store.piles.get(cursor.pile)?, cursor.from?).map(|(_, number)| number);
        let number = cursor.lines.last().map(|line| line.number).or_else(in_block);
        self.near.extend(number.map(|number| (self.route.direction.nearness(number), index)));
    }

    fn read_block(&mut self, store: &LogStore, index: usize) {
        let route = self.route;
        let Some(cursor) = self.cursors.get_mut(index) else { return };
        let Some((pile, from)) = store.piles.get(cursor.pile).zip(cursor.from.take()) else { return };
        let Some((kept, _)) = route.block(pile, from) else { return };
        let bytes = store.bytes(kept);
        let wanted =
            log_block::lines(&bytes).filter(|line| route.has(line.number, from) && self.filter.passes(line.stream, line.text));
        cursor.lines.extend(wanted.map(|line| KeptLine {
            number: line.number,
            process: Arc::clone(&pile.name),
            stream: line.stream,
            time: line.time,
            text: line.painted(),
        }));
        cursor.from = match route.direction {
            Direction::Older => kept.first.checked_sub(1),
            Direction::Newer => {
                cursor.lines.reverse();
                kept.last.checked_add(1)
            }
        };
    }
}
