//! Puts other bytes into a file that exists, and keeps the old ones.

use camino::Utf8Path;

use super::super::files::{self, Existing};
use super::super::journal::Journal;
use super::super::revert::{Effect, GUARD, Mode, Undoing};
use super::super::target::on_disk;
use crate::changeset::OnDisk;
use crate::error::{Error, Result};
use crate::file_tree::{File, RelativePath};
use crate::plan::receipt::Before;

pub(super) fn is_satisfied(directory: &Utf8Path, path: &RelativePath, file: &File) -> bool {
    matches!(on_disk(directory, path), Ok(OnDisk::File(found)) if found.contents == file.contents)
}

pub(super) fn prepare(
    directory: &Utf8Path,
    path: &RelativePath,
    replaces: &str,
    step: &str,
    journal: &Journal,
) -> Result<Before> {
    match on_disk(directory, path)? {
        OnDisk::File(existing) if files::sha256(&existing.contents) == replaces => {
            let mode = files::mode(&directory.join(path.as_str())).ok();
            Ok(Before { kept: Some(journal.keep(step, &existing.contents)?), mode, ..Before::default() })
        }
        OnDisk::Blocked(reason) => Err(Error::refused(reason)),
        OnDisk::File(_) | OnDisk::Absent => {
            Err(Error::failed(format!("`{}` was changed meanwhile", directory.join(path.as_str())))
                .hint("run the command again to decide about it"))
        }
    }
}

pub(super) fn replace(directory: &Utf8Path, path: &RelativePath, file: &File) -> Result<()> {
    let full = directory.join(path.as_str());
    let executable = if file.executable { 0o111 } else { 0 };
    Ok(files::write_atomically(&full, &file.contents, files::mode(&full)? | executable, Existing::Replace)?)
}

pub(super) fn revert(
    directory: &Utf8Path,
    path: &RelativePath,
    file: &File,
    before: &Before,
    undoing: &Undoing<'_>,
) -> Result<Vec<Effect>> {
    let full = directory.join(path.as_str());
    let Some(kept) = &before.kept else { return Ok(Vec::new()) };
    let old = fs_err::read(kept)?;
    let keep = |why: String| Ok(vec![Effect::Keep { what: full.to_string(), why }]);
    if let OnDisk::Blocked(why) = on_disk(directory, path)? {
        return keep(why);
    }
    if files::holds(&full, &old) {
        return Ok(Vec::new());
    }
    if !files::holds(&full, &file.contents) {
        return keep(format!("it was changed since; what it held before is in `{kept}`"));
    }
    if undoing.is_guard(&full) {
        return keep(GUARD.to_owned());
    }
    if undoing.mode == Mode::Perform {
        files::write_atomically(&full, &old, before.mode.map_or_else(|| files::mode(&full), Ok)?, Existing::Replace)?;
    }
    Ok(vec![Effect::PutBack(full.to_string())])
}
