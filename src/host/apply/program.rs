//! Runs a program, and remembers which of its products did not exist before.

use camino::Utf8Path;

use super::super::revert::{Effect, Mode};
use super::super::{exec, files};
use crate::error::Result;
use crate::file_tree::RelativePath;
use crate::plan::receipt::{After, Before};

pub(super) fn prepare(directory: &Utf8Path, produces: &[RelativePath]) -> Before {
    let absent = produces.iter().filter(|path| directory.join(path.as_str()).symlink_metadata().is_err()).cloned().collect();
    Before { absent, ..Before::default() }
}

pub(super) fn run(
    directory: &Utf8Path,
    program: &str,
    arguments: &[String],
    before: &Before,
    on_line: &mut dyn FnMut(&str),
) -> Result<After> {
    exec::run(directory, program, arguments, on_line)?;
    let digest = |path: &RelativePath| {
        Some((path.clone(), files::sha256(&files::read_plain(&directory.join(path.as_str())).ok()?.contents)))
    };
    Ok(After { made: before.absent.iter().filter_map(digest).collect(), ..After::default() })
}

/// Files are removed when they are as the program left them; folders it makes hold nothing of ours or of the user's.
pub(super) fn revert(directory: &Utf8Path, before: &Before, after: &After, mode: Mode) -> Result<Vec<Effect>> {
    let mut effects = Vec::new();
    for path in &before.absent {
        let full = directory.join(path.as_str());
        let Ok(metadata) = full.symlink_metadata() else { continue };
        let is_as_left = metadata.is_dir()
            || after
                .made
                .get(path)
                .is_some_and(|digest| files::read_plain(&full).is_ok_and(|file| files::sha256(&file.contents) == *digest));
        if !is_as_left {
            effects.push(Effect::Keep { what: full.to_string(), why: "it was changed since".to_owned() });
            continue;
        }
        effects.push(Effect::Remove(full.to_string()));
        if mode == Mode::Perform {
            if metadata.is_dir() { fs_err::remove_dir_all(&full)? } else { fs_err::remove_file(&full)? }
        }
    }
    Ok(effects)
}
