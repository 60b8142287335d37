//! A build: what failed and why first, what is fetched, and what is built as a tree or a list.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{facts, looks};
use crate::nix::build_history::Outcome;
use crate::nix::build_picture::{Derived, Picture, Stage};
use crate::tui::build_order::End;
use crate::tui::keymap::{self, Action, BuildAction, Context};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::tui::widget::{list, put, rule, seen};
use crate::ui::build_view::{counted, timed};
use crate::ui::columns::{self, count};
use crate::ui::style::Role;
use crate::ui::visible;

/// The build.
#[derive(Debug)]
pub(super) struct Run {
    /// What is built, as Nix is told.
    pub(super) what: Vec<String>,
    /// When it began, in milliseconds since 1970.
    begun: u64,
    pub(super) picture: Picture,
    /// Why it is built anew.
    pub(super) reasons: Vec<String>,
    pub(super) end: Option<End>,
    /// The derivation that is selected; the one that matters most when none is.
    selected: Option<String>,
    pub(super) is_flat: bool,
    /// Whether somebody here has stopped it.
    pub(super) is_stopping: bool,
}

/// Deeper levels of a tree are drawn like this one.
const DEEPEST: usize = 10;
/// Fewer rows of derivations than this are never left.
const FEWEST: u16 = 3;

/// Where everything stands.
struct Layout {
    head: Rect,
    rule: Rect,
    rows: Rect,
}

impl Run {
    pub(super) fn new(what: Vec<String>, now: u64) -> Self {
        Self {
            what,
            begun: now,
            picture: Picture::default(),
            reasons: Vec::new(),
            end: None,
            selected: None,
            is_flat: false,
            is_stopping: false,
        }
    }

    pub(super) const fn is_alive(&self) -> bool {
        self.end.is_none()
    }

    pub(super) fn see(&mut self, picture: Picture) {
        if self.is_alive() {
            self.picture = picture;
        }
    }

    /// Takes the end in, and says it in a line.
    pub(super) fn end(&mut self, end: End, now: u64) -> String {
        // A run that came to nothing leaves what was known of it.
        if !end.picture.derivations.is_empty() || self.picture.derivations.is_empty() {
            self.picture = end.picture.clone();
        }
        self.end = Some(end);
        format!("{}: {}", self.what.join(" "), self.status(now))
    }

    fn elapsed(&self, now: u64) -> Duration {
        if self.is_alive() { Duration::from_millis(now.saturating_sub(self.begun)) } else { self.picture.at }
    }

    /// The path of what was built.
    pub(super) fn path(&self) -> Option<String> {
        let mut accounts = self.end.iter().flat_map(|end| &end.accounts);
        accounts.find_map(|account| account.run.outputs.get("out").or_else(|| account.run.outputs.values().next()).cloned())
    }

    /// How it stands, in a line.
    pub(super) fn status(&self, now: u64) -> String {
        let numbers = counted(&self.picture.counts, &visible(&self.picture.status), self.elapsed(now));
        match (&self.end, self.is_stopping) {
            (None, true) => format!("stopping, asked by you | {numbers}"),
            (None, false) => numbers,
            (Some(end), by_you) => {
                let failed = end.picture.broken.len();
                let word = match end.outcome {
                    Outcome::Succeeded if self.picture.derivations.is_empty() => "built: everything was there".to_owned(),
                    Outcome::Failed if failed > 0 => format!("{} failed", count(failed, "derivation", "derivations")),
                    Outcome::Succeeded => "done".to_owned(),
                    Outcome::Interrupted if by_you => "stopped by you".to_owned(),
                    other => other.word().to_owned(),
                };
                let numbers = if numbers.starts_with("evaluating") { numbers.replace("evaluating, ", "") } else { numbers };
                format!("{word} | {numbers}")
            }
        }
    }

    /// Everything that is known, in lines.
    pub(super) fn facts(&self) -> Vec<String> {
        facts::all(self)
    }

