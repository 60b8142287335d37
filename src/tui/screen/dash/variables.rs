//! The variables of the project: the form of `nixstart env edit` as a screen of the dashboard, for one file after the other. It is
//! saved as there; the terminal is given away meanwhile.

use camino::Utf8PathBuf;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Wish;
use crate::secret::form::Form;
use crate::tui::desk::{App, Order, Sealed};
use crate::tui::effect::{Effect, Ending, Reaction};
use crate::tui::keymap::{Action, Context, ProjectAction};
use crate::tui::modal::{Confirm, Menu, Modal};
use crate::tui::msg::Mouse;
use crate::tui::screen::secrets::SecretsScreen;
use crate::tui::theme::Theme;
use crate::tui::widget::put;
use crate::ui::columns::{self, count};
use crate::ui::style::Role;
use crate::ui::visible;

/// What is known of the variables.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// The apps that have some, with the name of the file of each; `None` when nobody has looked yet.
    apps: Option<Vec<(App, String)>>,
    /// Whose are shown.
    app: App,
    /// The form of that file, or why there is none; `None` while it is read.
    sheet: Option<Result<SecretsScreen, String>>,
    /// Whether somebody else has changed the file since it was read, and changes of ours wait.
    is_outdated: bool,
    /// The variable that was selected before the file was saved.
    selected: Option<String>,
}

fn order(order: Order) -> Wish {
    Wish::React(Reaction::Do(Effect::Order(order)))
}

impl Variables {
    fn screen(&self) -> Option<&SecretsScreen> {
        self.sheet.as_ref()?.as_ref().ok()
    }

    fn screen_mut(&mut self) -> Option<&mut SecretsScreen> {
        self.sheet.as_mut()?.as_mut().ok()
    }

    /// Where its keys have their meaning.
    pub(super) fn context(&self) -> Context {
        match self.screen() {
            Some(screen) if !screen.is_browsing() => screen.context(),
            _ => Context::Variables,
        }
    }

    /// How it stands, in a line.
    pub(super) fn status(&self) -> String {
        match &self.sheet {
            None => "reading".to_owned(),
            Some(Err(_)) => "the file cannot be edited here".to_owned(),
            Some(Ok(screen)) if self.is_outdated => {
                format!("{}; somebody has changed the file", screen.status())
            }
            Some(Ok(screen)) => screen.status(),
        }
    }

    /// Somebody looks at it: at the first time, the files are sought and one is read.
    pub(super) fn look(&mut self) -> Vec<Wish> {
        if self.apps.is_some() {
            return Vec::new();
        }
        self.apps = Some(Vec::new());
        vec![order(Order::List), order(Order::Read(self.app.clone()))]
    }

    /// Knows which apps there are.
    pub(super) fn know(&mut self, apps: Vec<(App, String)>) {
        self.apps = Some(apps);
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, app: &App, sheet: Result<Sealed<(String, Form)>, String>) {
        if *app != self.app {
            return;
        }
        if self.screen().is_some_and(|screen| !screen.is_browsing()) {
            // Somebody has begun to type meanwhile.
            self.is_outdated = true;
            return;
        }
        let sheet = match sheet {
            Err(why) => Err(why),
            Ok(sealed) => {
                let Some((title, form)) = sealed.open() else { return };
                let selected = self.screen().and_then(SecretsScreen::selected).or(self.selected.as_deref());
                Ok(SecretsScreen::new(&title, form).selecting(selected))
            }
        };
        (self.sheet, self.is_outdated) = (Some(sheet), false);
    }

    /// Knows that files were changed. What nobody has changed here is read again.
    pub(super) fn outdate(&mut self, files: &[Utf8PathBuf]) -> Vec<Wish> {
        let counts = |path: &Utf8PathBuf| path.file_name().is_some_and(|name| name.starts_with(".env") && name != ".envrc");
        if self.apps.is_none() || !files.iter().any(counts) {
            return Vec::new();
        }
        match self.screen() {
            Some(screen) if !screen.is_browsing() || !screen.unsaved().is_empty() => {
                self.is_outdated = true;
                vec![order(Order::List)]
            }
            _ => vec![order(Order::List), order(Order::Read(self.app.clone()))],
        }
    }

    /// What was changed and not saved.
    pub(super) fn unsaved(&self) -> Vec<String> {
        self.screen().map(SecretsScreen::unsaved).unwrap_or_default()
    }

    /// The form that waits to be saved, and whose it is.
    pub(super) fn to_be_saved(&self) -> Option<(&App, &Form)> {
        Some((&self.app, self.screen()?.form()))
    }

    /// Knows what has become of it. Nothing can be changed until the file is read again, so that nothing gets lost.
    pub(super) fn saved(&mut self, app: &App, outcome: Result<(), String>) -> Vec<Reaction> {
        if let Err(why) = outcome {
            return vec![Reaction::Say(format!("Not saved: {}", visible(why.lines().next().unwrap_or_default())))];
        }
        if *app == self.app {
            self.selected = self.screen().and_then(SecretsScreen::selected).map(str::to_owned);
            self.sheet = None;
        }
        let orders = [Order::List, Order::Read(app.clone())].map(|order| Reaction::Do(Effect::Order(order)));
        std::iter::once(Reaction::Say("Saved".to_owned())).chain(orders).collect()
    }

