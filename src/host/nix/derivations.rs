//! Reads the files of derivations, as far as they are in the store of this machine.

use std::collections::HashSet;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};

use crate::host::paths;
use crate::nix::build_tree::Edges;
use crate::nix::derivation::Derivation;

/// No derivation is as big.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// So many derivations of a run are read.
const MOST_FILES: usize = 20_000;
/// Where a store is that needs no root, below the user's directory.
const OWN_ROOT: &str = ".local/share/nix/root";

/// A derivation of the store; nothing when it is not there, or is none.
pub fn read(path: &str) -> Option<Derivation> {
    let is_of_a_store = path.starts_with('/') && path.ends_with(".drv") && !path.split('/').any(|part| part == "..");
    if !is_of_a_store {
        return None;
    }
    let own = || Some(paths::home_directory().ok()?.join(OWN_ROOT).join(path.trim_start_matches('/')));
    let file = open(Utf8Path::new(path)).or_else(|| open(&own()?))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Derivation::parse(&bytes).ok()
}

fn open(path: &Utf8Path) -> Option<fs_err::File> {
    let path: Utf8PathBuf = path.to_owned();
    path.is_file().then(|| fs_err::File::open(path).ok())?
}

/// What needs what among the derivations of a run. Only their own files are read, not those of what is there already.
#[derive(Debug, Default)]
pub struct Graph {
    edges: Edges,
    known: HashSet<String>,
    read: usize,
}

impl Graph {
    /// What is known so far.
    pub const fn edges(&self) -> &Edges {
        &self.edges
    }

    /// Learns about derivations that were announced, or begun without a word. What they need is announced or begun before them,
    /// or together with them.
    pub fn learn<'a>(&mut self, derivations: impl Iterator<Item = &'a str>) {
        let new: Vec<&str> = derivations.filter(|path| !self.known.contains(*path)).collect();
        self.known.extend(new.iter().map(|path| (*path).to_owned()));
        for path in new {
            if self.read == MOST_FILES {
                return;
            }
            self.read += 1;
            let Some(derivation) = read(path) else { continue };
            let needs = derivation.input_derivations.into_keys().filter(|needed| self.known.contains(needed));
            self.edges.insert(path, needs.collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_derivation_of_a_store_is_not_read() {
        for path in ["", "/etc/passwd", "/nix/store/../../etc/x.drv", "relative.drv", "/nowhere/x.drv"] {
            assert_eq!(read(path), None, "{path}");
        }
    }

    #[test]
    fn what_needs_what_is_read_from_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| format!("{}/{name}.drv", folder.path().display());
        let write = |name: &str, needs: &str| {
            let text = format!("Derive([],[{needs}],[],\"s\",\"b\",[],[])");
            fs_err::write(path(name), text).unwrap();
        };
        write("library", "");
        write("app", &format!("(\"{}\",[\"out\"]),(\"/nix/store/there.drv\",[\"out\"])", path("library")));
        fs_err::write(path("broken"), "nonsense").unwrap();
        let mut graph = Graph::default();
        let all = ["library", "app", "broken"].map(path);
        graph.learn(all.iter().map(String::as_str));
        assert_eq!(graph.edges().needs(&path("app")), [path("library")]);
        assert!(graph.edges().knows(&path("library")) && !graph.edges().knows(&path("broken")));
    }
}
