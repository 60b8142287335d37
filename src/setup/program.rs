//! Steps of a setup that run a program.

use camino::Utf8Path;

use super::daemon::Change;
use crate::file_tree::RelativePath;
use crate::plan::{Action, Privilege, Step, Undo};

/// A step that runs a program.
pub(super) struct Program<'a> {
    /// Its id.
    pub(super) id: &'a str,
    /// What it does.
    pub(super) title: String,
    /// Why.
    pub(super) explanation: &'a str,
    /// Who runs it.
    pub(super) privilege: Privilege,
    /// The program and its arguments.
    pub(super) command: &'a [&'a str],
    /// How it is taken back.
    pub(super) undo: Undo,
    /// The command that takes it back.
    pub(super) takes_back: &'a [&'a str],
    /// The command that is run first after it was cut short.
    pub(super) settles: &'a [&'a str],
    /// What it makes, as absolute paths.
    pub(super) produces: &'a [&'a str],
}

impl Program<'_> {
    /// The step; what it produces is named from the directory it runs in.
    pub(super) fn step(self, directory: &Utf8Path) -> Step {
        let mut words = self.command.iter().map(ToString::to_string);
        let relative = |path: &&str| RelativePath::parse(Utf8Path::new(path).strip_prefix(directory).ok()?.as_str()).ok();
        Step {
            id: self.id.to_owned(),
            title: self.title,
            explanation: self.explanation.to_owned(),
            privilege: self.privilege,
            action: Action::Run {
                directory: directory.to_owned(),
                program: words.next().unwrap_or_default(),
                arguments: words.collect(),
                produces: self.produces.iter().filter_map(relative).collect(),
                takes_back: self.takes_back.iter().map(ToString::to_string).collect(),
                settles: self.settles.iter().map(ToString::to_string).collect(),
            },
            undo: self.undo,
            is_satisfied: false,
            proof: None,
        }
    }
}

/// The step of root's that carries out a change which `doctor` knows too.
pub(super) fn change(id: &str, title: String, explanation: &str, change: &Change, directory: &Utf8Path) -> Step {
    let command: Vec<&str> = change.command.iter().map(String::as_str).collect();
    let takes_back: Vec<&str> = change.takes_back.iter().map(String::as_str).collect();
    let (command, takes_back, undo) = (command.as_slice(), takes_back.as_slice(), change.undo.clone());
    let privilege = Privilege::Root;
    Program { id, title, explanation, privilege, command, undo, takes_back, settles: &[], produces: &[] }.step(directory)
}
