//! What nix-direnv keeps of a shell: under which name, and whether it is older than what it was made of (nix-direnv 3.0).

use camino::Utf8PathBuf;
use sha1::{Digest, Sha1};

use super::envrc::{Envrc, Use, UseKind};

/// How the kept environment of an `.envrc` stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    /// Nothing in the `.envrc` is kept by nix-direnv.
    None,
    /// Nothing is kept yet; the next load evaluates.
    Missing,
    /// It is as new as everything it was made of.
    Fresh,
    /// These files are newer; the next load evaluates.
    Stale(Vec<Utf8PathBuf>),
    /// The project does not evaluate, so the environment before it is served.
    FellBack,
}

impl Cache {
    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Missing => "not yet",
            Self::Fresh => "fresh",
            Self::Stale(_) => "stale",
            Self::FellBack => "fell back",
        }
    }
}

/// When a file was changed last, in nanoseconds since 1970.
pub type Changed = u128;

/// The name under which a shell is kept in the layout directory, up to its ending; `None` when it does not depend on the
/// line alone. Only the first argument counts.
pub fn profile(used: &Use) -> Option<String> {
    (used.kind == UseKind::Flake).then(|| format!("flake-profile-{}", hash(used.reference())))
}

fn hash(reference: &str) -> String {
    let digest = Sha1::digest(format!("{reference}\n").as_bytes());
    digest.iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}"))
}

/// Whether nix-direnv keeps something of an `.envrc`; that of devenv's own `use devenv` is devenv's.
pub fn is_kept(envrc: &Envrc) -> bool {
    envrc.wants_nix_direnv()
}

/// Judges what is kept: `kept` is when it was made, when it is there.
pub fn judge(kept: Option<Changed>, watched: impl IntoIterator<Item = (Utf8PathBuf, Changed)>) -> Cache {
    let Some(kept) = kept else { return Cache::Missing };
    let newer: Vec<Utf8PathBuf> = watched.into_iter().filter(|(_, changed)| *changed > kept).map(|(path, _)| path).collect();
    if newer.is_empty() { Cache::Fresh } else { Cache::Stale(newer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(line: &str) -> Use {
        Envrc::read("/p/.envrc".into(), line).uses.remove(0)
    }

    #[test]
    fn shells_are_kept_under_the_names_that_nix_direnv_gives() {
        let expected = |name: &str| Some(format!("flake-profile-{name}"));
        assert_eq!(profile(&used("use flake")), expected("a5d5b61aa8a61b7d9d765e1daf971a9a578f1cfa"));
        assert_eq!(profile(&used("use flake . --impure")), expected("a5d5b61aa8a61b7d9d765e1daf971a9a578f1cfa"));
        assert_eq!(profile(&used("use flake .#web")), expected("cdd4e7eae311b66c29be70175aa4b0d86a7b54c4"));
        assert_eq!(profile(&used("use nix")), None);
    }

    #[test]
    fn only_what_is_newer_makes_it_stale() {
        let files = || [(Utf8PathBuf::from("flake.nix"), 5), (Utf8PathBuf::from("flake.lock"), 7)];
        assert_eq!(judge(None, files()), Cache::Missing);
        assert_eq!(judge(Some(7), files()), Cache::Fresh);
        assert_eq!(judge(Some(6), files()), Cache::Stale(vec!["flake.lock".into()]));
    }
}
