//! The table of processes, and what is done with them.

mod table;

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::logs::At;
use super::looks::address;
use super::session::{Session, listed};
use super::{Wish, overview};
use crate::process::{Action as Asked, Process};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{Action, ProcessAction};
use crate::tui::modal::{Menu, Modal};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::tui::widget::{list, put, rule, seen};
use crate::ui::columns;
use crate::ui::style::Role;
use crate::ui::visible;
use table::Table;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// Which one is selected, by its name: the order may change.
    selected: Option<String>,
    /// Those that are chosen besides.
    chosen: BTreeSet<String>,
}

/// How many lines there are for the selected process.
const DETAIL: u16 = 3;

/// Where everything stands.
struct Layout {
    head: Rect,
    rows: Rect,
    rule: Rect,
    detail: Rect,
}

fn layout(area: Rect) -> Layout {
    let detail = if area.height >= 8 + DETAIL { DETAIL } else { area.height.saturating_sub(4).min(DETAIL) };
    let rows = area.height.saturating_sub(detail + 2);
    let below = |row: u16, height: u16| Rect { y: area.y + row.min(area.height), height: height.min(area.height), ..area };
    Layout { head: below(0, 1), rows: below(1, rows), rule: below(1 + rows, 1), detail: below(2 + rows, detail) }
}

impl Processes {
    fn index(&self, session: &Session) -> usize {
        let selected = self.selected.as_deref();
        session.processes.iter().position(|process| Some(process.name.as_str()) == selected).unwrap_or_default()
    }

