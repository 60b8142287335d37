//! A dashboard without a terminal and without threads: what is asked for is done at once, and what is drawn can be looked at. For
//! tests, and to measure how long it takes from a key to its picture.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::build_order::{BuildNews, BuildOrder};
use super::dash::{DashScreen, Opening};
use super::effect::Effect;
use super::intake::Intake;
use super::model::Model;
use super::msg::{Key, Msg};
use super::screen::Screen;
use super::theme::Theme;
use super::{log_reader, update, view};
use crate::host::log_store::LogStore;
use crate::process::LogLine;

/// A dashboard that is rehearsed.
pub struct Rehearsal {
    /// Its model.
    pub model: Model,
    intake: Intake,
    /// Where the lines of builds come in.
    builds: Intake,
}

impl Rehearsal {
    /// A dashboard of so many columns and rows, with a budget in memory and a directory for the rest.
    pub fn new(opening: Opening, size: (u16, u16), (budget, spool): (usize, Utf8PathBuf)) -> Self {
        let screen = Screen::Dash(Box::new(DashScreen::new(opening)));
        let theme = Theme { is_colored: true, is_unicode: true, ..Theme::plain() };
        let [intake, builds] = [spool.clone(), spool].map(|spool| Intake::new(LogStore::new(budget, spool)));
        Self { model: Model::new(screen, theme, size), intake, builds }
    }

    /// Takes a message in, and returns what somebody else would have to do.
    pub fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let mut left = Vec::new();
        let mut wanted = update::update(&mut self.model, msg);
        while !wanted.is_empty() {
            let mut next = Vec::new();
            for effect in wanted {
                let (store, reading, is_of_builds) = match effect {
                    Effect::Read(reading) => (&self.intake.store, reading, false),
                    Effect::Build(order) => match *order {
                        BuildOrder::Read(reading) => (&self.builds.store, reading, true),
                        order => {
                            left.push(Effect::Build(Box::new(order)));
                            continue;
                        }
                    },
                    effect => {
                        left.push(effect);
                        continue;
                    }
                };
                let answers = RefCell::new(Vec::new());
                log_reader::answers(store, &reading, &|| false, |answer| answers.borrow_mut().push(answer));
                let told = |answer| {
                    if is_of_builds { Msg::Build(Box::new(BuildNews::Read(answer))) } else { Msg::Read(Box::new(answer)) }
                };
                next.extend(answers.into_inner().into_iter().flat_map(|answer| update::update(&mut self.model, told(answer))));
            }
            wanted = next;
        }
        left
    }

    /// Presses keys by name, with blanks between them.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        keys.split(' ').flat_map(|key| self.send(Msg::Key(Key::named(key)))).collect()
    }

    /// Lets processes say something. What is followed is read as soon as it is looked at.
    pub fn say(&mut self, lines: &[LogLine]) {
        if self.intake.take(lines) {
            self.intake.listen();
            self.send(Msg::LogsGrew);
        }
    }

    /// Lets builds say something; it is seen with the next news of them.
    pub fn say_of_builds(&mut self, lines: &[LogLine]) {
        self.builds.take(lines);
    }

    /// Draws.
    pub fn picture(&self) -> TestBackend {
        let mut terminal = self.terminal();
        let Ok(()) = terminal.draw(|frame| view::view(&self.model, frame)).map(drop);
        terminal.backend().clone()
    }

    fn terminal(&self) -> Terminal<TestBackend> {
        let Ok(terminal) = Terminal::new(TestBackend::new(self.model.area.width, self.model.area.height));
        terminal
    }

    /// How long each of these keys takes until its picture is drawn.
    pub fn time_keys(&mut self, keys: &str) -> Vec<Duration> {
        let mut terminal = self.terminal();
        keys.split(' ')
            .map(|key| {
                let begun = Instant::now();
                self.press(key);
                let Ok(()) = terminal.draw(|frame| view::view(&self.model, frame)).map(drop);
                begun.elapsed()
            })
            .collect()
    }
}
