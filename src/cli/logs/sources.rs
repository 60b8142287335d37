//! Whose lines can be asked for, and who has them: the runner, or the disk.

use crate::backend::{ALL_LINES, Backend, Kind};
use crate::cli::processes::Project;
use crate::error::{Error, Result};
use crate::host::log_file;
use crate::process::LogLine;

/// Who has the lines of each process.
pub(super) struct Sources<'a> {
    project: &'a Project,
    /// Somebody else's runner, which has the lines of its processes itself, and what these are called.
    other: Option<(&'a dyn Backend, Vec<String>)>,
    /// The processes that somebody can ask for: those that are declared, run, or have said something.
    pub(super) names: Vec<String>,
}

/// Which lines somebody wants.
pub(super) struct Wish<'a> {
    /// How many of each process.
    pub(super) most: usize,
    /// Which of them.
    pub(super) is_wanted: &'a dyn Fn(&LogLine) -> bool,
    /// Whether these are not all, so that as many as are wanted may lie far back.
    pub(super) is_choosy: bool,
}

impl<'a> Sources<'a> {
    pub(super) fn of(project: &'a Project, running: Option<&'a dyn Backend>) -> Result<Self> {
        let mut names: Vec<String> = match running {
            Some(runner) => runner.list()?.into_iter().map(|process| process.name).collect(),
            None => project.services()?.names().map(str::to_owned).collect(),
        };
        let other = running.filter(|runner| runner.kind() != Kind::Builtin).map(|runner| (runner, names.clone()));
        for name in log_file::processes(&project.site.logs) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Self { project, other, names })
    }

    /// Somebody else's runner that has the lines of a process.
    fn other(&self, name: &str) -> Option<&'a dyn Backend> {
        self.other.as_ref().filter(|(_, names)| names.iter().any(|known| known == name)).map(|(runner, _)| *runner)
    }

    /// Whether the lines of a process are on disk alone.
    pub(super) fn is_on_disk(&self, name: &str) -> bool {
        self.other(name).is_none()
    }

    /// Whether somebody else's runner has lines of a process.
    pub(super) fn has_other(&self, name: &str) -> Result<bool> {
        self.other(name).map_or(Ok(false), |runner| Ok(!runner.logs(name, 1)?.is_empty()))
    }

    /// The last lines that are wanted, so many of each process, in the order of time, and why those of some cannot be had: not
    /// every version of process-compose can be asked for a process with a `/` in its name. It is an error when there are no others.
    pub(super) fn last<'n>(
        &self,
        names: impl Iterator<Item = &'n String>,
        wish: &Wish<'_>,
    ) -> Result<(Vec<LogLine>, Vec<Error>)> {
        let (mut lines, mut errors) = (Vec::new(), Vec::new());
        for name in names {
            let found = match self.other(name) {
                Some(runner) => of_runner(runner, name, wish).map_err(|error| without_lines(name, &error)),
                None => log_file::last(&self.project.site.logs, name, wish.most, wish.is_wanted).map_err(Error::from),
            };
            match found {
                Ok(found) => lines.extend(found),
                Err(error) => errors.push(error),
            }
        }
        if lines.is_empty() && !errors.is_empty() {
            return Err(errors.swap_remove(0));
        }
        lines.sort_by_key(|line| line.time);
        Ok((lines, errors))
    }
}

fn without_lines(name: &str, error: &Error) -> Error {
    let message = format!("what `{name}` says cannot be read: {}", error.message());
    error.hints().iter().cloned().fold(Error::new(error.kind(), message), Error::hint)
}

fn of_runner(runner: &dyn Backend, name: &str, wish: &Wish<'_>) -> Result<Vec<LogLine>> {
    let mut lines = runner.logs(name, if wish.is_choosy { ALL_LINES } else { wish.most })?;
    if wish.is_choosy {
        lines.retain(|line| (wish.is_wanted)(line));
        lines.drain(..lines.len().saturating_sub(wish.most));
    }
    Ok(lines)
}
