//! What a dashboard begins with, and what becomes of the processes in the end.

use super::Tab;
use crate::host::clock::Zone;
use crate::process::Process;

/// What a dashboard begins with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The name of the project.
    pub project: String,
    /// The processes that the project declares; what runs takes their place when somebody tells.
    pub declared: Vec<Process>,
    /// Why what it declares cannot be understood.
    pub misdeclared: Option<String>,
    /// Why a runner cannot be used that is there.
    pub silence: Option<String>,
    /// What becomes of the processes when the dashboard is left.
    pub leaving: Leaving,
    /// The screen that is shown first.
    pub tab: Tab,
    /// Whose lines are shown first; everybody's when none is named.
    pub logs_of: Vec<String>,
    /// The time zone of whoever looks.
    pub zone: Zone,
    /// Whether what declares the processes was changed since those that run were started.
    pub has_new_services: bool,
}

impl Opening {
    /// The overview of processes that go on when it is left, with times in UTC.
    pub fn of(project: &str, declared: Vec<Process>) -> Self {
        Self {
            project: project.to_owned(),
            declared,
            misdeclared: None,
            silence: None,
            leaving: Leaving::GoOn,
            tab: Tab::Overview,
            logs_of: Vec::new(),
            zone: Zone::default(),
            has_new_services: false,
        }
    }
}

/// What becomes of the processes when the dashboard is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// They go on: somebody else runs them.
    GoOn,
    /// They are stopped by whoever opened the dashboard.
    Stop,
}
