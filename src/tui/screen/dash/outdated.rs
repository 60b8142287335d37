//! Files of a flake that were changed since Nix was asked something about it.

use camino::Utf8PathBuf;

/// The names of the files.
#[derive(Debug, Default)]
pub(super) struct Outdated(Vec<String>);

impl Outdated {
    /// Knows that files of the project were changed.
    pub(super) fn remember(&mut self, files: &[Utf8PathBuf]) {
        let counts = |name: &&str| matches!(*name, "flake.nix" | "flake.lock" | "devenv.nix");
        for name in files.iter().filter_map(|path| path.file_name()).filter(counts) {
            if !self.0.iter().any(|known| known == name) {
                self.0.push(name.to_owned());
            }
        }
    }

    /// Nix is asked again.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// That it may be old, and the key that mends it; `None` when it is not.
    pub(super) fn words(&self, key: &str) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("this may be old: {} changed; {key} evaluates anew", self.0.join(", ")))
    }
}
