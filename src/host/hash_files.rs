//! Where the hash of a download is written down in a project: in `nix/hashes.json`, or as a text in a file of Nix.

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use super::files;
use crate::error::{Error, Result};
use crate::file_tree::{File, RelativePath};
use crate::nix::hashes::{self, Hashes};
use crate::template::scaffold::is_secret_file;

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

/// A copy of what Nix would see of a project, but for hashes that are empty in it: there, Nix finds out what they are, although
/// it has the download of the old hash in its store. Nothing that git ignores and no secret is in it.
pub fn copy_without_hash(root: &Utf8Path, hashes: &Hashes) -> Result<tempfile::TempDir> {
    let copy = tempfile::Builder::new().prefix("nixstart-hash.").tempdir()?;
    let place = Utf8Path::from_path(copy.path()).ok_or_else(|| Error::failed("the temporary directory is no UTF-8 text"))?;
    let walk = WalkBuilder::new(root).hidden(false).filter_entry(|entry| entry.file_name() != ".git").build();
    for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        let Ok(relative) = path.strip_prefix(root) else { continue };
        if !path.file_name().is_some_and(is_secret_file) {
            let target = place.join(relative);
            fs_err::create_dir_all(target.parent().unwrap_or(place))?;
            fs_err::copy(path, target)?;
        }
    }
    fs_err::write(place.join(hashes::PATH), hashes.to_text())?;
    Ok(copy)
}

/// How often files of Nix have what may stand for a hash that nobody knows yet. An empty text may be something else; then a
/// person has to say which is meant.
pub fn count_placeholders(root: &Utf8Path) -> usize {
    const PLACEHOLDERS: [&str; 4] = ["fakeHash", "fakeSha256", "\"\"", ZEROS];
    PLACEHOLDERS.iter().flat_map(|text| find_literal(root, text)).map(|found| found.times).sum()
}

/// The hash that Nix takes in the place of an empty one.
const ZEROS: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

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
