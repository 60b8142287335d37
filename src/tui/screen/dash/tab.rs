//! The screens of the dashboard, and the line with their names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::keymap::Context;
use crate::tui::theme::Theme;
use crate::tui::widget::put;
use crate::ui::columns;
use crate::ui::style::Role;

/// A screen of the dashboard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    /// What runs, what is broken, what to do next.
    #[default]
    Overview,
    /// The processes.
    Processes,
    /// What they say.
    Logs,
    /// The dev shells, and how direnv stands.
    Shells,
    /// The variables.
    Secrets,
    /// What checks found.
    Health,
    /// What can be built and what is being built.
    Builds,
}

impl Tab {
    /// Every screen, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Processes, Self::Logs, Self::Shells, Self::Secrets, Self::Health, Self::Builds];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Processes => "Processes",
            Self::Logs => "Logs",
            Self::Shells => "Shells",
            Self::Secrets => "Secrets",
            Self::Health => "Health",
            Self::Builds => "Builds",
        }
    }

    /// Where its keys have their meaning. What is typed in a line or chosen from a list is not among it.
    pub const fn contexts(self) -> &'static [Context] {
        match self {
            Self::Overview => &[Context::Overview],
            Self::Processes => &[Context::Processes],
            Self::Logs => &[Context::Logs],
            Self::Shells => &[Context::Shells],
            Self::Secrets => &[Context::Variables, Context::Secrets],
            Self::Health => &[Context::Health],
            Self::Builds => &[Context::Builds, Context::Build],
        }
    }

    /// Its number, from 1 on.
    pub fn number(self) -> u8 {
        u8::try_from(self.index() + 1).unwrap_or(u8::MAX)
    }

    fn index(self) -> usize {
        Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default()
    }

    /// The screen with a number, from 1 on.
    pub(super) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The next one, or the first after the last.
    pub(super) fn next(self) -> Self {
        Self::ALL.into_iter().cycle().nth(self.index() + 1).unwrap_or_default()
    }

    /// The one before, or the last before the first.
    pub(super) fn previous(self) -> Self {
        Self::ALL.into_iter().cycle().nth(self.index() + Self::ALL.len() - 1).unwrap_or_default()
    }
}

/// The labels of all screens with the columns where they begin. Where they do not fit, only the present one has its name.
fn labels(present: Tab, width: u16) -> Vec<(Tab, u16, String)> {
    let full = |tab: Tab| format!(" {} {} ", tab.index() + 1, tab.name());
    let needed: usize = Tab::ALL.iter().map(|tab| full(*tab).len()).sum();
    let is_narrow = needed > usize::from(width);
    let mut column = 0;
    let mut labels = Vec::new();
    for tab in Tab::ALL {
        let label = if is_narrow && tab != present { format!(" {} ", tab.index() + 1) } else { full(tab) };
        let begins = column;
        column += u16::try_from(label.len()).unwrap_or(u16::MAX);
        labels.push((tab, begins, label));
    }
    labels
}

/// The screen whose name is at a column.
pub(super) fn at(present: Tab, width: u16, column: u16) -> Option<Tab> {
    let labels = labels(present, width);
    let is_there = |(_, begins, label): &&(Tab, u16, String)| column >= *begins && usize::from(column - begins) < label.len();
    labels.iter().find(is_there).map(|(tab, ..)| *tab)
}

/// Draws the names of the screens, and that of the project as far as there is room.
pub(super) fn draw(present: Tab, project: &str, area: Rect, buffer: &mut Buffer, theme: Theme) {
    let labels = labels(present, area.width);
    let used = labels.last().map_or(0, |(_, begins, label)| usize::from(*begins) + label.len());
    for (tab, begins, label) in labels {
        // The brackets say it without a colour.
        let is_present = tab == present;
        let label = if is_present { format!("[{}]", label.trim()) } else { label };
        let style = if is_present { theme.selected() } else { theme.style(Role::Quiet) };
        put(buffer, area, (begins, 0), &Line::from(Span::styled(label, style)));
    }
    let room = usize::from(area.width).saturating_sub(used + 3);
    let name = columns::cut(project, room, theme.ellipsis());
    let column = usize::from(area.width).saturating_sub(columns::width(&name) + 1);
    if room > 4 {
        put(buffer, area, (u16::try_from(column).unwrap_or(u16::MAX), 0), &Line::styled(name, theme.style(Role::Heading)));
    }
}
