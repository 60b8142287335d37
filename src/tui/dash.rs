//! The dashboard over the processes of a project: what is put into it, and how it is shown.

use std::fmt;
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::build_crew::BuildCrew;
use super::converse;
use super::crew::Crew;
use super::desk::{Clerk, Desk};
use super::effect::Ending;
use super::intake::Intake;
use super::model::Model;
use super::msg::Msg;
use super::screen::Screen;
pub use super::screen::dash::{DashScreen, Leaving, Opening, Tab};
use super::terminal::Terminal;
use super::theme::Theme;
use crate::backend::Backend;
use crate::error::Result;
use crate::host::log_store::{BUDGET, LogStore};
use crate::ui::Ui;
use crate::ui::screen::{Mouse, share_mouse};

/// Starts the processes with these names, or all, and returns who runs them. It may be called from any thread.
pub type Start = Arc<dyn Fn(&[String]) -> Result<Arc<dyn Backend>> + Send + Sync>;

/// Looks for whoever runs the processes; an error says that somebody is there who cannot be used. It may be called from any thread.
pub type Find = Arc<dyn Fn() -> Result<Option<Arc<dyn Backend>>> + Send + Sync>;

/// Who runs the processes.
#[derive(Clone)]
pub struct Runner {
    /// Who does; `None` when nobody does.
    pub running: Option<Arc<dyn Backend>>,
    /// What starts one when nobody does; `None` when that is not to be had.
    pub start: Option<Start>,
    /// What finds one that somebody else has started.
    pub find: Find,
}

impl fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.running.is_some() { "Running" } else { "Stopped" })
    }
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// What the screens begin with.
    pub opening: Opening,
    /// Who runs the processes.
    pub runner: Runner,
    /// Where old lines are kept while the dashboard is open: a directory on a disk. No file in it has a name.
    pub spool: Utf8PathBuf,
    /// What the screens about the project are given.
    pub desk: Desk,
    /// The directory of the flake whose outputs can be built; nothing when there is none.
    pub flake: Option<Utf8PathBuf>,
}

/// Shows the dashboard until somebody leaves it; see [`super::can_draw`]. Who runs the processes goes on.
pub fn run(ui: &Ui, dashboard: Dashboard) -> Result<Ending> {
    let mut terminal = Terminal::open()?;
    share_mouse(Mouse::Ours)?;
    let logs_of_builds = Intake::new(LogStore::new(BUDGET / 4, dashboard.spool.clone()));
    let builds = BuildCrew::begin(dashboard.flake, logs_of_builds, terminal.sender())?;
    let intake = Intake::new(LogStore::new(BUDGET, dashboard.spool));
    let clerk = Clerk::begin(dashboard.desk, terminal.sender())?;
    let crew = Crew::begin(dashboard.runner, intake, (clerk, builds), terminal.sender())?;
    let screen = Screen::Dash(Box::new(DashScreen::new(dashboard.opening)));
    let mut model = Model::new(screen, Theme::of(ui), terminal.size()?);
    let (columns, rows) = terminal.size()?;
    // The first screen reads what it shows as any other does.
    let _inbox_is_ours = terminal.sender().send(Msg::Resize(columns, rows));
    converse(&mut terminal, &mut model, Some(&crew))
}
