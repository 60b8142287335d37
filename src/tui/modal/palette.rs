//! Every action of the screen below and of the others, sought by a few letters of its words. One of another screen leads there and
//! names its key: nothing is done to what nobody sees.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::effect::Reaction;
use crate::tui::fuzzy;
use crate::tui::keymap::{self, Action, Binding, Context, DashAction, LineAction};
use crate::tui::screen::dash::Tab;
use crate::tui::theme::Theme;
use crate::tui::widget::frame::{self, Content};
use crate::tui::widget::{list, seen};
use crate::ui::columns;
use crate::ui::style::Role;

/// An action that can be chosen.
#[derive(Debug, Clone, Copy)]
struct Choice {
    binding: &'static Binding,
    /// The screen that it belongs to; `None` when it can be done here.
    elsewhere: Option<Tab>,
}

/// The palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    of: Context,
    typed: String,
    selected: usize,
}

const COLUMNS: u16 = 64;
const KEYS: usize = 12;
/// Nobody types more.
const MOST_TYPED: usize = 60;

impl Choice {
    fn words(self) -> String {
        self.elsewhere.map_or_else(String::new, |tab| format!("{}: ", tab.name())) + self.binding.help
    }

    fn keys(self) -> String {
        match self.elsewhere {
            None => self.binding.keys.join(" "),
            Some(tab) => format!("{} {}", tab.number(), self.binding.keys.first().copied().unwrap_or_default()),
        }
    }

    fn reactions(self) -> Vec<Reaction> {
        let Some(tab) = self.elsewhere else { return vec![Reaction::Perform(self.binding.action)] };
        let key = self.binding.keys.first().copied().unwrap_or_default();
        let there = Reaction::Perform(Action::Dash(DashAction::Tab(tab.number())));
        vec![there, Reaction::Say(format!("{}: {key}", self.binding.help))]
    }
}

/// The actions that belong to other screens of the dashboard than the one with a context.
fn elsewhere(of: Context) -> impl Iterator<Item = Choice> {
    let is_on_dashboard = Tab::ALL.iter().any(|tab| tab.contexts().contains(&of));
    let others = Tab::ALL.into_iter().filter(move |tab| is_on_dashboard && !tab.contexts().contains(&of));
    let choices = |tab: Tab| {
        let bindings = tab.contexts().iter().flat_map(|context| keymap::of(*context));
        let own = bindings.filter(|binding| binding.action.belongs_to_a_screen());
        own.map(move |binding| Choice { binding, elsewhere: Some(tab) })
    };
    others.flat_map(choices)
}

impl Palette {
    /// Every action of a context, and of the other screens of the dashboard.
    pub const fn new(of: Context) -> Self {
        Self { of, typed: String::new(), selected: 0 }
    }

    pub(super) fn type_in(&mut self, character: char) -> bool {
        if self.typed.chars().count() < MOST_TYPED {
            self.typed.push(character);
        }
        self.selected = 0;
        true
    }

    pub(super) fn act(&mut self, action: Action) -> Vec<Reaction> {
        match action {
            Action::Cancel => return vec![Reaction::Close],
            Action::Apply => {
                let chosen = self.rows().into_iter().nth(self.selected).map(Choice::reactions).unwrap_or_default();
                return std::iter::once(Reaction::Close).chain(chosen).collect();
            }
            Action::Line(line) => self.edit(line),
            action => self.selected = list::moved(self.selected, action, self.rows().len(), 1),
        }
        Vec::new()
    }

    fn edit(&mut self, action: LineAction) {
        match action {
            LineAction::Back => drop(self.typed.pop()),
            LineAction::Word => {
                let before = self.typed.trim_end().rfind(' ').map_or(0, |space| space + 1);
                self.typed.truncate(before);
            }
            LineAction::ToStart => self.typed.clear(),
            LineAction::Left | LineAction::Right | LineAction::Start | LineAction::End | LineAction::Delete => {}
        }
        self.selected = 0;
    }

    /// The actions that fit what is typed, the best first.
    fn rows(&self) -> Vec<Choice> {
        let own = keymap::all_of(self.of).filter(|binding| binding.action != Action::Dash(DashAction::Palette));
        let own = own.map(|binding| Choice { binding, elsewhere: None });
        let scored =
            own.chain(elsewhere(self.of)).filter_map(|choice| Some((fuzzy::score(&self.typed, &choice.words())?, choice)));
        let mut scored: Vec<(i32, Choice)> = scored.collect();
        // What fits equally well stays in the order of the table.
        scored.sort_by_key(|(score, choice)| (std::cmp::Reverse(*score), choice.elsewhere.is_some()));
        scored.into_iter().map(|(_, choice)| choice).collect()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let (rows, room) = (self.rows(), frame::room(area).saturating_sub(1));
        let first = list::first_row(self.selected, rows.len(), room);
        let words = usize::from(COLUMNS.min(area.width)).saturating_sub(KEYS + 6);
        let row = |(index, choice): (usize, &Choice)| {
            let pointer = if index == self.selected { "> " } else { "  " };
            let keys = columns::cut(&choice.keys(), KEYS - 1, theme.ellipsis());
            let gap = " ".repeat(KEYS.saturating_sub(columns::width(&keys)));
            let line = Line::from(vec![
                Span::raw(pointer),
                Span::styled(keys, theme.style(Role::Command)),
                Span::raw(gap + &columns::cut(&choice.words(), words, theme.ellipsis())),
            ]);
            if index == self.selected { line.style(theme.selected()) } else { line }
        };
        let typed = Line::styled(format!(": {}_", self.typed), theme.style(Role::Heading));
        let nothing = rows.is_empty().then(|| Line::styled("  No action has these letters", theme.style(Role::Quiet)));
        let lines =
            std::iter::once(typed).chain(nothing).chain(rows.iter().enumerate().skip(first).take(room).map(row)).collect();
        let end = seen(first, room, rows.len(), "actions");
        frame::draw(Content { title: "Actions", end: &end, lines }, COLUMNS, area, buffer, theme);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::{LogsAction, ProcessAction};

    fn first(of: Context, typed: &str) -> Option<Action> {
        let mut palette = Palette::new(of);
        for character in typed.chars() {
            palette.type_in(character);
        }
        palette.rows().first().map(|choice| choice.binding.action)
    }

    #[test]
    fn a_few_letters_find_an_action_of_the_screen_or_of_all_screens() {
        assert_eq!(first(Context::Processes, "restart"), Some(Action::Process(ProcessAction::Restart)));
        assert_eq!(first(Context::Logs, "wrap of"), None);
        assert_eq!(first(Context::Logs, "long lines"), Some(Action::Logs(LogsAction::Wrap)));
        assert_eq!(first(Context::Logs, "stop every"), Some(Action::Dash(DashAction::StopAll)));
        assert_eq!(first(Context::Overview, "draw"), Some(Action::Redraw));
    }
}
