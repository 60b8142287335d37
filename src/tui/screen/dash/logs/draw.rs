//! How logs are drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::super::session::Session;
use super::{Logs, paint, window};
use crate::host::clock::Zone;
use crate::process::log_query::is_error;
use crate::process::{KeptLine, LogText, Stream, log_json};
use crate::tui::theme::Theme;
use crate::tui::widget::put;
use crate::ui::style::Role;
use crate::ui::{columns, visible};

/// Names before lines are not wider than this.
const NAME: usize = 14;
/// The columns of marks at the beginning.
const GUTTER: usize = 2;
/// The columns of a time.
const TIME: usize = 13;

/// The colours that names are told apart by, besides being read.
const ROLES: [Role; 4] = [Role::Name, Role::Command, Role::Warning, Role::Heading];

impl Logs {
    /// How many columns stand before the words.
    fn margin(&self) -> usize {
        let time = if self.look.has_times { TIME + 1 } else { 0 };
        GUTTER + time + if self.is_merged() { self.name_width() + 3 } else { 0 }
    }

    fn name_width(&self) -> usize {
        let widths = self.page.lines.iter().map(|line| columns::width(&visible(&line.process)));
        widths.max().unwrap_or_default().min(NAME)
    }

    /// The words of a line as they are shown.
    fn words(&self, line: &KeptLine) -> LogText {
        let told = self.look.is_pretty.then(|| log_json::told(&line.text.text)).flatten();
        // In JSON there may be an escape for a character that a terminal acts on.
        told.map_or_else(|| line.text.clone(), |told| LogText { text: visible(&told), runs: Vec::new() })
    }

    /// A line in rows. Where lines are broken, one does not take more than half of the screen.
    fn rows(&self, line: &KeptLine, area: Rect, theme: Theme) -> Vec<Vec<Span<'static>>> {
        let words = self.words(line);
        let places = self.sought.as_ref().map(|sought| sought.seeker.places(&words.text)).unwrap_or_default();
        let width = usize::from(area.width).saturating_sub(self.margin()).max(1);
        let most = if self.look.is_wrapped { usize::from(area.height / 2).max(1) } else { 1 };
        paint::rows(&words, &places, (self.look.column, width, most), theme)
    }

    fn first(&self, area: Rect) -> usize {
        let cursor = self.index().unwrap_or_default();
        let height = usize::from(area.height);
        let rows = |index: usize| {
            let line = self.page.lines.get(index).filter(|_| self.look.is_wrapped);
            line.map_or(1, |line| self.rows(line, area, Theme::plain()).len())
        };
        window::first(self.page.lines.len(), (cursor, self.row), height, &rows)
    }

    /// The line at a row of the terminal, and the row of the screen that it begins at.
    pub(super) fn line_at(&self, row: u16, area: Rect) -> Option<(u64, usize)> {
        let row = usize::from(row.checked_sub(area.y).filter(|row| *row < area.height)?);
        let mut begins = 0;
        for line in self.page.lines.iter().skip(self.first(area)) {
            let rows = if self.look.is_wrapped { self.rows(line, area, Theme::plain()).len() } else { 1 };
            if row < begins + rows {
                return Some((line.number, begins));
            }
            begins += rows;
        }
        None
    }

    pub(in super::super) fn draw(&self, session: &Session, area: Rect, buffer: &mut Buffer, theme: Theme) {
        if self.page.lines.is_empty() {
            return put(buffer, area, (0, 0), &Line::styled(self.nothing(), theme.style(Role::Quiet)));
        }
        let roles: BTreeMap<&str, Role> = session
            .processes
            .iter()
            .zip(ROLES.into_iter().cycle())
            .map(|(process, role)| (process.name.as_str(), role))
            .collect();
        let mut row = 0;
        for line in self.page.lines.iter().skip(self.first(area)) {
            let is_current = Some(line.number) == self.cursor;
            for (index, spans) in self.rows(line, area, theme).into_iter().enumerate() {
                if row >= area.height {
                    return;
                }
                let before = if index == 0 {
                    self.before(line, &session.zone, &roles, theme)
                } else {
                    vec![Span::raw(" ".repeat(self.margin()))]
                };
                let mut whole = Line::from(before.into_iter().chain(spans).collect::<Vec<_>>());
                if is_current {
                    whole = whole.patch_style(Modifier::BOLD);
                }
                put(buffer, area, (0, row), &whole);
                row += 1;
            }
        }
    }

    fn nothing(&self) -> &'static str {
        match (self.is_waiting, self.query().takes_all()) {
            (true, _) => " Reading",
            (false, true) => " Nothing was said yet",
            (false, false) => " No line passes; esc takes search and filters back",
        }
    }

    /// What stands before the words: marks, the time, whose they are.
    fn before(&self, line: &KeptLine, zone: &Zone, roles: &BTreeMap<&str, Role>, theme: Theme) -> Vec<Span<'static>> {
        let is_selected = self
            .anchor
            .zip(self.cursor)
            .is_some_and(|(anchor, cursor)| (anchor.min(cursor)..=anchor.max(cursor)).contains(&line.number));
        let pointer = match (Some(line.number) == self.cursor, is_selected) {
            (true, _) => ">",
            (false, true) => "+",
            (false, false) => " ",
        };
        let has_failed = is_error(&line.text.text);
        let mark = match (self.marks.contains(&line.number), has_failed, line.stream) {
            (true, ..) => "*",
            (false, true, _) => "!",
            (false, false, Stream::Error) => ":",
            (false, false, Stream::Output | Stream::Unknown) => " ",
        };
        let role = if has_failed { Role::Error } else { Role::Quiet };
        let mut spans = vec![Span::raw(pointer), Span::styled(mark, theme.style(role))];
        if self.look.has_times {
            let time = line.time.map(|time| zone.time_of_day(time)).unwrap_or_default();
            spans.push(Span::styled(format!("{time:TIME$} "), theme.style(Role::Quiet)));
        }
        if self.is_merged() {
            let role = roles.get(&*line.process).copied().unwrap_or(Role::Quiet);
            spans.push(Span::styled(padded(&line.process, self.name_width(), theme), theme.style(role)));
            spans.push(Span::styled(format!(" {} ", theme.vertical()), theme.style(Role::Quiet)));
        }
        spans
    }
}

fn padded(name: &Arc<str>, width: usize, theme: Theme) -> String {
    let name = columns::cut(&visible(name), width, theme.ellipsis());
    let gap = width.saturating_sub(columns::width(&name));
    name + &" ".repeat(gap)
}
