//! What runs, what is broken and why, what to do next, where things answer: in one glance. What can be done is done with one key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::logs::At;
use super::looks::{address, symbol};
use super::session::{Session, listed};
use super::{Opening, Tab, Wish};
use crate::process::{Action as Asked, Process, ProcessState};
use crate::tui::keymap::{self, Action, Context, DashAction, LogsAction};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::tui::widget::list;
use crate::ui::columns::{self, count};
use crate::ui::process_view::duration;
use crate::ui::style::Role;
use crate::ui::visible;

/// The overview.
#[derive(Debug, Default)]
pub(super) struct Overview {
    /// Which of the things that can be done is selected.
    selected: usize,
}

/// What the overview is about.
pub(super) struct Sight<'a> {
    pub(super) session: &'a Session,
    pub(super) build: Option<Headline>,
}

/// How the build stands that goes on, or has just failed.
pub(super) struct Headline {
    pub(super) text: String,
    pub(super) is_running: bool,
}

/// A row: what is said, and what can be done about it.
struct Row {
    text: String,
    /// The key that does it from anywhere.
    key: String,
    /// What comes before the text, and what it is drawn like.
    mark: (String, Role),
    wish: Option<Wish>,
}

/// The mark of what can be done next.
const STEP: &str = ">";
/// Longer lists of broken processes are cut.
const MOST: usize = 4;
/// It is worth a word when something takes longer than this to be ready, in milliseconds.
const SLOW: u64 = 1000;

/// What a state has to be.
type Test = fn(&ProcessState) -> bool;

/// How everything stands, in a line.
pub(super) fn status(session: &Session) -> String {
    let shown: Vec<ProcessState> = session.processes.iter().map(|process| session.shown(process).state).collect();
    let number = |test: Test| shown.iter().filter(|state| test(state)).count();
    let mut parts = vec![count(shown.len(), "process", "processes")];
    let kinds: [(&str, Test); 5] = [
        ("broken", |state| state.is_broken()),
        ("on the way", |state| {
            matches!(state, ProcessState::Pending | ProcessState::Starting | ProcessState::Stopping | ProcessState::Unknown(_))
        }),
        ("up", |state| matches!(state, ProcessState::Running | ProcessState::Ready)),
        ("done", |state| matches!(state, ProcessState::Completed)),
        ("stopped", |state| matches!(state, ProcessState::Stopped | ProcessState::Disabled)),
    ];
    parts.extend(kinds.into_iter().filter(|(_, test)| number(*test) > 0).map(|(word, test)| format!("{} {word}", number(test))));
    parts.join(", ")
}

impl Row {
    fn heading(text: &str) -> Self {
        Self { text: text.to_owned(), key: String::new(), mark: (String::new(), Role::Heading), wish: None }
    }

    const fn fact(text: String) -> Self {
        Self { text, key: String::new(), mark: (String::new(), Role::Quiet), wish: None }
    }

    /// A row about a process. It can always be asked what it said.
    fn of(session: &Session, process: &Process, more: &str, theme: Theme) -> Self {
        let shown = session.shown(process);
        let (sign, role) = symbol(&shown.state, theme);
        let why = if shown.why.is_empty() { String::new() } else { format!(": {}", shown.why) };
        let more = if more.is_empty() { String::new() } else { format!("  {more}") };
        let at = if shown.state.is_broken() { At::NewestError } else { At::Newest };
        Self {
            text: format!("{} {}{why}{more}", visible(&process.name), shown.word),
            key: String::new(),
            mark: (sign.to_string(), role),
            wish: Some(Wish::ShowLogs(vec![process.name.clone()], at)),
        }
    }

    /// A row about the build. More is on its own screen.
    fn of_build(headline: &Headline, theme: Theme) -> Self {
        let state = if headline.is_running { ProcessState::Starting } else { ProcessState::Failed };
        let (sign, role) = symbol(&state, theme);
        let text = format!("build of {}", headline.text);
        Self { text, key: String::new(), mark: (sign.to_string(), role), wish: Some(Wish::Show(Tab::Builds)) }
    }

    fn step(text: String, key: &str, wish: Wish) -> Self {
        Self { text, key: key.to_owned(), mark: (STEP.to_owned(), Role::Command), wish: Some(wish) }
    }

    /// The text with its key.
    fn words(&self) -> String {
        if self.key.is_empty() { self.text.clone() } else { format!("{}  ({})", self.text, self.key) }
    }

    fn line(&self, (is_selected, columns): (bool, usize), theme: Theme) -> Line<'static> {
        let pointer = if is_selected { "> " } else { "  " };
        let (mark, role) = &self.mark;
        if mark.is_empty() {
            let text = columns::cut(&self.text, columns.saturating_sub(1), theme.ellipsis());
            let indent = if *role == Role::Heading { " " } else { "   " };
            return Line::from(vec![Span::raw(indent), Span::styled(text, theme.style(*role))]);
        }
        let mark = if mark == STEP { " " } else { mark.as_str() };
        let text = columns::cut(&self.words(), columns.saturating_sub(5), theme.ellipsis());
        Line::from(vec![Span::raw(pointer), Span::styled(format!("{mark} "), theme.style(*role)), Span::raw(text)])
    }
}

