//! Runs a program, and remembers which of its products did not exist before.

use camino::Utf8Path;

use super::super::exec::held::{self, Heard};
use super::super::revert::{Effect, Mode};
use super::super::target::on_disk;
use super::super::{exec, files};
use crate::changeset::OnDisk;
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::RelativePath;
use crate::plan::receipt::{After, Before};
use crate::plan::{Action, Privilege, Step, command_line};

pub(super) fn is_satisfied(directory: &Utf8Path, produces: &[RelativePath]) -> bool {
    !produces.is_empty() && produces.iter().all(|path| !is_absent(directory, path))
}

/// Whether there is nothing at a path. What stands behind a link is not ours.
fn is_absent(directory: &Utf8Path, path: &RelativePath) -> bool {
    directory.join(path.as_str()).symlink_metadata().is_err()
}

pub(super) fn prepare(directory: &Utf8Path, produces: &[RelativePath]) -> Before {
    let absent = produces.iter().filter(|path| is_absent(directory, path)).cloned().collect();
    Before { absent, ..Before::default() }
}

/// Runs a command of a step. One that must not be cut short is run to its end, whoever asks to stop.
pub(super) fn run(step: &Step, words: &[String], on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
    let Action::Run { directory, settles, .. } = &step.action else { return Ok(()) };
    match words {
        words if step.privilege == Privilege::Root || !settles.is_empty() => {
            held::run(directory, step.privilege, words, on_heard)
        }
        [program, arguments @ ..] => exec::run(directory, program, arguments, &mut |line| on_heard(Heard::Line(line))),
        [] => Ok(()),
    }
}

/// Whether there is something of what a program makes; a program that makes nothing we know of may have done anything.
pub(super) fn has_left_something(directory: &Utf8Path, produces: &[RelativePath]) -> bool {
    produces.is_empty() || produces.iter().any(|path| !is_absent(directory, path))
}

/// Runs the command that takes another one back, unless nothing is there of what that one made.
pub(super) fn take_back(step: &Step, before: &Before, mode: Mode) -> Result<Vec<Effect>> {
    let Action::Run { directory, produces, takes_back, .. } = &step.action else { return Ok(Vec::new()) };
    let keep = |path: &RelativePath| Effect::Keep {
        what: directory.join(path.as_str()).to_string(),
        why: "it was there before".to_owned(),
    };
    if !produces.is_empty() && before.absent.is_empty() {
        return Ok(produces.iter().map(keep).collect());
    }
    if !has_left_something(directory, &before.absent) {
        return Ok(Vec::new());
    }
    if mode == Mode::Perform {
        run(step, takes_back, &mut |_| {})?;
    }
    Ok(vec![Effect::Run(command_line::line(takes_back))])
}

/// What is said when the command that takes a program back fails, and the program itself had failed.
pub(super) fn could_not(takes_back: &[String], error: Error) -> Result<Vec<Effect>> {
    if error.kind() != ErrorKind::Tool {
        return Err(error);
    }
    let why = error.output().lines().next().unwrap_or("it was not done to its end").to_owned();
    Ok(vec![Effect::Keep { what: format!("what `{}` takes back", command_line::line(takes_back)), why }])
}

/// The digests of the files it made.
pub(super) fn made(directory: &Utf8Path, before: &Before) -> After {
    let digest = |path: &RelativePath| Some((path.clone(), digest_of(directory, path)?));
    After { made: before.absent.iter().filter_map(digest).collect(), ..After::default() }
}

fn digest_of(directory: &Utf8Path, path: &RelativePath) -> Option<String> {
    match on_disk(directory, path) {
        Ok(OnDisk::File(file)) => Some(files::sha256(&file.contents)),
        Ok(OnDisk::Absent | OnDisk::Blocked(_)) | Err(_) => None,
    }
}

/// Files are removed when they are as the program left them; folders it makes hold nothing of ours or of the user's.
pub(super) fn revert(directory: &Utf8Path, before: &Before, after: &After, mode: Mode) -> Result<Vec<Effect>> {
    let mut effects = Vec::new();
    for path in &before.absent {
        let full = directory.join(path.as_str());
        let keep = |why: String| Effect::Keep { what: full.to_string(), why };
        let is_folder = is_plain_folder(directory, path);
        match on_disk(directory, path)? {
            OnDisk::Absent => continue,
            OnDisk::Blocked(why) if !is_folder => {
                effects.push(keep(why));
                continue;
            }
            OnDisk::File(file) if after.made.get(path) != Some(&files::sha256(&file.contents)) => {
                effects.push(keep("it was changed since".to_owned()));
                continue;
            }
            OnDisk::File(_) | OnDisk::Blocked(_) => effects.push(Effect::Remove(full.to_string())),
        }
        if mode == Mode::Perform {
            if is_folder { fs_err::remove_dir_all(&full)? } else { fs_err::remove_file(&full)? }
        }
    }
    Ok(effects)
}

/// Whether a path is a folder that no link leads to.
fn is_plain_folder(directory: &Utf8Path, path: &RelativePath) -> bool {
    let is_folder = |path: &str| directory.join(path).symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    path.parents().all(&is_folder) && is_folder(path.as_str())
}
