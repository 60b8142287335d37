//! What processes say: one or several together, in the order in which it arrived. What is on the screen is a part of a page, which
//! is read anew, beside the screen, whenever it does not reach far enough.

mod answers;
mod cursor;
mod draw;
mod entry;
mod paint;
mod status;
mod window;

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::Wish;
use super::session::Session;
use crate::process::LogQuery;
use crate::process::log_query::{Pattern, Seeker, Streams};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{Action, Context, LogsAction};
use crate::tui::modal::{Menu, Modal, Whole};
use crate::tui::reading::{Around, From, Matches, Page, Reading, Task};
use entry::Entry;

/// Where to begin in what processes have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// At the newest line.
    Newest,
    /// At the newest line that says that something went wrong.
    NewestError,
}

/// A pattern and what seeks it.
#[derive(Debug, Clone)]
struct Sought {
    pattern: Pattern,
    seeker: Seeker,
}

/// How lines are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    /// Long lines are broken.
    is_wrapped: bool,
    /// Times are shown.
    has_times: bool,
    /// Lines of JSON are told in words.
    is_pretty: bool,
    /// The first column that is seen, unless lines are broken.
    column: usize,
}

/// What becomes of the cursor when a page comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Goal {
    /// It stays, or goes to the nearest line there is.
    #[default]
    Stay,
    /// It goes to the first line.
    First,
    /// It goes to the last line.
    Last,
}

/// The state of what is seen of logs.
#[derive(Debug, Default)]
pub(super) struct Logs {
    /// Whose lines, and which.
    query: LogQuery,
    sought: Option<Sought>,
    /// How many lines have it, when they were counted.
    matches: Option<Matches>,
    /// Whether nothing is shown but what matches.
    has_only_matches: bool,
    /// Whether the newest line is followed.
    is_following: bool,
    /// The number of the line that the cursor is on.
    cursor: Option<u64>,
    /// The row of the screen that the cursor is on, as far as that can be had.
    row: usize,
    page: Page,
    /// The number of the last question, and whether it has not been answered.
    asked: u64,
    is_waiting: bool,
    goal: Goal,
    /// Whether something was said that the page does not show.
    has_grown: bool,
    entry: Option<Entry>,
    look: Look,
    marks: BTreeSet<u64>,
    /// Where a selection began.
    anchor: Option<u64>,
}

/// How far a step to the side goes.
const SIDE: usize = 8;
/// More lines than this are read at once, so that a few keys need none.
const FEWEST: usize = 60;

impl Logs {
    /// The newest lines of these processes, or of everybody.
    pub(super) fn of(names: &[String]) -> Self {
        let mut logs = Self { is_following: true, ..Self::default() };
        logs.choose(names);
        logs
    }

    fn choose(&mut self, names: &[String]) {
        self.query.processes = if names.is_empty() { None } else { Some(names.iter().cloned().collect()) };
    }

    /// Where its keys have their meaning.
    pub(super) const fn context(&self) -> Context {
        if self.entry.is_some() { Context::Seek } else { Context::Logs }
    }

    /// Whether lines of several are shown together.
    fn is_merged(&self) -> bool {
        self.query.processes.as_ref().is_none_or(|names| names.len() > 1)
    }

    /// The lines that pass.
    fn query(&self) -> LogQuery {
        let pattern = self.sought.as_ref().filter(|_| self.has_only_matches).map(|sought| sought.pattern.clone());
        LogQuery { patterns: pattern.into_iter().collect(), ..self.query.clone() }
    }

    fn lines_around(area: Rect) -> usize {
        (usize::from(area.height) * 3).max(FEWEST)
    }

    fn ask(&mut self, task: Task, goal: Goal) -> Effect {
        self.asked += 1;
        (self.is_waiting, self.goal) = (true, goal);
        if matches!(task, Task::Page(Around::Newest, _) | Task::Tail { .. }) {
            self.has_grown = false;
        }
        Effect::Read(Box::new(Reading { id: self.asked, query: self.query(), task }))
    }

    /// Reads what is to be seen now.
    fn reread(&mut self, area: Rect) -> Effect {
        let lines = Self::lines_around(area);
        match self.cursor.filter(|_| !self.is_following) {
            Some(cursor) => self.ask(Task::Page(Around::Line(cursor), lines), Goal::Stay),
            None => self.newest(area),
        }
    }

    fn newest(&mut self, area: Rect) -> Effect {
        self.is_following = true;
        self.ask(Task::Page(Around::Newest, Self::lines_around(area)), Goal::Last)
    }

    fn find(&mut self, pattern: Pattern, from: From, area: Rect) -> Effect {
        (self.is_following, self.matches) = (false, None);
        self.ask(Task::Find { pattern, from, lines: Self::lines_around(area) }, Goal::Stay)
    }

    /// Reads when the screen comes into sight or has another size.
    pub(super) fn open(&mut self, area: Rect) -> Effect {
        self.reread(area)
    }

    /// Shows what these have said.
    pub(super) fn show(&mut self, names: &[String], at: At, area: Rect) -> Effect {
        self.choose(names);
        (self.page, self.cursor, self.anchor, self.entry) = (Page::default(), None, None, None);
        match at {
            At::Newest => self.newest(area),
            At::NewestError => self.find(Pattern::Errors, From::Up(u64::MAX), area),
        }
    }

