//! What Nix must not copy: secrets beside a flake, which would be for everybody on the machine to read.

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use super::flake_around;
use crate::error::{Error, Result};
use crate::host::{git, paths};
use crate::nix::installable::Installable;
use crate::template::scaffold::is_secret_file;

/// How deep secrets are looked for in a directory that Nix would copy.
const DEPTH: usize = 4;

/// What of a directory Nix copies into its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// What git knows; everything where there is no git.
    KnownToGit,
    /// Everything, because the flake is named by `path:`.
    Everything,
}

/// Refuses a flake with secrets beside it that Nix would copy into its store, which everybody on the machine can read.
pub fn refuse_to_copy_secrets(root: &Utf8Path, copies: Copies) -> Result<()> {
    let place = git::place_of(root);
    let has_git = place.is_root || place.parent.is_some();
    if has_git && copies == Copies::KnownToGit {
        return Ok(());
    }
    let mut walk = WalkBuilder::new(root);
    walk.standard_filters(false).max_depth(Some(DEPTH)).filter_entry(|entry| entry.file_name() != "node_modules");
    let files = walk.build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
    let mut paths = files.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok());
    let Some(secret) = paths.find(|path| path.file_name().is_some_and(is_secret_file)) else { return Ok(()) };
    let (secret, root) = (paths::shown(&secret), paths::shown(root));
    let error = Error::refused(format!("Nix would copy `{secret}` into its store, where everybody on this machine can read it"));
    Err(if has_git {
        error.hint("leave `path:` out: then Nix takes only what git knows")
    } else {
        error
            .hint(format!("`{root}` is in no git repository, so Nix takes all of it; in one it takes only what git knows"))
            .hint("run `git init` and `git add .` there; the ignore rules have to cover the file")
    })
}

/// Looks at every flake of this machine that these are of, seen from a directory.
pub fn refuse_to_copy_secrets_of(installables: &[Installable], directory: &Utf8Path) -> Result<()> {
    for installable in installables {
        let Some(named) = installable.directory() else { continue };
        let directory = paths::absolute(&directory.join(named))?;
        let copies = if installable.copies_everything() { Copies::Everything } else { Copies::KnownToGit };
        let root = flake_around(&directory).unwrap_or(directory);
        refuse_to_copy_secrets(&root, copies)?;
    }
    Ok(())
}