    /// The derivations in the order in which they are shown, with what is drawn before their names.
    fn rows(&self, theme: Theme) -> Vec<(&Derived, String)> {
        let derived = |index: usize| self.picture.derivations.get(index);
        if self.is_flat {
            return self.picture.flat().into_iter().filter_map(|index| Some((derived(index)?, String::new()))).collect();
        }
        let nodes = self.picture.tree.iter();
        nodes.filter_map(|node| Some((derived(node.index)?, branches(&node.goes_on, theme)))).collect()
    }

    /// The row that is selected: the one somebody has gone to, else what failed first, else what runs.
    fn index(&self, rows: &[(&Derived, String)]) -> usize {
        let of = |test: &dyn Fn(&Derived) -> bool| rows.iter().position(|(derived, _)| test(derived));
        let chosen = self.selected.as_ref().and_then(|path| of(&|derived| derived.path == *path));
        chosen
            .or_else(|| of(&|derived| matches!(derived.stage, Stage::Failed(_))))
            .or_else(|| of(&|derived| derived.stage == Stage::Running))
            .unwrap_or_default()
    }

    /// The selected derivation, and whether its lines came in this run.
    pub(super) fn selected(&self) -> Option<(String, bool)> {
        let rows = self.rows(Theme::plain());
        let (derived, _) = rows.get(self.index(&rows))?;
        Some((derived.path.clone(), derived.lines > 0 || derived.stage == Stage::Running))
    }

    pub(super) fn act(&mut self, action: Action, area: Rect) {
        let rows = self.rows(Theme::plain());
        let page = usize::from(self.layout(area, Theme::plain()).rows.height);
        let to = list::moved(self.index(&rows), action, rows.len(), page);
        let path = rows.get(to).map(|(derived, _)| derived.path.clone());
        self.selected = path;
    }

    pub(super) fn point(&mut self, mouse: Mouse, area: Rect) {
        match mouse {
            Mouse::WheelUp(..) => self.act(Action::Up, area),
            Mouse::WheelDown(..) => self.act(Action::Down, area),
            Mouse::Click(_, row) => {
                let rows = self.rows(Theme::plain());
                let place = self.layout(area, Theme::plain()).rows;
                let first = list::first_row(self.index(&rows), rows.len(), usize::from(place.height));
                let path = list::row_at(place, row, first, rows.len()).and_then(|index| rows.get(index));
                if let Some(path) = path.map(|(derived, _)| derived.path.clone()) {
                    self.selected = Some(path);
                }
            }
        }
    }

    /// What is said above takes the room that the derivations leave, and at least a half when they need more.
    fn layout(&self, area: Rect, theme: Theme) -> Layout {
        let lines = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let head = lines(facts::head(self, usize::from(area.width), theme).len());
        let rows = lines(self.picture.derivations.len()).max(FEWEST);
        let most = area.height.saturating_sub(rows.saturating_add(1)).max(area.height / 2);
        let head = head.min(most).min(area.height.saturating_sub(FEWEST + 1));
        let at = |row: u16, height: u16| Rect { y: area.y + row.min(area.height), height: height.min(area.height), ..area };
        Layout { head: at(0, head), rule: at(head, 1), rows: at(head + 1, area.height.saturating_sub(head + 1)) }
    }

    pub(super) fn draw(&self, now: u64, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let layout = self.layout(area, theme);
        let head = facts::head(self, usize::from(area.width), theme);
        for (row, line) in (0..layout.head.height).zip(&head) {
            put(buffer, layout.head, (0, row), line);
        }
        let rows = self.rows(theme);
        let (selected, height) = (self.index(&rows), usize::from(layout.rows.height));
        let first = list::first_row(selected, rows.len(), height);
        let shape = if self.is_flat { "list" } else { "tree" };
        let title =
            columns::cut(&format!("{}, {shape}", visible(&self.what.join(" "))), usize::from(area.width) / 2, theme.ellipsis());
        let left_out = head.len().saturating_sub(usize::from(layout.head.height));
        let end = match (left_out, seen(first, height, rows.len(), "derivations")) {
            (0, end) => end,
            (hidden, _) => {
                let key = keymap::key(Context::Build, Action::Build(BuildAction::Facts));
                format!("{key}: {} more", count(hidden, "line", "lines"))
            }
        };
        rule(buffer, layout.rule, (&title, &end), theme);
        if rows.is_empty() {
            let said = if self.is_alive() { " Nothing is built yet" } else { " Nothing had to be built" };
            put(buffer, layout.rows, (0, 0), &Line::styled(said, theme.style(Role::Quiet)));
        }
        let elapsed = self.elapsed(now);
        let shown = rows.iter().enumerate().skip(first).take(height).map(|(index, (derived, branches))| {
            let is_selected = index == selected;
            (row(derived, branches, (is_selected, elapsed, usize::from(area.width)), theme), is_selected)
        });
        list::draw(shown, layout.rows, buffer, theme);
    }
}

