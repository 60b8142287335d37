//! The Nix files of a flake: `flake.nix` and what it mentions, and what that mentions.

use std::collections::BTreeSet;
use std::thread;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::facts::Fact;
use crate::facts::flake::source::{Input, NixSource, STACK};
use crate::facts::flake::{SyntaxError, Systems};
use crate::host::probe::Vantage;

/// How many Nix files are read.
const MOST_FILES: usize = 200;

/// What the Nix files of a flake say.
#[derive(Debug, Default)]
pub(super) struct Sources {
    root: Utf8PathBuf,
    /// Files that cannot be parsed.
    errors: Vec<SyntaxError>,
    /// Paths that are mentioned and have to be there.
    pub(super) mentioned: BTreeSet<Utf8PathBuf>,
    /// The systems `flake.nix` names.
    pub(super) systems: Systems,
    /// The inputs `flake.nix` declares, when it spells them out.
    pub(super) inputs: Option<Vec<Input>>,
    /// Why the flake has to see variables.
    pub(super) impurity: Option<String>,
}

impl Sources {
    /// Reads the files of the flake in a directory.
    pub(super) fn read(root: &Utf8Path) -> Self {
        let root = root.to_owned();
        // The parser needs more stack than a thread has by default.
        let reader = thread::Builder::new().stack_size(STACK).spawn(move || Self::read_all(root));
        reader.ok().and_then(|reader| reader.join().ok()).unwrap_or_default()
    }

    fn read_all(root: Utf8PathBuf) -> Self {
        let start = root.join("flake.nix");
        let mut found = Self { root, ..Self::default() };
        let mut waiting = vec![start];
        let mut at = 0;
        while let Some(path) = waiting.get(at).cloned().filter(|_| at < MOST_FILES) {
            // A pipe is not read: nobody may ever write to it.
            let Some(bytes) = path.is_file().then(|| fs_err::read(&path).ok()).flatten() else {
                at += 1;
                continue;
            };
            let source = NixSource::read(&String::from_utf8_lossy(&bytes));
            found.take(&path, source, at == 0, &mut waiting);
            at += 1;
        }
        found
    }

    fn take(&mut self, path: &Utf8Path, source: NixSource, is_flake: bool, waiting: &mut Vec<Utf8PathBuf>) {
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        if let Some((line, message)) = source.error {
            let path = path.strip_prefix(&self.root).unwrap_or(path).to_string();
            self.errors.push(SyntaxError { path, line, message });
        }
        let beside = source.paths.iter().filter(|path| !source.optional_paths.contains(path)).map(|path| resolve(&folder, path));
        let below = source.root_paths.iter().map(|path| resolve(&self.root, path));
        for target in beside.chain(below).collect::<Vec<_>>() {
            if target == self.root || !target.starts_with(&self.root) {
                continue;
            }
            let file = if target.is_dir() { target.join("default.nix") } else { target.clone() };
            if file.extension() == Some("nix") && file.is_file() && !waiting.contains(&file) {
                waiting.push(file);
            }
            self.mentioned.insert(target);
        }
        self.impurity = self.impurity.take().or(source.impurity);
        if is_flake {
            self.systems = source.systems;
            self.inputs = source.inputs;
        }
    }

    /// Whether a path, or a folder that holds it, is mentioned.
    pub(super) fn mentions(&self, path: &Utf8Path) -> bool {
        path.ancestors().take_while(|above| *above != self.root).any(|above| self.mentioned.contains(above))
    }

    /// Files that cannot be parsed. What rnix does not understand, Nix is asked about: it may know newer syntax.
    pub(super) fn confirmed_errors(&self, vantage: &Vantage) -> Vec<SyntaxError> {
        let is_broken = |error: &&SyntaxError| {
            let path = self.root.join(&error.path);
            match vantage.run("nix-instantiate", &["--parse", path.as_str()]) {
                Fact::Known(output) => !output.is_success(),
                Fact::Unknown(_) => true,
            }
        };
        self.errors.iter().filter(is_broken).cloned().collect()
    }
}

/// A path with its `.` and `..` taken away, without a look at the disk.
fn resolve(folder: &Utf8Path, path: &str) -> Utf8PathBuf {
    let mut found = folder.to_owned();
    for part in Utf8Path::new(path).components() {
        match part {
            Utf8Component::ParentDir => {
                found.pop();
            }
            Utf8Component::Normal(name) => found.push(name),
            Utf8Component::CurDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_paths_without_the_disk() {
        assert_eq!(resolve("/p/nix".into(), "../apps/./web"), "/p/apps/web");
        assert_eq!(resolve("/p".into(), "./."), "/p");
    }
}
