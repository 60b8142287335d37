//! What the checks of `doctor` found, what matters most first. It is mended by `nixstart doctor --fix` itself, with the dashboard gone
//! meanwhile: the same review, plan and receipt.

mod ailment;

use camino::Utf8PathBuf;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Wish;
use super::listing::{Listing, Row, Shown, plain};
use crate::tui::desk::{Errand, Order};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{self, Action, Context, ProjectAction};
use crate::tui::modal::{Modal, Whole};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::ui::columns::count;
use crate::ui::style::Role;
use crate::ui::visible;
pub use ailment::{Ailment, Mending, Rank};

/// What is known of the health of machine and project.
#[derive(Debug, Default)]
pub(super) struct Health {
    facts: Facts,
    listing: Listing,
}

#[derive(Debug, Default)]
struct Facts {
    /// What was found, the worst first; `None` when nobody has looked yet.
    found: Option<Result<Vec<Ailment>, String>>,
    is_checking: bool,
    /// Files that were changed since.
    changed: Vec<String>,
    /// Whether what holds is shown, too.
    shows_all: bool,
}

impl Facts {
    fn found(&self) -> &[Ailment] {
        self.found.as_ref().and_then(|found| found.as_deref().ok()).unwrap_or_default()
    }

    fn shown(&self) -> impl Iterator<Item = &Ailment> {
        self.found().iter().filter(|ailment| self.shows_all || ailment.rank < Rank::Holds)
    }

    fn number(&self, rank: Rank) -> usize {
        self.found().iter().filter(|ailment| ailment.rank == rank).count()
    }
}

fn key(action: ProjectAction) -> &'static str {
    keymap::key(Context::Health, Action::Project(action))
}

const fn mark(rank: Rank) -> (&'static str, &'static str, Role) {
    match rank {
        Rank::Blocks => ("✗", "x", Role::Error),
        Rank::Degrades => ("!", "!", Role::Warning),
        Rank::Informs => ("i", "i", Role::Name),
        Rank::Unjudged => ("?", "?", Role::Warning),
        Rank::Holds => ("✓", "v", Role::Success),
        Rank::Skipped => ("–", "-", Role::Quiet),
    }
}

fn rows(facts: &Facts) -> Vec<Row> {
    let mut rows = Vec::new();
    match &facts.found {
        None if facts.is_checking => rows.push(Row::Fact("the checks are running".to_owned())),
        None => rows.push(Row::Hint(format!("nothing was checked yet; {} does it", key(ProjectAction::Refresh)))),
        Some(Err(why)) => {
            rows.push(Row::Fact(format!("the checks could not be run: {}", why.lines().next().unwrap_or_default())));
        }
        Some(Ok(_)) if facts.is_checking => rows.push(Row::Fact("the checks are running again".to_owned())),
        Some(Ok(_)) if !facts.changed.is_empty() => {
            let changed = facts.changed.join(", ");
            rows.push(Row::Hint(format!("this may be old: {changed} changed; {} checks again", key(ProjectAction::Refresh))));
        }
        Some(Ok(_)) => {}
    }
    for rank in Rank::ALL {
        let mut own = facts.shown().filter(|ailment| ailment.rank == rank).peekable();
        if own.peek().is_some() {
            rows.push(Row::Heading(rank.title().to_owned()));
            rows.extend(own.map(|ailment| Row::Thing(mark(rank), format!("{}: {}", ailment.id, ailment.summary))));
        }
    }
    if matches!(facts.found, Some(Ok(_))) && facts.shown().next().is_none() {
        rows.push(Row::Heading("Nothing is wrong".to_owned()));
    }
    if matches!(facts.found, Some(Ok(_))) && !facts.shows_all {
        let all = format!("{} ok, {} skipped", facts.number(Rank::Holds), facts.number(Rank::Skipped));
        rows.push(Row::Fact(all));
        rows.push(Row::Hint(format!("{} shows those, too", key(ProjectAction::All))));
    }
    rows
}

impl Health {
    fn selected(&self) -> Option<&Ailment> {
        let index = self.listing.selected(&rows(&self.facts));
        self.facts.shown().nth(index)
    }