impl Overview {
    pub(super) fn act(&mut self, action: Action, sight: &Sight<'_>, area: Rect) -> Vec<Wish> {
        let wishes: Vec<Wish> = rows(sight, Theme::plain()).into_iter().filter_map(|row| row.wish).collect();
        match action {
            Action::Apply => wishes.into_iter().nth(self.selected).into_iter().collect(),
            action => {
                self.selected = list::moved(self.selected, action, wishes.len(), usize::from(area.height));
                Vec::new()
            }
        }
    }

    pub(super) fn point(&mut self, mouse: Mouse, sight: &Sight<'_>, area: Rect) -> Vec<Wish> {
        let (_, row) = match mouse {
            Mouse::WheelUp(..) => return self.act(Action::Up, sight, area),
            Mouse::WheelDown(..) => return self.act(Action::Down, sight, area),
            Mouse::Click(column, row) => (column, row),
        };
        let rows = rows(sight, Theme::plain());
        let first = self.first_row(&rows, area);
        let Some(clicked) = list::row_at(area, row, first, rows.len()) else { return Vec::new() };
        if rows.get(clicked).is_some_and(|row| row.wish.is_some()) {
            self.selected = rows.iter().take(clicked).filter(|row| row.wish.is_some()).count();
        }
        Vec::new()
    }

    /// The place of the selected row among all.
    fn selected_row(&self, rows: &[Row]) -> Option<usize> {
        let mut places = (0..).zip(rows).filter(|(_, row)| row.wish.is_some()).map(|(place, _)| place);
        let all: Vec<usize> = places.by_ref().collect();
        all.get(self.selected.min(all.len().saturating_sub(1))).copied()
    }

    fn first_row(&self, rows: &[Row], area: Rect) -> usize {
        list::first_row(self.selected_row(rows).unwrap_or_default(), rows.len(), usize::from(area.height))
    }

    pub(super) fn draw(&self, sight: &Sight<'_>, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let rows = rows(sight, theme);
        let selected = self.selected_row(&rows);
        let first = self.first_row(&rows, area);
        let columns = usize::from(area.width);
        let lines = rows.iter().enumerate().skip(first).map(|(place, row)| {
            let is_selected = Some(place) == selected;
            (row.line((is_selected, columns), theme), is_selected)
        });
        list::draw(lines, area, buffer, theme);
    }
}

/// Everything there is to say, what matters most first.
fn rows(sight: &Sight<'_>, theme: Theme) -> Vec<Row> {
    let (session, build) = (sight.session, |is_running: bool| {
        let headline = sight.build.as_ref().filter(|headline| headline.is_running == is_running);
        headline.map(|headline| Row::of_build(headline, theme))
    });
    let mut rows = Vec::new();
    broken(session, build(false), theme, &mut rows);
    next(session, &mut rows);
    on_the_way(session, build(true), theme, &mut rows);
    up(session, theme, &mut rows);
    slowest(session, &mut rows);
    rows
}

fn is_broken(session: &Session, process: &Process) -> bool {
    session.shown(process).state.is_broken()
}

fn broken(session: &Session, build: Option<Row>, theme: Theme, rows: &mut Vec<Row>) {
    let mut broken: Vec<&Process> = session.processes.iter().filter(|process| is_broken(session, process)).collect();
    if broken.is_empty() && build.is_none() {
        return;
    }
    // What was skipped follows from what has failed.
    broken.sort_by_key(|process| process.state == ProcessState::Skipped);
    rows.push(Row::heading("Broken"));
    rows.extend(broken.iter().take(MOST).map(|process| {
        let restarts = match process.restarts {
            0 => String::new(),
            1 => "restarted once".to_owned(),
            many => format!("restarted {many} times"),
        };
        Row::of(session, process, &restarts, theme)
    }));
    if broken.len() > MOST {
        rows.push(Row::fact(format!("and {} more", broken.len() - MOST)));
    }
    rows.extend(build);
}

