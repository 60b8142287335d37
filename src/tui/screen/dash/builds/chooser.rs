//! What can be built, with what came of it the last times.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::outdated::Outdated;
use super::looks;
use crate::tui::build_order::{Choice, Trouble};
use crate::tui::keymap::{self, Action, BuildAction, Context};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::tui::widget::{list, put, rule, seen};
use crate::ui::columns::{self, count};
use crate::ui::style::Role;
use crate::ui::visible;

/// The list.
#[derive(Debug, Default)]
pub(super) struct Chooser {
    choices: Vec<Choice>,
    trouble: Option<Trouble>,
    selected: usize,
    /// Those that are chosen besides, by what Nix is told.
    chosen: BTreeSet<String>,
    asked: Asked,
    outdated: Outdated,
}

/// Whether Nix was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    No,
    Waiting,
    Answered,
}

/// How many lines there are for the selected one.
const DETAIL: u16 = 5;
/// Names are not wider than this.
const NAME: usize = 28;

/// Where everything stands.
struct Layout {
    rows: Rect,
    rule: Rect,
    detail: Rect,
}

impl Chooser {
    /// Whether Nix has to be asked now.
    pub(super) fn ask_once(&mut self) -> bool {
        let is_first = self.asked == Asked::No;
        if is_first {
            self.asked = Asked::Waiting;
        }
        is_first
    }

    /// Knows that Nix is asked.
    pub(super) fn ask_again(&mut self) {
        self.asked = Asked::Waiting;
        self.outdated.forget();
    }

    /// Knows that files were changed.
    pub(super) fn outdate(&mut self, files: &[Utf8PathBuf]) {
        if self.asked != Asked::No {
            self.outdated.remember(files);
        }
    }

    /// Takes the answer.
    pub(super) fn take(&mut self, choices: Vec<Choice>, trouble: Option<Trouble>) {
        let selected = self.selected().map(|choice| choice.installable.clone());
        let place = choices.iter().position(|choice| Some(&choice.installable) == selected.as_ref());
        self.chosen.retain(|chosen| choices.iter().any(|choice| choice.installable == *chosen));
        (self.choices, self.trouble, self.asked) = (choices, trouble, Asked::Answered);
        self.selected = place.unwrap_or_default();
    }

    fn selected(&self) -> Option<&Choice> {
        self.choices.get(self.selected)
    }

    /// What is built: the chosen ones, else the selected one.
    pub(super) fn targets(&self) -> Vec<String> {
        let chosen = self.choices.iter().filter(|choice| self.chosen.contains(&choice.installable));
        let chosen: Vec<String> = chosen.map(|choice| choice.installable.clone()).collect();
        if chosen.is_empty() { self.selected().map(|choice| choice.installable.clone()).into_iter().collect() } else { chosen }
    }

    /// The path of what was built of the selected one.
    pub(super) fn path(&self) -> Option<String> {
        let last = self.selected()?.runs.iter().find(|run| !run.outputs.is_empty())?;
        last.outputs.get("out").or_else(|| last.outputs.values().next()).cloned()
    }

    pub(super) fn status(&self) -> String {
        let key = keymap::key(Context::Builds, Action::Build(BuildAction::List));
        match (self.asked, self.chosen.len()) {
            (Asked::No | Asked::Waiting, _) => "Nix is asked what can be built".to_owned(),
            (Asked::Answered, 0) => {
                let can_be_built = || format!("{} can be built", count(self.choices.len(), "output", "outputs"));
                self.outdated.words(key).unwrap_or_else(can_be_built)
            }
            (Asked::Answered, chosen) => format!("{chosen} chosen: {}", self.targets().join(" ")),
        }
    }

    pub(super) fn act(&mut self, action: Action, area: Rect) {
        let page = usize::from(self.layout(area, Theme::plain()).rows.height);
        match action {
            Action::Toggle => {
                if let Some(installable) = self.selected().map(|choice| choice.installable.clone())
                    && !self.chosen.remove(&installable)
                {
                    self.chosen.insert(installable);
                }
                self.selected = list::moved(self.selected, Action::Down, self.choices.len(), page);
            }
            Action::Cancel => self.chosen.clear(),
            action => self.selected = list::moved(self.selected, action, self.choices.len(), page),
        }
    }

    pub(super) fn point(&mut self, mouse: Mouse, area: Rect) {
        match mouse {
            Mouse::WheelUp(..) => self.act(Action::Up, area),
            Mouse::WheelDown(..) => self.act(Action::Down, area),
            Mouse::Click(_, row) => {
                let rows = self.layout(area, Theme::plain()).rows;
                if let Some(index) = list::row_at(rows, row, self.first_row(rows), self.choices.len()) {
                    self.selected = index;
                }
            }
        }
    }

    fn first_row(&self, rows: Rect) -> usize {
        list::first_row(self.selected, self.choices.len(), usize::from(rows.height))
    }

    /// Why something is not known takes the place at the top, but never more than half of it.
    fn layout(&self, area: Rect, theme: Theme) -> Layout {
        let trouble = u16::try_from(self.trouble_lines(usize::from(area.width), theme).len()).unwrap_or(u16::MAX);
        let most = if self.choices.is_empty() { area.height } else { area.height / 2 };
        let above = trouble.min(most);
        let detail = DETAIL.min((area.height - above).saturating_sub(4));
        let rows = (area.height - above).saturating_sub(detail + 1);
        let at = |row: u16, height: u16| Rect { y: area.y + row.min(area.height), height: height.min(area.height), ..area };
        Layout { rows: at(above, rows), rule: at(above + rows, 1), detail: at(above + rows + 1, detail) }
    }

