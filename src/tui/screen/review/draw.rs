//! Where everything of a review stands, and how it is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::ReviewScreen;
use super::entry::{Entry, Passage, Tone};
use crate::tui::keymap::{self, Action};
use crate::tui::theme::Theme;
use crate::tui::widget::{put, rule, seen};
use crate::ui::columns;
use crate::ui::style::Role;

/// From this width on, steps and explanation are side by side.
const WIDE: u16 = 100;
/// The column of labels.
const LABEL: usize = 11;

/// Where everything stands.
struct Layout {
    header: Rect,
    list: Rect,
    /// The line between them: above the detail, or the column before it.
    between: Rect,
    detail: Rect,
}

impl ReviewScreen {
    fn layout(&self, area: Rect) -> Layout {
        let header = Rect { height: area.height.min(1), ..area };
        let below = |row: u16| Rect { y: area.y + row, height: area.height.saturating_sub(row), ..area };
        if self.is_zoomed {
            let nothing = Rect { width: 0, height: 0, ..area };
            return Layout { header, list: nothing, between: Rect { height: 1, ..below(1) }, detail: below(2) };
        }
        if area.width >= WIDE {
            let body = below(2);
            let left = (area.width * 9 / 20).min(70);
            let right = |column: u16| Rect { x: body.x + column, width: body.width - column, ..body };
            let list = Rect { width: left, ..body };
            return Layout { header, list, between: Rect { width: 1, ..right(left) }, detail: right(left + 2) };
        }
        let rows = u16::try_from(self.entries.len()).unwrap_or(u16::MAX).clamp(1, (area.height.saturating_sub(3) / 2).max(1));
        let list = Rect { height: rows, ..below(2) };
        Layout { header, list, between: Rect { height: 1, ..below(2 + rows) }, detail: below(3 + rows) }
    }

    /// How many lines of the detail are seen, and how many there are.
    pub(super) fn detail_size(&self, area: Rect) -> (usize, usize) {
        let detail = self.layout(area).detail;
        (usize::from(detail.height), self.detail(usize::from(detail.width), Theme::plain()).len())
    }

    pub(in crate::tui) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let layout = self.layout(area);
        self.draw_header(layout.header, buffer, theme);
        let rows = seen(self.first_row(layout.list), usize::from(layout.list.height), self.entries.len(), "rows");
        let above = Rect {
            y: area.y + 1,
            height: 1,
            width: if layout.between.width == 1 { layout.list.width } else { area.width },
            ..area
        };
        rule(buffer, above, ("", if self.is_zoomed { "" } else { &rows }), theme);
        self.draw_list(layout.list, buffer, theme);
        let lines = self.detail(usize::from(layout.detail.width), theme);
        let height = usize::from(layout.detail.height);
        let offset = self.offset.min(lines.len().saturating_sub(height));
        let end = seen(offset, height, lines.len(), "lines");
        let end = if end.is_empty() { end } else { format!("{end}, {}", keymap::key(self.context(), Action::PageDown)) };
        if layout.between.width > 1 {
            rule(buffer, layout.between, (self.detail_title(), &end), theme);
        } else {
            let edge = Line::styled(theme.vertical(), theme.style(Role::Quiet));
            (0..layout.between.height).for_each(|row| put(buffer, layout.between, (0, row), &edge));
            // There is no rule of its own to say it in.
            let right =
                Rect { x: layout.between.x, y: area.y + 1, width: area.right().saturating_sub(layout.between.x), height: 1 };
            rule(buffer, right, (self.detail_title(), &end), theme);
        }
        for (row, line) in (0..layout.detail.height).zip(lines.iter().skip(offset)) {
            put(buffer, layout.detail, (0, row), line);
        }
    }

    const fn detail_title(&self) -> &'static str {
        if self.is_zoomed { "Changes" } else { "Step" }
    }

    fn draw_header(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let room = usize::from(area.width).saturating_sub(2);
        let zoomed = self.selected().filter(|_| self.is_zoomed).map(|entry| format!("{}. {}", entry.label(), entry.title));
        let is_plan = zoomed.is_none();
        let title = columns::cut(&zoomed.unwrap_or_else(|| self.title.clone()), room, theme.ellipsis());
        let left = room.saturating_sub(columns::width(&title) + 4);
        let mut spans = vec![Span::raw(" "), Span::styled(title, theme.style(Role::Heading))];
        if is_plan && left > 8 {
            spans.push(Span::styled(
                format!(" in {}", columns::cut(&self.place, left, theme.ellipsis())),
                theme.style(Role::Quiet),
            ));
        }
        put(buffer, area, (0, 0), &Line::from(spans));
    }

    /// The first row of the list: the selected one is in the middle, as far as there are rows.
    fn first_row(&self, area: Rect) -> usize {
        let height = usize::from(area.height);
        self.selected.saturating_sub(height / 2).min(self.entries.len().saturating_sub(height))
    }

    fn draw_list(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let first = self.first_row(area);
        let columns = Columns::of(&self.entries, usize::from(area.width));
        for (row, (index, entry)) in (0..area.height).zip(self.entries.iter().enumerate().skip(first)) {
            let is_selected = index == self.selected;
            let line = columns.line(entry, self.off.contains(&entry.id), is_selected, theme);
            put(buffer, area, (0, row), &line);
            if is_selected {
                let place = Rect { y: area.y + row, height: 1, ..area }.intersection(buffer.area);
                buffer.set_style(place, theme.selected());
            }
        }
    }

    /// What is said of the selected row.
    fn detail(&self, columns: usize, theme: Theme) -> Vec<Line<'_>> {
        let Some(entry) = self.selected() else { return vec![Line::raw("There is nothing to do.")] };
        if self.is_zoomed {
            return entry.changes.iter().flat_map(|(tone, line)| wrapped(*tone, line, columns, theme)).collect();
        }
        entry.explanation.iter().flat_map(|passage| labelled(passage, columns, theme)).collect()
    }
}

