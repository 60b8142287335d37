//! What becomes of answers to questions about lines.

use ratatui::layout::Rect;

use super::{Goal, Logs};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::reading::{Answer, Page, Task};
use crate::ui::columns::count;

impl Logs {
    /// Something was said. It is read when the newest line is followed and nothing else is being read; says, too, whether that
    /// changes what is seen.
    pub(in super::super) fn grow(&mut self, area: Rect) -> (Option<Effect>, bool) {
        let was_known = std::mem::replace(&mut self.has_grown, true);
        if !self.is_following {
            return (None, !was_known);
        }
        if self.is_waiting {
            return (None, false);
        }
        let task = Task::Tail { after: self.page.newest, lines: Self::lines_around(area) };
        (Some(self.ask(task, Goal::Last)), false)
    }

    /// Takes an answer in.
    pub(in super::super) fn take(&mut self, answer: Answer, area: Rect) -> Vec<Reaction> {
        let mut reactions = match answer {
            Answer::Page(page) => self.take_page(page, area),
            Answer::Tail(page) => self.take_tail(page, area),
            Answer::Text { text, lines, is_cut } => {
                self.is_waiting = false;
                let only = if is_cut { "only the first " } else { "" };
                let said = format!("Copied {only}{}, if the terminal allows it (OSC 52)", count(lines, "line", "lines"));
                vec![Reaction::Do(Effect::Copy(text)), Reaction::Say(said)]
            }
            Answer::Count { id, matches } => {
                self.matches = Some(matches).filter(|_| id == self.asked).or(self.matches);
                Vec::new()
            }
            Answer::Nothing { id, why } => self.take_nothing(id, why, area),
        };
        if self.has_grown && self.is_following && !self.is_waiting {
            reactions.extend(self.grow(area).0.map(Reaction::Do));
        }
        reactions
    }

    fn take_page(&mut self, page: Page, area: Rect) -> Vec<Reaction> {
        if page.id != self.asked {
            return Vec::new();
        }
        self.is_waiting = false;
        let said = page.is_around.then(|| Reaction::Say("Found beyond the end".to_owned()));
        let found = page.found;
        // What has come since is read when the end is followed again.
        self.has_grown &= self.is_following;
        self.page = page;
        self.cursor = match (found, self.goal) {
            (Some(found), _) => Some(found),
            (None, Goal::First) => self.page.lines.first().map(|line| line.number),
            (None, Goal::Last) => self.page.lines.last().map(|line| line.number),
            (None, Goal::Stay) => self.nearest(),
        };
        match (found, self.goal) {
            (Some(_), _) => self.row = usize::from(area.height / 2),
            (None, Goal::First) => self.row = 0,
            (None, Goal::Last) => self.row = usize::MAX,
            (None, Goal::Stay) => {}
        }
        if let Some(entry) = &mut self.entry {
            entry.is_found = found.is_some();
        }
        said.into_iter().collect()
    }

    /// The line that the cursor is on, or the nearest before it, or the first.
    fn nearest(&self) -> Option<u64> {
        let lines = &self.page.lines;
        let Some(cursor) = self.cursor else { return lines.last().map(|line| line.number) };
        let after = lines.partition_point(|line| line.number <= cursor);
        lines.get(after.saturating_sub(1)).map(|line| line.number)
    }

    fn take_tail(&mut self, tail: Page, area: Rect) -> Vec<Reaction> {
        if tail.id != self.asked {
            return Vec::new();
        }
        self.is_waiting = false;
        let known = self.page.lines.last().map_or(0, |line| line.number);
        let most = Self::lines_around(area);
        let mut lines = if tail.has_older { Vec::new() } else { std::mem::take(&mut self.page.lines) };
        lines.extend(tail.lines.into_iter().filter(|line| line.number > known));
        let too_many = lines.len().saturating_sub(most * 2);
        lines.drain(..too_many);
        let has_older = self.page.has_older || tail.has_older || too_many > 0;
        self.page = Page { lines, has_older, has_newer: false, found: None, ..tail };
        if self.is_following {
            self.cursor = self.page.lines.last().map(|line| line.number);
            self.row = usize::MAX;
        }
        Vec::new()
    }

    fn take_nothing(&mut self, id: u64, why: Option<String>, area: Rect) -> Vec<Reaction> {
        if id != self.asked {
            return Vec::new();
        }
        self.is_waiting = false;
        if let Some(entry) = &mut self.entry {
            entry.is_found = false;
            return Vec::new();
        }
        let said = Reaction::Say(why.unwrap_or_else(|| "There is no such line".to_owned()));
        // Somebody came here to see an error that says so in words of its own.
        let newest = self.page.lines.is_empty().then(|| Reaction::Do(self.newest(area)));
        std::iter::once(said).chain(newest).collect()
    }
}
