//! A list in which things stand below headings, and beneath it what there is to say about the one that is selected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::keymap::{self, Action, Context};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::tui::widget::{list, put, rule, seen};
use crate::ui::columns;
use crate::ui::style::Role;
use crate::ui::visible;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// What comes below it belongs together.
    Heading(String),
    /// Something that is said and cannot be selected.
    Fact(String),
    /// The same, where keys are spoken of.
    Hint(String),
    /// Something that can be selected: a symbol in Unicode and ASCII, what it is drawn like, and the text.
    Thing((&'static str, &'static str, Role), String),
}

/// Which thing is selected, and how far what is said of it is scrolled.
#[derive(Debug, Default)]
pub(super) struct Listing {
    selected: usize,
    offset: usize,
}

/// What is shown.
pub(super) struct Shown<'a> {
    pub(super) rows: &'a [Row],
    /// What is said of the selected thing: a title and paragraphs.
    pub(super) detail: (String, Vec<String>),
    pub(super) context: Context,
}

/// Where everything stands.
struct Layout {
    list: Rect,
    rule: Rect,
    detail: Rect,
}

fn layout(area: Rect, rows: usize) -> Layout {
    let most = area.height.saturating_sub(1) * 3 / 5;
    let height = u16::try_from(rows).unwrap_or(u16::MAX).clamp(1, most.max(1)).min(area.height);
    let below = |row: u16, height: u16| Rect { y: area.y + row.min(area.height), height: height.min(area.height), ..area };
    Layout {
        list: below(0, height),
        rule: below(height, area.height.saturating_sub(height).min(1)),
        detail: below(height + 1, area.height.saturating_sub(height + 1)),
    }
}

fn things(rows: &[Row]) -> impl Iterator<Item = usize> {
    rows.iter().enumerate().filter(|(_, row)| matches!(row, Row::Thing(..))).map(|(place, _)| place)
}

fn wrapped(paragraphs: &[String], width: u16) -> Vec<String> {
    let room = usize::from(width).saturating_sub(2).max(1);
    let lines = paragraphs.iter().flat_map(|paragraph| paragraph.lines()).map(visible);
    lines.flat_map(|line| columns::wrap_words(&line, room)).collect()
}

impl Listing {
    /// Which of the things is selected.
    pub(super) fn selected(&self, rows: &[Row]) -> usize {
        self.selected.min(things(rows).count().saturating_sub(1))
    }

    /// Moves, or scrolls what is said.
    pub(super) fn act(&mut self, action: Action, shown: &Shown<'_>, area: Rect) {
        let layout = layout(area, shown.rows.len());
        let (lines, height) = (wrapped(&shown.detail.1, area.width).len(), usize::from(layout.detail.height));
        let (last, page) = (lines.saturating_sub(height), height.saturating_sub(1).max(1));
        let offset = self.offset.min(last);
        match action {
            Action::PageUp => self.offset = offset.saturating_sub(page),
            Action::PageDown => self.offset = (offset + page).min(last),
            action => {
                let before = self.selected(shown.rows);
                self.selected = list::moved(before, action, things(shown.rows).count(), 1);
                if self.selected != before {
                    self.offset = 0;
                }
            }
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, mouse: Mouse, shown: &Shown<'_>, area: Rect) {
        match mouse {
            Mouse::WheelUp(..) => self.act(Action::Up, shown, area),
            Mouse::WheelDown(..) => self.act(Action::Down, shown, area),
            Mouse::Click(_, row) => {
                let place = layout(area, shown.rows.len()).list;
                let clicked = list::row_at(place, row, self.first_row(shown.rows, place), shown.rows.len());
                if let Some(thing) = things(shown.rows).position(|thing| Some(thing) == clicked) {
                    (self.selected, self.offset) = (thing, 0);
                }
            }
        }
    }

    fn selected_row(&self, rows: &[Row]) -> Option<usize> {
        things(rows).nth(self.selected(rows))
    }

    fn first_row(&self, rows: &[Row], area: Rect) -> usize {
        list::first_row(self.selected_row(rows).unwrap_or_default(), rows.len(), usize::from(area.height))
    }

    pub(super) fn draw(&self, shown: &Shown<'_>, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let (rows, layout) = (shown.rows, layout(area, shown.rows.len()));
        let (first, selected) = (self.first_row(rows, layout.list), self.selected_row(rows));
        let width = usize::from(area.width);
        let lines = rows.iter().enumerate().skip(first).map(|(place, row)| {
            let is_selected = Some(place) == selected;
            (line(row, (is_selected, width), theme), is_selected)
        });
        list::draw(lines, layout.list, buffer, theme);
        let (title, paragraphs) = &shown.detail;
        let (lines, height) = (wrapped(paragraphs, area.width), usize::from(layout.detail.height));
        let offset = self.offset.min(lines.len().saturating_sub(height));
        let end = match seen(offset, height, lines.len(), "lines") {
            all if all.is_empty() => seen(first, usize::from(layout.list.height), rows.len(), "rows"),
            some => format!("{some}, {}", keymap::key(shown.context, Action::PageDown)),
        };
        let title = columns::cut(&visible(title), width / 2, theme.ellipsis());
        rule(buffer, layout.rule, (&title, &end), theme);
        for (row, line) in (0..layout.detail.height).zip(lines.into_iter().skip(offset)) {
            put(buffer, layout.detail, (1, row), &Line::raw(line));
        }
    }
}

fn line(row: &Row, (is_selected, width): (bool, usize), theme: Theme) -> Line<'static> {
    let fits = |text: &str, before: usize| columns::cut(&visible(text), width.saturating_sub(before + 1), theme.ellipsis());
    match row {
        Row::Heading(text) => Line::from(vec![Span::raw(" "), Span::styled(fits(text, 1), theme.style(Role::Heading))]),
        Row::Fact(text) | Row::Hint(text) => {
            Line::from(vec![Span::raw("   "), Span::styled(fits(text, 3), theme.style(Role::Quiet))])
        }
        Row::Thing((unicode, ascii, role), text) => {
            let mark = if theme.is_unicode { unicode } else { ascii };
            let pointer = if is_selected { "> " } else { "  " };
            Line::from(vec![Span::raw(pointer), Span::styled(format!("{mark} "), theme.style(*role)), Span::raw(fits(text, 4))])
        }
    }
}

/// The rows in plain lines, one after the other; where there are no keys, they are not spoken of.
pub(super) fn plain(rows: &[Row]) -> Vec<String> {
    let line = |row: &Row| match row {
        Row::Heading(text) => Some(visible(text)),
        Row::Fact(text) => Some(format!("  {}", visible(text))),
        Row::Hint(_) => None,
        Row::Thing((_, ascii, _), text) => Some(format!("  {ascii} {}", visible(text))),
    };
    rows.iter().filter_map(line).collect()
}
