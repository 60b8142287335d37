//! Linux's table of processes, for trees of them: what they use, and who is left of one. Elsewhere it is empty.

use std::collections::BTreeMap;

use crate::process::Usage;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    parent: u32,
    group: u32,
    session: u32,
    /// When it began, in ticks since the system did.
    begun: u64,
    /// Ticks of a processor it has used.
    ticks: u64,
    /// Pages in memory.
    pages: u64,
}

/// The table at one moment.
#[derive(Debug, Default)]
pub struct ProcessTable {
    rows: BTreeMap<u32, Row>,
}

/// What a tree of processes has used so far, and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Ticks of a processor.
    pub ticks: u64,
    /// Bytes in memory.
    pub memory: u64,
}

impl ProcessTable {
    /// The table of this moment.
    pub fn read() -> Self {
        let mut rows = BTreeMap::new();
        for pid in pids() {
            let Ok(text) = fs_err::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            if let Some(row) = parse(&text) {
                rows.insert(pid, row);
            }
        }
        Self { rows }
    }

    /// A process with everybody in its group or session and everybody they have started.
    pub fn tree(&self, leader: u32) -> Vec<u32> {
        let mut tree: Vec<u32> = self
            .rows
            .iter()
            .filter(|(pid, row)| **pid == leader || row.group == leader || row.session == leader)
            .map(|(pid, _)| *pid)
            .collect();
        let mut next = 0;
        while let Some(parent) = tree.get(next).copied() {
            next += 1;
            let children = self.rows.iter().filter(|(_, row)| row.parent == parent).map(|(pid, _)| *pid);
            let new: Vec<u32> = children.filter(|pid| !tree.contains(pid)).collect();
            tree.extend(new);
        }
        tree
    }

    /// Everybody whom a process has started, and whom they have started, without itself.
    pub fn descendants(&self, of: u32) -> Vec<u32> {
        let mut found = vec![of];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            next += 1;
            found.extend(self.rows.iter().filter(|(_, row)| row.parent == parent).map(|(pid, _)| *pid));
        }
        found.split_off(1)
    }

    /// What a tree has used.
    pub fn spent(&self, leader: u32) -> Spent {
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let rows = self.tree(leader);
        rows.iter().filter_map(|pid| self.rows.get(pid)).fold(Spent::default(), |spent, row| Spent {
            ticks: spent.ticks + row.ticks,
            memory: spent.memory + row.pages * page,
        })
    }
}

/// When a process began, in ticks since the system did: the same number at another time is another process.
pub fn begun(pid: u32) -> Option<u64> {
    parse(&fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?).map(|row| row.begun)
}

/// The moment of so many ticks since the system began, in milliseconds since 1970.
pub fn moment(ticks: u64) -> Option<u64> {
    let table = fs_err::read_to_string("/proc/stat").ok()?;
    let began: u64 = table.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(began * 1000 + ticks.checked_mul(1000)? / rustix::param::clock_ticks_per_second().max(1))
}

/// What was used between two moments that lie some milliseconds apart.
#[expect(clippy::cast_precision_loss, reason = "percent for people")]
pub fn usage(before: Spent, after: Spent, milliseconds: u64) -> Usage {
    let ticks = after.ticks.saturating_sub(before.ticks) as f32;
    let seconds = milliseconds.max(1) as f32 / 1000.0;
    let per_second = rustix::param::clock_ticks_per_second().max(1) as f32;
    Usage { cpu: ticks / per_second / seconds * 100.0, memory: after.memory }
}

/// The processes whose environment holds an assignment that begins so, among those we may look into.
pub fn marked(assignment: &str) -> Vec<u32> {
    let is_marked = |pid: &u32| {
        let environment = fs_err::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(assignment.as_bytes()))
    };
    pids().filter(is_marked).collect()
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Reads `/proc/PID/stat`. The name in it may hold anything, brackets, too.
fn parse(text: &str) -> Option<Row> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let is_dead = matches!(fields.first(), Some(&("Z" | "X")));
    if is_dead {
        return None;
    }
    Some(Row {
        parent: u32::try_from(field(4)?).ok()?,
        group: u32::try_from(field(5)?).ok()?,
        session: u32::try_from(field(6)?).ok()?,
        begun: field(22)?,
        ticks: field(14)? + field(15)?,
        pages: field(24)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_row() {
        let text = "42 (a) R 1 (b)) S 7 42 42 0 -1 4194560 1 2 3 4 50 25 0 0 20 0 1 0 100 1000 300 18446744073709551615";
        let row = parse(text).unwrap();
        assert_eq!((row.parent, row.group, row.ticks, row.pages), (7, 42, 75, 300));
        assert!(parse("42 (a) Z 7 42 42 0 -1").is_none());
        assert!(parse("").is_none());
    }

    #[test]
    fn a_tree_holds_the_group_and_those_who_left_it() {
        let row = |parent, group| Row { parent, group, session: 20, begun: 1, ticks: 1, pages: 1 };
        let rows = [(10, row(1, 10)), (11, row(10, 10)), (12, row(11, 12)), (13, row(1, 10)), (20, row(1, 20))];
        let table = ProcessTable { rows: rows.into() };
        assert_eq!(table.tree(10), [10, 11, 13, 12]);
        assert_eq!(table.tree(20).len(), 5);
        assert_eq!(table.descendants(10), [11, 12]);
        assert_eq!(table.spent(10).ticks, 4);
    }

    #[test]
    fn a_busy_second_is_a_hundred_percent() {
        let second = rustix::param::clock_ticks_per_second();
        let usage = usage(Spent { ticks: 5, memory: 1 }, Spent { ticks: 5 + second, memory: 9 }, 1000);
        assert!((usage.cpu - 100.0).abs() < 0.01 && usage.memory == 9);
    }
}
