//! Where everything of an edit stands, and how it is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use secrecy::ExposeSecret;

use super::entry::{Entry, Kind};
use super::{Mode, SecretsScreen, Shown};
use crate::secret::form::{Draft, Field, State};
use crate::secret::mask;
use crate::tui::keymap::{self, Action};
use crate::tui::theme::Theme;
use crate::tui::widget::{put, rule, seen};
use crate::ui::columns;
use crate::ui::style::Role;
use crate::ui::visible;

/// From this width on, variables and help are side by side.
const WIDE: u16 = 100;
/// What comes before the name: the mark of what is selected, the symbol and the word of its state.
const BEFORE: usize = 2 + 2 + 7 + 2;
/// Where everything stands.
struct Layout {
    header: Rect,
    list: Rect,
    /// The line above the help.
    rule: Rect,
    detail: Rect,
    is_wide: bool,
}

fn layout(area: Rect, fields: usize) -> Layout {
    let header = Rect { height: area.height.min(1), ..area };
    let below = |row: u16| Rect { y: area.y + row, height: area.height.saturating_sub(row), ..area };
    let row = |area: Rect| Rect { height: area.height.min(1), ..area };
    if area.width >= WIDE {
        let left = (area.width / 2).min(76);
        let right = |area: Rect, gap: u16| Rect { x: area.x + left + gap, width: area.width - left - gap, ..area };
        let list = Rect { width: left, ..below(2) };
        return Layout { header, list, rule: right(row(below(1)), 0), detail: right(below(2), 2), is_wide: true };
    }
    let most = (area.height.saturating_sub(3) / 2).max(1);
    let rows = u16::try_from(fields).unwrap_or(u16::MAX).clamp(1, most);
    let list = Rect { height: rows, ..below(2) };
    Layout { header, list, rule: row(below(2 + rows)), detail: below(3 + rows), is_wide: false }
}

impl SecretsScreen {
    /// How many lines of the help are seen, and how many there are.
    pub(super) fn detail_size(&self, area: Rect) -> (usize, usize) {
        let detail = layout(area, self.form.fields.len()).detail;
        let theme = Theme::plain();
        (usize::from(detail.height), self.detail(usize::from(detail.width), theme).len())
    }

    pub(in crate::tui) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let layout = layout(area, self.form.fields.len());
        let title = columns::cut(&self.title, usize::from(area.width).saturating_sub(2), theme.ellipsis());
        put(buffer, layout.header, (1, 0), &Line::styled(title, theme.style(Role::Heading)));
        let rows = seen(self.first_row(layout.list), usize::from(layout.list.height), self.form.fields.len(), "rows");
        let above = Rect { y: area.y + 1, height: 1, width: layout.list.width, ..area };
        rule(buffer, above, ("", &rows), theme);
        self.draw_list(layout.list, buffer, theme);
        let lines = self.detail(usize::from(layout.detail.width), theme);
        let height = usize::from(layout.detail.height);
        let offset = self.offset.min(lines.len().saturating_sub(height));
        let end = seen(offset, height, lines.len(), "lines");
        let end = if end.is_empty() { end } else { format!("{end}, {}", keymap::key(self.context(), Action::PageDown)) };
        rule(buffer, layout.rule, (&self.detail_title(), &end), theme);
        if layout.is_wide {
            let edge = Line::styled(theme.vertical(), theme.style(Role::Quiet));
            (0..layout.detail.height).for_each(|row| put(buffer, layout.detail, (0, row), &edge));
        }
        let detail = if layout.is_wide { inside(layout.detail) } else { layout.detail };
        for (row, line) in (0..detail.height).zip(lines.iter().skip(offset)) {
            put(buffer, detail, (0, row), line);
        }
    }

    fn detail_title(&self) -> String {
        self.field().map(|field| visible(&field.name)).unwrap_or_default()
    }

    /// The first row of the list: the selected one is in the middle, as far as there are rows.
    fn first_row(&self, area: Rect) -> usize {
        let height = usize::from(area.height);
        self.selected.saturating_sub(height / 2).min(self.form.fields.len().saturating_sub(height))
    }

    fn draw_list(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        if self.form.fields.is_empty() {
            put(buffer, area, (2, 0), &Line::raw("There is no variable yet."));
        }
        let widest = self.form.fields.iter().map(|field| columns::width(&field.name)).max().unwrap_or_default();
        let room = usize::from(area.width).saturating_sub(BEFORE + 2);
        let key = widest.min(room / 2);
        let first = self.first_row(area);
        for (row, (index, field)) in (0..area.height).zip(self.form.fields.iter().enumerate().skip(first)) {
            let is_selected = index == self.selected;
            let mut spans = before_value(field, is_selected, key, theme);
            match &self.mode {
                Mode::Type(Entry { kind: Kind::Value, line }) if is_selected => {
                    spans.extend(self.typed(line.parts(), field, room.saturating_sub(key + 1), theme));
                }
                _ => {
                    let value = self.value(field, is_selected, theme);
                    spans.push(Span::raw(columns::cut(&value, room.saturating_sub(key), theme.ellipsis())));
                }
            }
            put(buffer, area, (0, row), &Line::from(spans));
            if is_selected && matches!(self.mode, Mode::Browse) {
                let place = Rect { y: area.y + row, height: 1, ..area }.intersection(buffer.area);
                buffer.set_style(place, theme.selected());
            }
        }
    }

    /// The value of a row as it may be seen.
    fn value(&self, field: &Field, is_selected: bool, theme: Theme) -> String {
        match field.draft() {
            Some(Draft::Generate(_)) => return "made at random on saving".to_owned(),
            Some(Draft::Unset) => return "taken out on saving".to_owned(),
            Some(Draft::Value(_)) | None => {}
        }
        let default = || field.default().map(visible).unwrap_or_default();
        let Some(value) = field.value().map(ExposeSecret::expose_secret) else {
            return field.only_in().map_or_else(default, |file| format!("in {}", visible(file)));
        };
        match self.revealed.filter(|_| is_selected).map(|(shown, _)| shown) {
            _ if value.is_empty() && field.default().is_some() => default(),
            _ if value.is_empty() => "empty".to_owned(),
            Some(Shown::Whole) => visible(value),
            Some(Shown::Tail) => visible(&dotted(&mask::mask_with_end(value), theme)),
            None if field.is_public() => visible(value),
            None => dotted(mask::mask(value), theme),
        }
    }

    /// What is typed, with a cursor: hidden, or the part around the cursor.
    fn typed(&self, (before, after): (&str, &str), field: &Field, room: usize, theme: Theme) -> Vec<Span<'static>> {
        let cursor = |text: String| Span::styled(text, theme.selected());
        if before.is_empty() && after.is_empty() {
            return vec![cursor(" ".to_owned()), Span::styled(" type or paste", theme.style(Role::Quiet))];
        }
        if field.is_sensitive() && self.revealed.is_none() {
            let masked = dotted(mask::mask(if before.is_empty() { after } else { before }), theme);
            let cursor = cursor(" ".to_owned());
            return if before.is_empty() { vec![cursor, Span::raw(masked)] } else { vec![Span::raw(masked), cursor] };
        }
        let at = after.chars().next().map_or_else(|| " ".to_owned(), |character| visible(&character.to_string()));
        let behind: String = after.chars().skip(1).collect();
        let left = room.saturating_sub(columns::width(&at));
        let front = end_of(&visible(before), left.saturating_sub(left.min(8).min(columns::width(&behind))));
        let back = columns::cut(&visible(&behind), left.saturating_sub(columns::width(&front)), theme.ellipsis());
        vec![Span::raw(front), cursor(at), Span::raw(back)]
    }
}

