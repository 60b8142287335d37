//! What is known about the Nix store.

use camino::Utf8PathBuf;

use super::Fact;

/// What is known about the Nix store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Store {
    /// How a build of a few bytes ended; only with `--deep`.
    pub probe_build: Fact<ProbeBuild>,
    /// Paths that are not what they were when they were built; only with `--deep`.
    pub damaged: Fact<Vec<Utf8PathBuf>>,
    /// How many bytes it takes up.
    pub bytes: Fact<u64>,
    /// Links of the garbage collector that lead nowhere.
    pub stale_roots: Fact<Vec<Utf8PathBuf>>,
    /// What another user owns in the user's directories of Nix.
    pub foreign: Fact<Vec<Utf8PathBuf>>,
    /// A store below the user's directory, and whether there is one at `/nix` besides.
    pub chroot: Fact<Option<ChrootStore>>,
}

/// How a build of a few bytes ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeBuild {
    /// It was built.
    Built {
        /// The names in `/` that the builder saw.
        seen: Vec<String>,
    },
    /// It was not; the last lines of what Nix said.
    Failed(Vec<String>),
}

/// A store below the user's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChrootStore {
    /// The directory that stands for `/`.
    pub path: Utf8PathBuf,
    /// Whether there is a store at `/nix` besides.
    pub has_other: bool,
}

/// The paths of which `nix store verify` says that they were modified or are missing.
pub fn damaged(stderr: &str) -> Vec<Utf8PathBuf> {
    let is_damage = |line: &&str| {
        ["was modified!", "is corrupted or missing", "disappeared", "No such file or directory", "is not valid"]
            .iter()
            .any(|words| line.contains(words))
    };
    let mut paths: Vec<Utf8PathBuf> = stderr.lines().filter(is_damage).filter_map(store_path).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// The store path in a line, without what is below it.
fn store_path(line: &str) -> Option<Utf8PathBuf> {
    let (_, rest) = line.split_once("/nix/store/")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
    (name.len() > 33).then(|| Utf8PathBuf::from(format!("/nix/store/{name}")))
}

/// The bytes in what `nix path-info --all --size` prints.
pub fn bytes(path_info: &str) -> u64 {
    let sizes = path_info.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_damaged_paths() {
        let name = "jdd8mm36v8wmmlrw17gjiahc1klykw1k-x";
        let stderr = format!(
            "error: path '/nix/store/{name}' was modified! expected hash 'sha256:1', got 'sha256:2'\nerror: path '/nix/store/{name}' was modified!\nchecking '/nix/store/aaaa'\n"
        );
        assert_eq!(damaged(&stderr), [format!("/nix/store/{name}")]);
    }

    #[test]
    fn adds_sizes_up() {
        assert_eq!(bytes("/nix/store/a\t      112\n/nix/store/b\t  8\nwarning\n"), 120);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(/nix/store/|was modified!|[a-z0-9]{32}-|\n|\\PC){0,40}") {
            damaged(&text);
            bytes(&text);
        }
    }
}
