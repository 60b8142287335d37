//! The keys of the screen below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::effect::Reaction;
use crate::tui::keymap::{self, Action, Context};
use crate::tui::model;
use crate::tui::theme::Theme;
use crate::tui::widget::frame::{self, Content};
use crate::tui::widget::seen;
use crate::ui::columns;
use crate::ui::style::Role;

/// The list of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// Whose keys.
    pub of: Context,
    /// The first row that is seen.
    pub offset: usize,
}

/// The widest row and its frame fit into the smallest screen.
const COLUMNS: u16 = 60;
const KEYS: usize = 14;

impl Help {
    pub(super) fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        let last = self.rows().len().saturating_sub(frame::room(model::body(area)));
        match action {
            Action::Up => self.offset = self.offset.min(last).saturating_sub(1),
            Action::Down => self.offset = (self.offset + 1).min(last),
            Action::Cancel => return vec![Reaction::Close],
            _ => {}
        }
        Vec::new()
    }

    fn rows(&self) -> Vec<(String, &'static str)> {
        keymap::all_of(self.of).map(|binding| (binding.keys.join(" "), binding.help)).collect()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let (rows, room) = (self.rows(), frame::room(area));
        let offset = self.offset.min(rows.len().saturating_sub(room));
        let end = seen(offset, room, rows.len(), "rows");
        let words = usize::from(COLUMNS.min(area.width)).saturating_sub(KEYS + 4);
        let line = |(keys, help): &(String, &'static str)| {
            Line::from(vec![
                Span::styled(format!("{keys:KEYS$}"), theme.style(Role::Command)),
                Span::raw(columns::cut(help, words, theme.ellipsis())),
            ])
        };
        let lines = rows.iter().skip(offset).take(room).map(line).collect();
        frame::draw(Content { title: "Keys", end: &end, lines }, COLUMNS, area, buffer, theme);
    }
}