    fn selected<'a>(&self, session: &'a Session) -> Option<&'a Process> {
        session.processes.get(self.index(session))
    }

    /// Those that an action is for: the chosen ones, else the selected one.
    fn targets(&self, session: &Session) -> Vec<String> {
        let chosen = session.processes.iter().filter(|process| self.chosen.contains(&process.name));
        let chosen: Vec<String> = chosen.map(|process| process.name.clone()).collect();
        if chosen.is_empty() { self.selected(session).map(|process| process.name.clone()).into_iter().collect() } else { chosen }
    }

    pub(super) fn status(&self, session: &Session) -> String {
        let chosen = self.targets(session);
        if self.chosen.is_empty() || chosen.is_empty() {
            return overview::status(session);
        }
        format!("{} chosen: {}", chosen.len(), listed(&chosen))
    }

    pub(super) fn act(&mut self, action: Action, session: &Session, area: Rect) -> Vec<Wish> {
        let targets = self.targets(session);
        match action {
            Action::Process(_) if targets.is_empty() => {
                return vec![Wish::React(Reaction::Say("There is no process".to_owned()))];
            }
            Action::Process(ProcessAction::Start) => return vec![Wish::Ask(Asked::Start, targets)],
            Action::Process(ProcessAction::Stop) => return vec![Wish::Ask(Asked::Stop, targets)],
            Action::Process(ProcessAction::Restart) => return vec![Wish::Ask(Asked::Restart, targets)],
            Action::Process(ProcessAction::Logs) => return vec![Wish::ShowLogs(targets, At::Newest)],
            Action::Process(ProcessAction::Signal) => {
                return vec![Wish::React(Reaction::Open(Modal::Menu(Menu::of_signals(targets))))];
            }
            Action::Copy => return self.copy(session),
            Action::Toggle => self.toggle(session, area),
            Action::Cancel => self.chosen.clear(),
            action => self.step(action, session, area),
        }
        Vec::new()
    }

    fn step(&mut self, action: Action, session: &Session, area: Rect) {
        let page = usize::from(layout(area).rows.height);
        let index = list::moved(self.index(session), action, session.processes.len(), page);
        self.select(index, session);
    }

    fn select(&mut self, index: usize, session: &Session) {
        self.selected = session.processes.get(index).map(|process| process.name.clone());
    }

    fn toggle(&mut self, session: &Session, area: Rect) {
        let Some(name) = self.selected(session).map(|process| process.name.clone()) else { return };
        if !self.chosen.remove(&name) {
            self.chosen.insert(name);
        }
        self.step(Action::Down, session, area);
    }

    fn copy(&self, session: &Session) -> Vec<Wish> {
        let port = self.selected(session).and_then(|process| process.ports.first());
        let Some(port) = port else { return vec![Wish::React(Reaction::Say("It has no port".to_owned()))] };
        let said = format!("Copied {}, if the terminal allows it (OSC 52)", address(port));
        vec![Wish::React(Reaction::Do(Effect::Copy(address(port)))), Wish::React(Reaction::Say(said))]
    }

    pub(super) fn point(&mut self, mouse: Mouse, session: &Session, area: Rect) -> Vec<Wish> {
        match mouse {
            Mouse::WheelUp(..) => self.step(Action::Up, session, area),
            Mouse::WheelDown(..) => self.step(Action::Down, session, area),
            Mouse::Click(_, row) => {
                let rows = layout(area).rows;
                let first = self.first_row(session, rows);
                if let Some(index) = list::row_at(rows, row, first, session.processes.len()) {
                    self.select(index, session);
                }
            }
        }
        Vec::new()
    }

    fn first_row(&self, session: &Session, rows: Rect) -> usize {
        list::first_row(self.index(session), session.processes.len(), usize::from(rows.height))
    }

    pub(super) fn draw(&self, session: &Session, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let layout = layout(area);
        if session.processes.is_empty() {
            let said = " No process is known; the overview says how to declare one";
            put(buffer, layout.head, (0, 0), &Line::styled(said, theme.style(Role::Quiet)));
            return;
        }
        let (all, height) = (session.processes.len(), usize::from(layout.rows.height));
        let first = self.first_row(session, layout.rows);
        let visible_rows: Vec<&Process> = session.processes.iter().skip(first).take(height).collect();
        let table = Table::of(session, &visible_rows, usize::from(area.width), theme);
        put(buffer, layout.head, (0, 0), &table.head(theme));
        let index = self.index(session);
        let rows = visible_rows.iter().enumerate().map(|(row, process)| {
            let is_selected = first + row == index;
            (table.row(row, (is_selected, self.chosen.contains(&process.name)), theme), is_selected)
        });
        list::draw(rows, layout.rows, buffer, theme);
        let title = self.selected(session).map(|process| visible(&process.name)).unwrap_or_default();
        let title = columns::cut(&title, usize::from(area.width) / 2, theme.ellipsis());
        rule(buffer, layout.rule, (&title, &seen(first, height, all, "processes")), theme);
        self.draw_detail(session, layout.detail, buffer);
    }

    fn draw_detail(&self, session: &Session, area: Rect, buffer: &mut Buffer) {
        let Some(process) = self.selected(session) else { return };
        let shown = session.shown(process);
        let room = usize::from(area.width).saturating_sub(2).max(1);
        let ports: Vec<String> = process
            .ports
            .iter()
            .map(|port| if port.name.is_empty() { address(port) } else { format!("{} {}", visible(&port.name), address(port)) })
            .collect();
        let facts = [
            process.pid.map(|pid| format!("pid {pid}")),
            process.exit.map(|exit| format!("last end: {exit}")),
            (process.restarts > 0).then(|| format!("restarts: {}", process.restarts)),
            (!process.is_required).then(|| "not required".to_owned()),
            (!ports.is_empty()).then(|| ports.join(", ")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        let why = if shown.why.is_empty() { shown.word } else { format!("{}: {}", shown.word, shown.why) };
        let lines = columns::wrap_words(&why, room).into_iter().chain(columns::wrap_words(&facts.join(" | "), room));
        for (row, line) in (0..area.height).zip(lines) {
            put(buffer, area, (1, row), &Line::raw(line));
        }
    }
}
