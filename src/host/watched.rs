//! The files of a project that others edit while something shows what is in them: noticed by what the file system says of them,
//! never by reading them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::project::WORKSPACES;

/// What is watched at the top of a project.
const OF_PROJECT: [&str; 4] = ["flake.nix", "flake.lock", "nixstart.toml", "devenv.nix"];
/// What is watched there and in each app.
const OF_APP: [&str; 5] = [".envrc", ".env", ".env.local", ".env.development", ".env.development.local"];

/// Which file it is, how long, and when it was changed. Nothing follows from it about what the file says.
type Stamp = (u64, u64, i64, i64);

/// The files as they are at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched(BTreeMap<Utf8PathBuf, Stamp>);

impl Watched {
    /// Looks at the files of a project.
    pub fn of(root: &Utf8Path) -> Self {
        let mut places = vec![root.to_owned()];
        let folders = WORKSPACES.iter().filter_map(|folder| root.join(folder).read_dir_utf8().ok());
        places.extend(folders.flat_map(|entries| entries.flatten().map(|entry| entry.path().to_owned())));
        let own = OF_PROJECT.iter().map(|name| root.join(name));
        let all = own.chain(places.iter().flat_map(|place| OF_APP.iter().map(|name| place.join(name))));
        Self(all.filter_map(|path| Some((path.clone(), stamp(&path)?))).collect())
    }

    /// The files that came, went or were changed since.
    pub fn changed_since(&self, before: &Self) -> Vec<Utf8PathBuf> {
        let all = self.0.keys().chain(before.0.keys().filter(|path| !self.0.contains_key(*path)));
        all.filter(|path| self.0.get(*path) != before.0.get(*path)).cloned().collect()
    }
}

fn stamp(path: &Utf8Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    Some((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_goes_and_changes_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::write(root.join("flake.nix"), "{ }").unwrap();
        fs_err::write(root.join("README.md"), "").unwrap();
        let before = Watched::of(root);
        assert_eq!(Watched::of(root).changed_since(&before), Vec::<Utf8PathBuf>::new());
        fs_err::create_dir_all(root.join("apps/api")).unwrap();
        fs_err::write(root.join("apps/api/.env"), "A=1").unwrap();
        fs_err::write(root.join("flake.nix"), "{ a = 1; }").unwrap();
        fs_err::write(root.join("README.md"), "more").unwrap();
        let now = Watched::of(root);
        assert_eq!(now.changed_since(&before), [root.join("apps/api/.env"), root.join("flake.nix")]);
        fs_err::remove_file(root.join("flake.nix")).unwrap();
        assert_eq!(Watched::of(root).changed_since(&now), [root.join("flake.nix")]);
    }
}
