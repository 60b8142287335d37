//! The step that writes a file of the project, whether it is there or not.

use camino::Utf8Path;

use crate::changeset::OnDisk;
use crate::error::{Error, Result};
use crate::file_tree::{File, FileTree, RelativePath};
use crate::host::files;
use crate::host::target::on_disk;
use crate::plan::{Action, Step, Undo};

/// Writes a file; `None` when it holds the bytes already.
pub(super) fn write(
    directory: &Utf8Path,
    path: &RelativePath,
    contents: Vec<u8>,
    (id, title, explanation): (&str, &str, &str),
) -> Result<Option<Step>> {
    let (directory_of, file) = (directory.to_owned(), File { contents, executable: false });
    let (action, undo) = match on_disk(directory, path)? {
        OnDisk::Blocked(why) => return Err(Error::refused(why).hint("move it away and run the same command again")),
        OnDisk::File(existing) if existing.contents == file.contents => return Ok(None),
        OnDisk::File(existing) => {
            let replaces = files::sha256(&existing.contents);
            (Action::ReplaceFile { directory: directory_of, path: path.clone(), file, replaces }, Undo::Restore)
        }
        OnDisk::Absent => {
            let by = "remove the file, as long as nobody has changed it".to_owned();
            let tree = FileTree::from_iter([(path.clone(), file)]);
            (Action::CreateFiles { directory: directory_of, tree }, Undo::Inverse { by })
        }
    };
    Ok(Some(Step::new(id, title, explanation, action, undo)))
}