    fn trouble_lines(&self, width: usize, theme: Theme) -> Vec<Line<'static>> {
        let Some(trouble) = &self.trouble else { return Vec::new() };
        let room = width.saturating_sub(4).max(1);
        let key = keymap::key(Context::Builds, Action::Build(BuildAction::Type));
        let typing = format!("{key} types what is to be built");
        let why = trouble.why.iter().map(|why| (visible(why), Role::Error));
        let hints = trouble.hints.iter().map(|hint| (visible(hint), Role::Hint)).chain([(typing, Role::Hint)]);
        let lines = why.flat_map(|(text, role)| columns::wrap_words(&text, room).into_iter().map(move |line| (line, role)));
        let lines: Vec<(String, Role)> = lines.take(12).collect();
        let hints = hints.flat_map(|(text, role)| columns::wrap_words(&text, room).into_iter().map(move |line| (line, role)));
        let first = std::iter::once(" ! ").chain(std::iter::repeat("   "));
        let all = lines.into_iter().chain(hints).zip(first);
        all.map(|((text, role), mark)| Line::styled(format!("{mark}{text}"), theme.style(role))).collect()
    }

    pub(super) fn draw(&self, now: u64, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let layout = self.layout(area, theme);
        for (row, line) in (0..layout.rows.y.saturating_sub(area.y)).zip(self.trouble_lines(usize::from(area.width), theme)) {
            put(buffer, area, (0, row), &line);
        }
        if self.choices.is_empty() {
            if self.trouble.is_none() {
                let said = if self.asked == Asked::Answered {
                    " The flake offers nothing for this system"
                } else {
                    " Nix is asked what can be built"
                };
                put(buffer, area, (0, 0), &Line::styled(said, theme.style(Role::Quiet)));
            }
            return;
        }
        let (all, height) = (self.choices.len(), usize::from(layout.rows.height));
        let first = self.first_row(layout.rows);
        let names = self.choices.iter().map(|choice| columns::width(&choice.installable)).max().unwrap_or_default().min(NAME);
        let rows = self.choices.iter().enumerate().skip(first).take(height).map(|(index, choice)| {
            let is_selected = index == self.selected;
            (self.row(choice, (is_selected, names, usize::from(area.width)), now, theme), is_selected)
        });
        list::draw(rows, layout.rows, buffer, theme);
        let title = self.selected().map(|choice| visible(&choice.derivation)).unwrap_or_default();
        let title = columns::cut(&title, usize::from(area.width) / 2, theme.ellipsis());
        rule(buffer, layout.rule, (&title, &seen(first, height, all, "outputs")), theme);
        self.draw_detail(now, layout.detail, buffer, theme);
    }

    fn row(&self, choice: &Choice, (is_selected, names, width): (bool, usize, usize), now: u64, theme: Theme) -> Line<'static> {
        let pointer = if is_selected { ">" } else { " " };
        let mark = if self.chosen.contains(&choice.installable) { "[x] " } else { "[ ] " };
        let name = columns::cut(&visible(&choice.installable), names, theme.ellipsis());
        let gap = " ".repeat(names.saturating_sub(columns::width(&name)) + 2);
        let (symbol, role, last) = match choice.runs.first() {
            Some(run) => {
                let (symbol, role) = looks::outcome(run.outcome, theme);
                (symbol, role, looks::run(run, now))
            }
            None => (' ', Role::Quiet, visible(&choice.description)),
        };
        let room = width.saturating_sub(names + 10);
        let last = columns::cut(&last, room, theme.ellipsis());
        Line::from(vec![
            Span::raw(format!("{pointer} {mark}{name}{gap}")),
            Span::styled(format!("{symbol} "), theme.style(role)),
            Span::styled(last, theme.style(Role::Quiet)),
        ])
    }

    fn draw_detail(&self, now: u64, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let Some(choice) = self.selected() else { return };
        let room = usize::from(area.width).saturating_sub(4);
        let kind = if choice.output.is_empty() { "built before" } else { choice.output.as_str() };
        let about = if choice.description.is_empty() { kind.to_owned() } else { format!("{kind}: {}", choice.description) };
        put(buffer, area, (1, 0), &Line::raw(columns::cut(&visible(&about), room, theme.ellipsis())));
        for (row, run) in (1..area.height).zip(&choice.runs) {
            let (symbol, role) = looks::outcome(run.outcome, theme);
            let text = columns::cut(&visible(&looks::run(run, now)), room, theme.ellipsis());
            put(
                buffer,
                area,
                (1, row),
                &Line::from(vec![Span::styled(format!("{symbol} "), theme.style(role)), Span::raw(text)]),
            );
        }
    }
}

/// What can be built and what came of it last, in plain lines.
pub fn plain_builds(choices: &[Choice], trouble: Option<&Trouble>, now: u64) -> Vec<String> {
    let why = trouble.iter().flat_map(|trouble| &trouble.why).map(|why| format!("  ! {}", visible(why)));
    let hints = trouble.iter().flat_map(|trouble| &trouble.hints).map(|hint| format!("    {}", visible(hint)));
    let mut lines: Vec<String> = why.chain(hints).collect();
    if choices.is_empty() && trouble.is_none() {
        lines.push("  The flake offers nothing for this system".to_owned());
    }
    lines.extend(choices.iter().map(|choice| {
        let name = visible(&choice.installable);
        match choice.runs.first() {
            Some(run) => {
                let (symbol, _) = looks::outcome(run.outcome, Theme::plain());
                format!("  {symbol} {name}: {}", visible(&looks::run(run, now)))
            }
            None if choice.description.is_empty() => format!("  - {name}: not built yet"),
            None => format!("  - {name}: not built yet; {}", visible(&choice.description)),
        }
    }));
    lines
}
