//! A choice: of one thing, or of several.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::desk::App;
use crate::tui::effect::Reaction;
use crate::tui::keymap::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::frame::{self, Content};
use crate::tui::widget::list;
use crate::tui::widget::seen;
use crate::ui::{columns, visible};

/// A choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    title: String,
    items: Vec<Item>,
    selected: usize,
    purpose: Purpose,
    /// Whether something was switched on or off: then what is on counts, and not what is selected.
    is_touched: bool,
}

/// What is chosen for what.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    /// A signal for processes.
    Signal(Vec<String>),
    /// Processes whose lines are shown.
    Processes,
    /// The app whose variables are shown.
    App,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    label: String,
    is_on: bool,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Signal(i32),
    Everybody,
    Process(String),
    App(App),
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A signal, and for which processes.
    Signal(i32, Vec<String>),
    /// Processes; everybody when it is empty.
    Processes(Vec<String>),
    /// An app whose variables are shown.
    App(App),
}

const COLUMNS: u16 = 52;

impl Menu {
    /// Which signal processes are sent.
    pub fn of_signals(processes: Vec<String>) -> Self {
        use rustix::process::Signal;
        let signals = [
            (Signal::HUP, "SIGHUP   read settings anew"),
            (Signal::INT, "SIGINT   as Ctrl-C does"),
            (Signal::TERM, "SIGTERM  end in order"),
            (Signal::QUIT, "SIGQUIT  end and tell why"),
            (Signal::USR1, "SIGUSR1  what the program makes of it"),
            (Signal::USR2, "SIGUSR2  what the program makes of it"),
            (Signal::KILL, "SIGKILL  end at once; nothing is saved"),
        ];
        let item = |(signal, label): (Signal, &str)| Item {
            label: label.to_owned(),
            is_on: false,
            value: Value::Signal(signal.as_raw()),
        };
        let title = format!("Signal for {}", processes.iter().map(|name| visible(name)).collect::<Vec<_>>().join(", "));
        Self { title, items: signals.map(item).into(), selected: 0, purpose: Purpose::Signal(processes), is_touched: false }
    }

    /// Whose lines are shown. Nobody switched on means everybody.
    pub fn of_processes<'a>(names: impl Iterator<Item = (&'a str, bool)>) -> Self {
        let everybody = Item { label: "everybody".to_owned(), is_on: false, value: Value::Everybody };
        let item = |(name, is_on): (&str, bool)| Item { label: visible(name), is_on, value: Value::Process(name.to_owned()) };
        let mut items: Vec<Item> = std::iter::once(everybody).chain(names.map(item)).collect();
        let is_everybody = !items.iter().any(|item| item.is_on);
        items.iter_mut().take(1).for_each(|first| first.is_on = is_everybody);
        let selected = items.iter().position(|item| item.is_on).unwrap_or_default();
        Self { title: "Whose lines".to_owned(), items, selected, purpose: Purpose::Processes, is_touched: false }
    }

    /// Whose variables are shown: each app with the name of its file.
    pub fn of_apps(apps: &[(App, String)], present: &App) -> Self {
        let item =
            |(app, file): &(App, String)| Item { label: visible(file), is_on: app == present, value: Value::App(app.clone()) };
        let items: Vec<Item> = apps.iter().map(item).collect();
        let selected = items.iter().position(|item| item.is_on).unwrap_or_default();
        Self { title: "Whose variables".to_owned(), items, selected, purpose: Purpose::App, is_touched: false }
    }

    pub(super) fn act(&mut self, action: Action) -> Vec<Reaction> {
        match action {
            Action::Cancel => return vec![Reaction::Close],
            Action::Apply => return self.choose(),
            Action::Toggle => self.toggle(),
            action => self.selected = list::moved(self.selected, action, self.items.len(), 1),
        }
        Vec::new()
    }

    fn toggle(&mut self) {
        if self.purpose != Purpose::Processes {
            return;
        }
        let Some(chosen) = self.items.get_mut(self.selected) else { return };
        chosen.is_on = !chosen.is_on;
        self.is_touched = true;
        let is_everybody = chosen.value == Value::Everybody;
        if is_everybody {
            self.items.iter_mut().skip(1).for_each(|item| item.is_on = false);
        }
        let has_any = self.items.iter().skip(1).any(|item| item.is_on);
        self.items.iter_mut().take(1).for_each(|first| first.is_on = !has_any);
        self.selected = (self.selected + 1).min(self.items.len().saturating_sub(1));
    }

    fn choose(&self) -> Vec<Reaction> {
        let Some(selected) = self.items.get(self.selected) else { return vec![Reaction::Close] };
        let name = |item: &Item| match &item.value {
            Value::Process(name) => Some(name.clone()),
            Value::Signal(_) | Value::Everybody | Value::App(_) => None,
        };
        let on = || self.items.iter().filter(|item| item.is_on).filter_map(name).collect();
        let choice = match (&self.purpose, &selected.value) {
            (Purpose::Signal(processes), Value::Signal(number)) => Choice::Signal(*number, processes.clone()),
            (_, Value::App(app)) => Choice::App(app.clone()),
            (_, _) if self.is_touched => Choice::Processes(on()),
            (_, _) => Choice::Processes(name(selected).into_iter().collect()),
        };
        vec![Reaction::Close, Reaction::Chosen(choice)]
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let room = frame::room(area);
        let first = list::first_row(self.selected, self.items.len(), room);
        let words = usize::from(COLUMNS.min(area.width)).saturating_sub(10);
        let row = |(index, item): (usize, &Item)| {
            let pointer = if index == self.selected { ">" } else { " " };
            let mark = match (&self.purpose, item.is_on) {
                (Purpose::Signal(_) | Purpose::App, _) => "",
                (Purpose::Processes, true) => "[x] ",
                (Purpose::Processes, false) => "[ ] ",
            };
            let line = Line::raw(format!("{pointer} {mark}{}", columns::cut(&item.label, words, theme.ellipsis())));
            if index == self.selected { line.style(theme.selected()) } else { line }
        };
        let lines = self.items.iter().enumerate().skip(first).take(room).map(row).collect();
        let title = columns::cut(&self.title, words, theme.ellipsis());
        let end = seen(first, room, self.items.len(), "rows");
        frame::draw(Content { title: &title, end: &end, lines }, COLUMNS, area, buffer, theme);
    }
}