    fn shown<'a>(&self, rows: &'a [Row]) -> Shown<'a> {
        let detail = match (self.selected(), &self.facts.found) {
            (Some(ailment), _) => (ailment.id.to_owned(), ailment.lines.clone()),
            (None, Some(Err(why))) => (String::new(), vec![why.clone()]),
            (None, _) => (String::new(), Vec::new()),
        };
        Shown { rows, detail, context: Context::Health }
    }

    /// How it stands, in a line.
    pub(super) fn status(&self) -> String {
        if self.facts.found.is_none() || self.facts.is_checking {
            return if self.facts.is_checking { "checking".to_owned() } else { "nothing was checked yet".to_owned() };
        }
        let number = |rank, one: &str, many: &str| match self.facts.number(rank) {
            0 => None,
            number => Some(count(number, one, many)),
        };
        let parts = [
            number(Rank::Blocks, "problem", "problems"),
            number(Rank::Degrades, "warning", "warnings"),
            number(Rank::Informs, "note", "notes"),
            number(Rank::Unjudged, "not judged", "not judged"),
            number(Rank::Holds, "ok", "ok"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Somebody looks at it: at the first time, the checks are run.
    pub(super) fn look(&mut self) -> Vec<Wish> {
        if self.facts.found.is_some() || self.facts.is_checking { Vec::new() } else { self.check() }
    }

    /// Runs the checks.
    pub(super) fn check(&mut self) -> Vec<Wish> {
        if std::mem::replace(&mut self.facts.is_checking, true) {
            return vec![Wish::React(Reaction::Say("The checks are running already".to_owned()))];
        }
        self.facts.changed.clear();
        vec![Wish::React(Reaction::Do(Effect::Order(Order::Examine)))]
    }

    /// Takes what was found.
    pub(super) fn take(&mut self, found: Result<Vec<Ailment>, String>) {
        self.facts.is_checking = false;
        self.facts.found = Some(found.map(|mut found| {
            found.sort_by_key(|ailment| ailment.rank);
            found
        }));
    }

    /// Knows that files were changed.
    pub(super) fn outdate(&mut self, files: &[Utf8PathBuf]) {
        for name in files.iter().filter_map(|path| path.file_name()) {
            if self.facts.found.is_some() && !self.facts.changed.iter().any(|known| known == name) {
                self.facts.changed.push(name.to_owned());
            }
        }
    }

    /// Does what a key means.
    pub(super) fn act(&mut self, action: Action, area: Rect) -> Vec<Wish> {
        let reaction = match action {
            Action::Project(ProjectAction::Refresh) => return self.check(),
            Action::Project(ProjectAction::All) => {
                self.facts.shows_all = !self.facts.shows_all;
                return Vec::new();
            }
            Action::Project(ProjectAction::Fix) => self.fix(),
            Action::Apply => self.details(),
            Action::Copy => return self.copy().into_iter().map(Wish::React).collect(),
            action => {
                let rows = rows(&self.facts);
                let shown = self.shown(&rows);
                self.listing.act(action, &shown, area);
                return Vec::new();
            }
        };
        vec![Wish::React(reaction)]
    }

    fn fix(&self) -> Reaction {
        match self.selected().map(|ailment| (ailment.id, &ailment.fix)) {
            Some((id, Some((_, Mending::ByPlan)))) => Reaction::Do(Effect::Visit(Errand::Fix(id))),
            Some((_, Some((title, Mending::ByHand)))) => {
                Reaction::Say(format!("nixstart cannot do this itself: {}", visible(title)))
            }
            Some((_, None)) => Reaction::Say("There is nothing that nixstart can mend".to_owned()),
            None => Reaction::Say("Nothing is selected".to_owned()),
        }
    }

    fn details(&self) -> Reaction {
        match self.selected() {
            Some(ailment) => Reaction::Open(Modal::Whole(Whole::text(ailment.id, &ailment.lines))),
            None => Reaction::Say("Nothing is selected".to_owned()),
        }
    }

    fn copy(&self) -> Vec<Reaction> {
        match self.selected().and_then(Ailment::command) {
            Some(command) => {
                let said = "Copied, if the terminal allows it (OSC 52)".to_owned();
                vec![Reaction::Do(Effect::Copy(command)), Reaction::Say(said)]
            }
            None => vec![Reaction::Say("There is no command of nixstart for it".to_owned())],
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, mouse: Mouse, area: Rect) {
        let rows = rows(&self.facts);
        let shown = self.shown(&rows);
        self.listing.point(mouse, &shown, area);
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let rows = rows(&self.facts);
        self.listing.draw(&self.shown(&rows), area, buffer, theme);
    }
}

/// What was found, in plain lines.
pub fn plain_health(found: Result<Vec<Ailment>, String>) -> Vec<String> {
    let mut health = Health::default();
    health.take(found);
    plain(&rows(&health.facts))
}