/// The widths of what a row is made of.
struct Columns {
    number: usize,
    title: usize,
    root: usize,
    download: usize,
    undo: usize,
}

impl Columns {
    fn of(entries: &[Entry], all: usize) -> Self {
        let widest = |text: fn(&Entry) -> usize| entries.iter().map(text).max().unwrap_or_default();
        let with_gap = |width: usize| if width == 0 { 0 } else { width + 2 };
        let number = widest(|entry| entry.label().len());
        let root = if entries.iter().any(|entry| entry.needs_root) { 6 } else { 0 };
        let download = with_gap(widest(|entry| entry.download.len()));
        let undo = with_gap(widest(|entry| entry.undo.len()));
        // `> `, the number with its period, the mark with its space, and a margin.
        let title = all.saturating_sub(2 + number + 2 + 4 + root + download + undo + 1);
        Self { number, title, root, download, undo }
    }

    fn line(&self, entry: &Entry, is_off: bool, is_selected: bool, theme: Theme) -> Line<'static> {
        let (role, undo) = match entry.is_irreversible {
            _ if is_off || !entry.is_pending() => (Role::Quiet, Role::Quiet),
            true => (Role::Name, Role::Warning),
            false => (Role::Name, Role::Quiet),
        };
        let style = if role == Role::Quiet { theme.style(role) } else { Style::new() };
        let badges = self.root + self.download + self.undo;
        let room = if entry.undo.is_empty() { self.title + badges } else { self.title };
        let title = columns::cut(&entry.title, room, theme.ellipsis());
        let gap = " ".repeat(room.saturating_sub(columns::width(&title)));
        let number = if entry.label().is_empty() { String::new() } else { format!("{}.", entry.label()) };
        let mut spans = vec![
            Span::raw(if is_selected { "> " } else { "  " }),
            Span::styled(format!("{number:>width$} {} ", entry.mark(is_off), width = self.number + 1), style),
            Span::styled(title, style),
            Span::raw(gap),
        ];
        if !entry.undo.is_empty() {
            let badge = if entry.needs_root { "  root" } else { "" };
            spans.push(Span::styled(format!("{badge:width$}", width = self.root), theme.style(Role::Warning)));
            spans.push(Span::raw(format!("{:>width$}", entry.download, width = self.download)));
            let word = format!("  {}", entry.undo);
            spans.push(Span::styled(format!("{word:width$}", width = self.undo), theme.style(undo)));
        }
        Line::from(spans)
    }
}

fn labelled<'a>(passage: &'a Passage, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let room = columns.saturating_sub(LABEL + 1).max(1);
    let lines = passage.lines.iter().flat_map(|(tone, line)| wrapped(*tone, line, room, theme));
    let label = |index: usize| if index == 0 { passage.label } else { "" };
    let with_label = |(index, line): (usize, Line<'a>)| {
        let label = Span::styled(format!(" {:width$}", label(index), width = LABEL - 1), theme.style(Role::Heading));
        Line::from(
            std::iter::once(label).chain(line.spans.into_iter().map(|span| span.patch_style(line.style))).collect::<Vec<_>>(),
        )
    };
    lines.enumerate().map(with_label).collect()
}

fn wrapped(tone: Tone, line: &str, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let style = match tone {
        Tone::Prose | Tone::Plain => Style::new(),
        Tone::Warning => theme.style(Role::Warning),
        Tone::Command | Tone::Added => theme.style(Role::Command),
        Tone::Removed => theme.style(Role::Error),
        Tone::Place => theme.style(Role::Name),
    };
    let lines = match tone {
        Tone::Prose | Tone::Warning => columns::wrap_words(line, columns),
        Tone::Command | Tone::Added | Tone::Removed | Tone::Place | Tone::Plain => columns::wrap_anywhere(line, columns),
    };
    lines.into_iter().map(|line| Line::styled(line, style)).collect()
}
