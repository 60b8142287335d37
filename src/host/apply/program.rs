//! Runs a program, and remembers which of its products did not exist before.

use camino::Utf8Path;

use super::super::revert::{Effect, Mode};
use super::super::target::on_disk;
use super::super::{exec, files, privilege};
use crate::changeset::OnDisk;
use crate::error::Result;
use crate::file_tree::RelativePath;
use crate::plan::Privilege;
use crate::plan::receipt::{After, Before};

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

pub(super) fn run(directory: &Utf8Path, command: &[String], on_line: &mut dyn FnMut(&str)) -> Result<()> {
    match command {
        [program, arguments @ ..] => exec::run(directory, program, arguments, on_line),
        [] => Ok(()),
    }
}

/// Runs the command that takes another one back.
pub(super) fn take_back(directory: &Utf8Path, command: &[String], privilege: Privilege, mode: Mode) -> Result<Vec<Effect>> {
    let [program, arguments @ ..] = command else { return Ok(Vec::new()) };
    if mode == Mode::Perform {
        run(directory, &privilege::command_line(privilege, program, arguments)?, &mut |_| {})?;
    }
    Ok(vec![Effect::Run(command.join(" "))])
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