/// What is drawn before a name in the tree.
fn branches(goes_on: &[bool], theme: Theme) -> String {
    let (line, fork, corner) = if theme.is_unicode { ("│ ", "├ ", "└ ") } else { ("| ", "|-", "`-") };
    // Those that nobody needs have nothing above them.
    let Some((own, above)) = goes_on.get(1..).and_then(<[bool]>::split_last) else { return String::new() };
    let hidden = above.len().saturating_sub(DEEPEST);
    let deep = if hidden > 0 { theme.ellipsis() } else { "" };
    let above: String = above.iter().skip(hidden).map(|goes_on| if *goes_on { line } else { "  " }).collect();
    format!("{deep}{above}{}", if *own { fork } else { corner })
}

/// What is said of a derivation behind its name.
fn state(derived: &Derived, now: Duration, phase: &str) -> String {
    let mut parts = vec![derived.stage.word().to_owned()];
    if let Stage::Blocked(cause) = &derived.stage {
        parts.push(format!("needs {}", visible(cause)));
    }
    if !phase.is_empty() && !matches!(derived.stage, Stage::Done | Stage::Blocked(_)) {
        parts.push(visible(phase));
    }
    match (derived.elapsed(now), derived.estimate, &derived.stage) {
        (Some(elapsed), estimate, Stage::Running) => parts.push(timed(elapsed, estimate)),
        (Some(elapsed), ..) => parts.push(timed(elapsed, None)),
        (None, Some(estimate), Stage::Planned) => parts.push(format!("about {}", timed(estimate, None))),
        (None, ..) => {}
    }
    if !derived.machine.is_empty() {
        parts.push(format!("on {}", visible(&derived.machine)));
    }
    parts.join(" ")
}

fn row(derived: &Derived, branches: &str, (is_selected, now, width): (bool, Duration, usize), theme: Theme) -> Line<'static> {
    let pointer = if is_selected { ">" } else { " " };
    let (symbol, role) = looks::stage(&derived.stage, theme);
    let room = width.saturating_sub(5 + columns::width(branches));
    let name = visible(derived.name());
    let fits = |state: &String| columns::width(&name) + columns::width(state) + 2 <= room;
    // Where there is little room, the name is worth more than the phase.
    let whole = Some(state(derived, now, &derived.phase)).filter(fits);
    let state = whole.unwrap_or_else(|| state(derived, now, ""));
    let name = columns::cut(&name, room.saturating_sub(columns::width(&state) + 2).max(8), theme.ellipsis());
    let left = room.saturating_sub(columns::width(&name) + columns::width(&state) + 4);
    let is_spoken = left > 10 && derived.stage == Stage::Running;
    let last = if is_spoken { columns::cut(&visible(derived.last.trim()), left, theme.ellipsis()) } else { String::new() };
    Line::from(vec![
        Span::raw(format!("{pointer} ")),
        Span::styled(branches.to_owned(), theme.style(Role::Quiet)),
        Span::styled(format!("{symbol} "), theme.style(role)),
        Span::raw(format!("{name}  ")),
        Span::styled(state, theme.style(role)),
        Span::styled(format!("  {last}"), theme.style(Role::Quiet)),
    ])
}
