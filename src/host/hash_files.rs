//! Where the hash of a download is written down in a project: in `nix/hashes.json`, or as a text in a file of Nix.

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use super::files;
use crate::error::{Error, Result};
use crate::file_tree::{File, RelativePath};
use crate::nix::hashes::{self, Hashes};

/// A file of Nix is never longer.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The hashes of a project; nothing when it has none.
pub fn read(root: &Utf8Path) -> Result<Option<Hashes>> {
    let path = root.join(hashes::PATH);
    match files::read_plain(&path) {
        Ok(file) => {
            let text = String::from_utf8_lossy(&file.contents);
            let hashes = Hashes::parse(&text);
            hashes.map(Some).ok_or_else(|| {
                Error::failed(format!("`{}` is no JSON object", super::paths::shown(&path))).hint("take it back from git")
            })
        }
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The lock file of pnpm; nothing when there is none.
pub fn pnpm_lock(root: &Utf8Path) -> Option<Vec<u8>> {
    files::read_plain(&root.join(hashes::PNPM_LOCK)).ok().map(|file| file.contents)
}

/// A file that holds a hash as a text, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The file, below the root.
    pub path: RelativePath,
    /// The file as it is.
    pub file: File,
    /// How often the hash is in it.
    pub times: usize,
}

/// The files of Nix in a project that hold a hash. What git ignores is not looked at.
pub fn find_literal(root: &Utf8Path, hash: &str) -> Vec<Literal> {
    let walk = WalkBuilder::new(root).hidden(false).filter_entry(|entry| entry.file_name() != ".git").build();
    let is_nix = |path: &Utf8PathBuf| path.extension() == Some("nix");
    let paths = walk.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.ok()?.into_path()).ok());
    paths.filter(is_nix).filter_map(|path| literal(root, &path, hash)).collect()
}

fn literal(root: &Utf8Path, path: &Utf8Path, hash: &str) -> Option<Literal> {
    if path.metadata().ok()?.len() > MOST_BYTES {
        return None;
    }
    let file = files::read_plain(path).ok()?;
    let times = std::str::from_utf8(&file.contents).ok()?.matches(hash).count();
    let path = RelativePath::parse(path.strip_prefix(root).ok()?.as_str()).ok()?;
    (times > 0).then_some(Literal { path, file, times })
}