fn next(session: &Session, rows: &mut Vec<Row>) {
    let key = |action| keymap::key(Context::Overview, action);
    let failed = |process: &&Process| is_broken(session, process) && process.state != ProcessState::Skipped;
    let mut steps = Vec::new();
    if let Some(process) = session.processes.iter().find(failed) {
        let name = visible(&process.name);
        let names = vec![process.name.clone()];
        steps.push(Row::step(format!("Read why {name} is broken"), "", Wish::ShowLogs(names.clone(), At::NewestError)));
        steps.push(Row::step(format!("Restart {name}"), "", Wish::Ask(Asked::Restart, names)));
    }
    if session.processes.is_empty() {
        rows.push(Row::heading("Next"));
        rows.push(Row::fact("No process is declared. A table `[services.NAME]` in".to_owned()));
        rows.push(Row::fact("`nixstart.toml`, or `processes` in `devenv.nix`, is one.".to_owned()));
        return;
    }
    let is_idle = |process: &Process| matches!(process.state, ProcessState::Stopped);
    if session.processes.iter().all(|process| is_idle(process) || process.state == ProcessState::Disabled) {
        steps.push(Row::step(
            "Start everything".to_owned(),
            key(Action::Dash(DashAction::StartAll)),
            Wish::Ask(Asked::Start, Vec::new()),
        ));
    } else {
        let stopped: Vec<String> =
            session.processes.iter().filter(|process| is_idle(process)).map(|process| process.name.clone()).collect();
        if !stopped.is_empty() {
            steps.push(Row::step(format!("Start {}", listed(&stopped)), "", Wish::Ask(Asked::Start, stopped)));
        }
    }
    steps.push(Row::step(
        "Search in what everything says".to_owned(),
        &format!("{} {}", key(Action::Dash(DashAction::Tab(3))), keymap::key(Context::Logs, Action::Logs(LogsAction::Search))),
        Wish::Show(Tab::Logs),
    ));
    rows.push(Row::heading("Next"));
    rows.extend(steps);
}

fn on_the_way(session: &Session, build: Option<Row>, theme: Theme, rows: &mut Vec<Row>) {
    let is_moving = |state: &ProcessState| {
        matches!(state, ProcessState::Pending | ProcessState::Starting | ProcessState::Stopping | ProcessState::Unknown(_))
    };
    let moving: Vec<&Process> = session.processes.iter().filter(|process| is_moving(&session.shown(process).state)).collect();
    if moving.is_empty() && build.is_none() {
        return;
    }
    rows.push(Row::heading("On the way"));
    rows.extend(moving.into_iter().map(|process| {
        let time = session.uptime(process).map(|seconds| format!("for {}", duration(seconds))).unwrap_or_default();
        Row::of(session, process, &time, theme)
    }));
    rows.extend(build);
}

fn up(session: &Session, theme: Theme, rows: &mut Vec<Row>) {
    let is_up = |state: &ProcessState| matches!(state, ProcessState::Running | ProcessState::Ready);
    let mut up: Vec<&Process> = session.processes.iter().filter(|process| is_up(&session.shown(process).state)).collect();
    if up.is_empty() {
        return;
    }
    // What can be opened comes first.
    up.sort_by_key(|process| process.ports.is_empty());
    rows.push(Row::heading("Up"));
    rows.extend(up.into_iter().map(|process| {
        let ports: Vec<String> = process.ports.iter().map(address).collect();
        Row::of(session, process, &ports.join(" "), theme)
    }));
}

fn slowest(session: &Session, rows: &mut Vec<Row>) {
    let mut slow: Vec<(&String, &u64)> = session.readied.iter().filter(|(_, took)| **took >= SLOW).collect();
    slow.sort_by_key(|(_, took)| std::cmp::Reverse(**took));
    if slow.is_empty() {
        return;
    }
    rows.push(Row::heading("Slowest to be ready"));
    let told = |(name, took): &(&String, &u64)| format!("{} {}.{}s", visible(name), *took / 1000, *took % 1000 / 100);
    rows.push(Row::fact(slow.iter().take(3).map(told).collect::<Vec<_>>().join(", ")));
}

/// What can be done next where there are no keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// What these have said is read.
    Read(Vec<String>),
    /// Processes are asked something; all of them when none is named.
    Ask(Asked, Vec<String>),
}

/// The overview in plain lines, and what can be done next, in words.
pub fn plain_overview(processes: Vec<Process>, now: u64) -> (Vec<String>, Vec<(String, Deed)>) {
    let mut session = Session::new(Opening::of("", processes));
    session.now = now;
    let (mut lines, mut deeds) = (vec![status(&session)], Vec::new());
    let mut heading = None;
    for row in rows(&Sight { session: &session, build: None }, Theme::plain()) {
        match (row.mark, row.wish) {
            ((mark, _), Some(wish)) if mark == STEP => deeds.extend(deed(wish).map(|deed| (row.text, deed))),
            ((_, Role::Heading), _) => heading = Some(row.text),
            ((mark, _), _) => {
                lines.extend(heading.take());
                lines.push(if mark.is_empty() { format!("  {}", row.text) } else { format!("  {mark} {}", row.text) });
            }
        }
    }
    (lines, deeds)
}

fn deed(wish: Wish) -> Option<Deed> {
    match wish {
        Wish::Ask(asked, names) => Some(Deed::Ask(asked, names)),
        Wish::ShowLogs(names, _) => Some(Deed::Read(names)),
        Wish::React(_) | Wish::Show(_) | Wish::Leave => None,
    }
}