    /// Does what a key means.
    pub(super) fn act(&mut self, action: Action, session: &Session, area: Rect) -> Vec<Wish> {
        if self.entry.is_some() {
            return self.act_on_entry(action, area);
        }
        match action {
            Action::Logs(action) => self.act_on_logs(action, session, area),
            Action::Copy => self.copy(),
            Action::Cancel => self.take_back(area).map(react).into_iter().collect(),
            Action::First => {
                self.is_following = false;
                vec![react(self.ask(Task::Page(Around::Oldest, Self::lines_around(area)), Goal::First))]
            }
            Action::Last => vec![react(self.newest(area))],
            action => self.step(action, area).map(react).into_iter().collect(),
        }
    }

    fn act_on_logs(&mut self, action: LogsAction, session: &Session, area: Rect) -> Vec<Wish> {
        let effect = match action {
            LogsAction::Follow if self.is_following => {
                self.is_following = false;
                None
            }
            LogsAction::Follow => Some(self.newest(area)),
            LogsAction::Search => {
                self.entry = Some(Entry::search(self.cursor, self.is_following, self.sought.clone()));
                None
            }
            LogsAction::Fields => {
                self.entry = Some(Entry::fields(&self.query.fields));
                None
            }
            LogsAction::Next | LogsAction::Previous | LogsAction::OnlyMatches => return self.match_by_match(action, area),
            LogsAction::OnlyErrors => {
                let other = if self.query.streams == Streams::Both { Streams::Error } else { Streams::Both };
                self.query.streams = other;
                Some(self.reread(area))
            }
            LogsAction::FirstError => Some(self.find(Pattern::Errors, From::Down(0), area)),
            LogsAction::NextError => {
                let from = self.cursor.map_or(0, |cursor| cursor.saturating_add(1));
                Some(self.find(Pattern::Errors, From::Down(from), area))
            }
            LogsAction::CopyError => Some(self.ask(Task::CopyError, Goal::Stay)),
            LogsAction::Choose => return vec![Wish::React(Reaction::Open(self.menu(session)))],
            LogsAction::Whole => {
                let whole = self.current().map(|line| Reaction::Open(Modal::Whole(Whole::of(line))));
                return whole.map(Wish::React).into_iter().collect();
            }
            other => {
                self.change_look(other);
                return self.mark(other, area);
            }
        };
        effect.map(react).into_iter().collect()
    }

    fn change_look(&mut self, action: LogsAction) {
        let look = &mut self.look;
        match action {
            LogsAction::Pretty => look.is_pretty = !look.is_pretty,
            LogsAction::Times => look.has_times = !look.has_times,
            LogsAction::Wrap => (look.is_wrapped, look.column) = (!look.is_wrapped, 0),
            LogsAction::Left => look.column = look.column.saturating_sub(SIDE),
            LogsAction::Right if !look.is_wrapped => look.column = look.column.saturating_add(SIDE).min(100_000),
            LogsAction::Start => look.column = 0,
            _ => {}
        }
    }

    fn mark(&mut self, action: LogsAction, area: Rect) -> Vec<Wish> {
        let Some(cursor) = self.cursor else { return Vec::new() };
        match action {
            LogsAction::Mark if self.marks.remove(&cursor) => {}
            LogsAction::Mark => {
                self.marks.insert(cursor);
            }
            LogsAction::Select => self.anchor = if self.anchor.is_some() { None } else { Some(cursor) },
            LogsAction::NextMark => {
                let after = self.marks.range(cursor.saturating_add(1)..).next();
                let Some(next) = after.or(self.marks.first()).copied() else { return say("No line is marked; m marks one") };
                (self.is_following, self.cursor) = (false, Some(next));
                return vec![react(self.reread(area))];
            }
            _ => {}
        }
        Vec::new()
    }

    fn match_by_match(&mut self, action: LogsAction, area: Rect) -> Vec<Wish> {
        let Some(sought) = self.sought.clone() else { return say("Nothing is sought; / searches") };
        let cursor = self.cursor.unwrap_or_default();
        let effect = match action {
            LogsAction::Next => self.find(sought.pattern, From::Down(cursor.saturating_add(1)), area),
            LogsAction::Previous => self.find(sought.pattern, From::Up(cursor.saturating_sub(1)), area),
            _ => {
                self.has_only_matches = !self.has_only_matches;
                self.reread(area)
            }
        };
        vec![react(effect)]
    }

    /// Takes back what narrows the view, one thing after the other.
    fn take_back(&mut self, area: Rect) -> Option<Effect> {
        if self.anchor.take().is_some() {
            return None;
        }
        if self.sought.take().is_some() {
            return std::mem::take(&mut self.has_only_matches).then(|| self.reread(area));
        }
        let is_narrow = self.query.streams != Streams::Both || !self.query.fields.is_empty();
        (self.query.streams, self.query.fields) = (Streams::Both, Vec::new());
        is_narrow.then(|| self.reread(area))
    }

    /// Whether nothing narrows the view that could be taken back.
    pub(super) fn is_plain(&self) -> bool {
        let takes_all = self.query.streams == Streams::Both && self.query.fields.is_empty();
        self.entry.is_none() && self.anchor.is_none() && self.sought.is_none() && takes_all
    }

    fn menu(&self, session: &Session) -> Modal {
        let chosen = |name: &str| self.query.processes.as_ref().is_some_and(|names| names.contains(name));
        let names = session.processes.iter().map(|process| process.name.as_str());
        Modal::Menu(Menu::of_processes(names.map(|name| (name, chosen(name)))))
    }
}

fn react(effect: Effect) -> Wish {
    Wish::React(Reaction::Do(effect))
}

fn say(text: &str) -> Vec<Wish> {
    vec![Wish::React(Reaction::Say(text.to_owned()))]
}