    /// Does what a key means.
    pub(super) fn act(&mut self, action: Action, area: Rect) -> Vec<Wish> {
        let is_browsing = self.screen().is_none_or(SecretsScreen::is_browsing);
        match action {
            Action::Project(ProjectAction::App) => vec![self.choose_app()],
            Action::Project(ProjectAction::Refresh) => vec![self.read_again()],
            Action::Cancel if is_browsing => vec![Wish::Leave],
            action => {
                let reactions = self.screen_mut().map(|screen| screen.act(action, area)).unwrap_or_default();
                reactions.into_iter().map(|reaction| Wish::React(here(reaction))).collect()
            }
        }
    }

    fn choose_app(&self) -> Wish {
        let apps = self.apps.as_deref().unwrap_or_default();
        if apps.len() < 2 {
            return Wish::React(Reaction::Say("There is one file of variables only".to_owned()));
        }
        let unsaved = self.unsaved().len();
        if unsaved > 0 {
            let changes = count(unsaved, "change", "changes");
            return Wish::React(Reaction::Say(format!("{changes} not saved: save or undo first")));
        }
        Wish::React(Reaction::Open(Modal::Menu(Menu::of_apps(apps, &self.app))))
    }

    /// Shows the variables of another app.
    pub(super) fn show(&mut self, app: App) -> Vec<Wish> {
        (self.app, self.sheet, self.selected) = (app.clone(), None, None);
        vec![order(Order::Read(app))]
    }

    fn read_again(&self) -> Wish {
        let facts = self.unsaved();
        let again = Effect::Order(Order::Read(self.app.clone()));
        if facts.is_empty() {
            return Wish::React(Reaction::Do(again));
        }
        let question = format!("Read the file again, and lose {}?", count(facts.len(), "change", "changes"));
        Wish::React(Reaction::Open(Modal::Confirm(Confirm { question, facts, on_yes: again, offset: 0 })))
    }

    /// Takes a character that is typed; whether anybody wanted it.
    pub(super) fn type_in(&mut self, character: char) -> bool {
        self.screen_mut().is_some_and(|screen| screen.type_in(character))
    }

    /// Takes what was pasted.
    pub(super) fn paste(&mut self, text: &str) -> Vec<Wish> {
        let said = self.screen_mut().map(|screen| screen.paste(text));
        said.map(|said| Wish::React(Reaction::Say(said))).into_iter().collect()
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, mouse: Mouse, area: Rect) {
        let action = match mouse {
            Mouse::WheelUp(..) => Action::Up,
            Mouse::WheelDown(..) => Action::Down,
            Mouse::Click(..) => return,
        };
        if let Some(screen) = self.screen_mut().filter(|screen| screen.is_browsing()) {
            screen.act(action, area);
        }
    }

    /// Whether a value is shown for a while.
    pub(super) fn is_counting(&self) -> bool {
        self.screen().is_some_and(SecretsScreen::is_counting)
    }

    /// A second has passed.
    pub(super) fn tick(&mut self) {
        if let Some(screen) = self.screen_mut() {
            screen.tick();
        }
    }

    /// Hides what is shown for a while.
    pub(super) fn conceal(&mut self) {
        if let Some(screen) = self.screen_mut() {
            screen.conceal();
        }
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let quiet = theme.style(Role::Quiet);
        match &self.sheet {
            Some(Ok(screen)) => screen.draw(area, buffer, theme),
            Some(Err(why)) => {
                let width = usize::from(area.width).saturating_sub(2).max(1);
                let lines = why.lines().map(visible).flat_map(|line| columns::wrap_words(&line, width));
                for (row, line) in (0..area.height).zip(lines) {
                    put(buffer, area, (1, row), &Line::raw(line));
                }
            }
            None => put(buffer, area, (1, 0), &Line::styled("The variables are being read", quiet)),
        }
    }

    /// Every variable with its state, in plain lines.
    pub(super) fn plain(&self) -> Vec<String> {
        match &self.sheet {
            None => Vec::new(),
            Some(Ok(screen)) => screen.plain(),
            Some(Err(why)) => why.lines().map(visible).collect(),
        }
    }
}

/// What ends the form where it has the screen to itself saves it here.
fn here(reaction: Reaction) -> Reaction {
    match reaction {
        Reaction::Open(Modal::Confirm(confirm)) if confirm.on_yes == Effect::End(Ending::Accepted) => {
            Reaction::Open(Modal::Confirm(Confirm { on_yes: Effect::Save, ..confirm }))
        }
        other => other,
    }
}

/// Variables with their states and without values, in plain lines.
pub fn plain_variables(sheet: Result<(String, Form), String>) -> Vec<String> {
    let mut variables = Variables::default();
    variables.take(&None, sheet.map(Sealed::new));
    variables.plain()
}