/// The state and the name of a row.
fn before_value(field: &Field, is_selected: bool, key: usize, theme: Theme) -> Vec<Span<'static>> {
    let state = field.state();
    let (symbol, role) = mark(state, theme);
    let style = role.map_or(Style::new(), |role| theme.style(role));
    let name = columns::cut(&visible(&field.name), key, theme.ellipsis());
    let gap = " ".repeat(key.saturating_sub(columns::width(&name)) + 2);
    vec![
        Span::raw(if is_selected { "> " } else { "  " }),
        Span::styled(format!("{symbol} {:7}  ", state.word()), style),
        Span::styled(name, theme.style(Role::Name)),
        Span::raw(gap),
    ]
}

/// The symbol of a state, and how it looks.
fn mark(state: State, theme: Theme) -> (&'static str, Option<Role>) {
    let pick = |unicode: &'static str, ascii: &'static str| if theme.is_unicode { unicode } else { ascii };
    match state {
        State::Set => (pick("✓", "v"), Some(Role::Success)),
        State::Missing => ("!", Some(Role::Warning)),
        State::Optional => (pick("·", "."), Some(Role::Quiet)),
        State::Default => ("=", None),
        State::Invalid => (pick("✗", "x"), Some(Role::Error)),
        State::Extra => ("?", None),
        State::Changed => ("~", Some(Role::Warning)),
        State::Removed => ("-", Some(Role::Error)),
    }
}

/// A mask as it is drawn.
fn dotted(mask: &str, theme: Theme) -> String {
    let stars = mask.len() - mask.trim_start_matches('*').len();
    if theme.is_unicode { mask.replacen('*', "•", stars.min(mask::STARS)) } else { mask.to_owned() }
}

/// The end of a text that fits.
fn end_of(text: &str, columns: usize) -> String {
    let mut start = text.len();
    for (place, _) in text.char_indices().rev() {
        if text.get(place..).is_some_and(|rest| columns::width(rest) > columns) {
            break;
        }
        start = place;
    }
    text.get(start..).unwrap_or_default().to_owned()
}

/// The help beside a vertical line.
const fn inside(area: Rect) -> Rect {
    Rect { x: area.x.saturating_add(1), width: area.width.saturating_sub(1), ..area }
}
