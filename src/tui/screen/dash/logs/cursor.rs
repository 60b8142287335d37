//! The line that the cursor is on: moved by keys and by the mouse, copied.

use ratatui::layout::Rect;

use super::super::Wish;
use super::{Logs, react};
use crate::process::KeptLine;
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::Action;
use crate::tui::msg::Mouse;
use crate::tui::reading::Task;

impl Logs {
    pub(super) fn index(&self) -> Option<usize> {
        let cursor = self.cursor?;
        let index = self.page.lines.partition_point(|line| line.number < cursor);
        (!self.page.lines.is_empty()).then(|| index.min(self.page.lines.len() - 1))
    }

    pub(super) fn current(&self) -> Option<&KeptLine> {
        self.page.lines.get(self.index()?)
    }

    /// Moves the cursor, and reads on before the page ends.
    pub(super) fn step(&mut self, action: Action, area: Rect) -> Option<Effect> {
        let index = self.index()?;
        let height = usize::from(area.height).max(1);
        let page = height.saturating_sub(1).max(1);
        let to = match action {
            Action::Up => index.saturating_sub(1),
            Action::Down => index + 1,
            Action::PageUp => index.saturating_sub(page),
            Action::PageDown => index + page,
            _ => return None,
        };
        let to = to.min(self.page.lines.len().saturating_sub(1));
        self.row = (self.row.min(height - 1) + to).saturating_sub(index).min(height - 1);
        if to < index {
            self.is_following = false;
        }
        self.cursor = self.page.lines.get(to).map(|line| line.number);
        let is_near_end = (self.page.has_older && to < height) || (self.page.has_newer && to + height >= self.page.lines.len());
        (is_near_end && !self.is_waiting).then(|| self.reread(area))
    }

    pub(super) fn copy(&mut self) -> Vec<Wish> {
        let (Some(cursor), Some(anchor)) = (self.cursor, self.anchor) else {
            let Some(line) = self.current() else { return Vec::new() };
            let said = "Copied the line, if the terminal allows it (OSC 52)".to_owned();
            let copy = Effect::Copy(line.text.text.clone());
            return [Reaction::Do(copy), Reaction::Say(said)].map(Wish::React).into();
        };
        self.anchor = None;
        let goal = self.goal;
        vec![react(self.ask(Task::Copy { first: cursor.min(anchor), last: cursor.max(anchor) }, goal))]
    }

    /// Takes a click or a turn of the wheel.
    pub(in super::super) fn point(&mut self, mouse: Mouse, area: Rect) -> Vec<Wish> {
        let effect = match mouse {
            Mouse::WheelUp(..) => self.wheel(Action::Up, area),
            Mouse::WheelDown(..) => self.wheel(Action::Down, area),
            Mouse::Click(_, row) => {
                let clicked = self.line_at(row, area);
                if let Some((number, row)) = clicked {
                    (self.cursor, self.row, self.is_following) = (Some(number), row, false);
                }
                None
            }
        };
        effect.map(react).into_iter().collect()
    }

    fn wheel(&mut self, action: Action, area: Rect) -> Option<Effect> {
        (0..3).filter_map(|_| self.step(action, area)).last()
    }
}
