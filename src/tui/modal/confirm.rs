//! A question that is answered with one key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{self, Action, Context};
use crate::tui::model;
use crate::tui::theme::Theme;
use crate::tui::widget::frame::{self, Content};
use crate::tui::widget::seen;
use crate::ui::columns;
use crate::ui::style::Role;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The question.
    pub question: String,
    /// What to know before the answer.
    pub facts: Vec<String>,
    /// What a yes does.
    pub on_yes: Effect,
    /// The first line of the facts that is seen.
    pub offset: usize,
}

/// Wide enough to read, narrow enough for the smallest screen.
const COLUMNS: u16 = 52;

impl Confirm {
    pub(super) fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        let last = self.lines(area).len().saturating_sub(room(model::body(area)));
        match action {
            Action::Yes => return vec![Reaction::Close, Reaction::Do(self.on_yes.clone())],
            Action::Cancel => return vec![Reaction::Close],
            Action::Up => self.offset = self.offset.min(last).saturating_sub(1),
            Action::Down => self.offset = (self.offset + 1).min(last),
            _ => {}
        }
        Vec::new()
    }

    fn lines(&self, area: Rect) -> Vec<String> {
        let columns = usize::from(COLUMNS.min(area.width)).saturating_sub(4);
        self.facts.iter().flat_map(|fact| columns::wrap_words(fact, columns)).collect()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let (lines, room) = (self.lines(area), room(area));
        let offset = self.offset.min(lines.len().saturating_sub(room));
        let end = seen(offset, room, lines.len(), "lines");
        let end = if end.is_empty() { end } else { format!("{end}, {}", keymap::key(Context::Confirm, Action::Down)) };
        let answer = Line::styled("y yes   n no", theme.style(Role::Command));
        // The answers stay, however much there is to say.
        let facts = lines.into_iter().skip(offset).take(room).map(Line::raw);
        let lines = facts.chain([Line::raw(""), answer]).collect();
        frame::draw(Content { title: &self.question, end: &end, lines }, COLUMNS, area, buffer, theme);
    }
}

/// How many lines of facts fit above the answers.
fn room(area: Rect) -> usize {
    frame::room(area).saturating_sub(2).max(1)
}
