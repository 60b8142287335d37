//! What is known about direnv and nix-direnv.

pub mod cache;
pub mod envrc;
pub mod standing;
pub mod status;
pub mod whitelist;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;
use sha2::{Digest, Sha256};

use super::Fact;
use super::text_file::TextFile;
pub use envrc::{Envrc, Use, UseKind};

/// What is known about direnv and nix-direnv.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Direnv {
    /// The `direnv` on PATH.
    pub program: Fact<Option<Utf8PathBuf>>,
    /// What `direnv version` says.
    pub version: Fact<Version>,
    /// The bash that direnv runs `.envrc` files with.
    pub bash: Fact<Bash>,
    /// The `.envrc` of the project.
    pub envrc: Fact<Option<Envrc>>,
    /// Whether direnv may load it.
    pub permission: Fact<Permission>,
    /// The `.envrc` that is loaded in the shell nixstart was started from.
    pub loaded: Fact<Option<Utf8PathBuf>>,
    /// The file that brings nix-direnv in.
    pub nix_direnv: Fact<Option<Utf8PathBuf>>,
    /// The file of the user's or the machine's that does so for every project.
    pub loads_nix_direnv: Fact<Option<Utf8PathBuf>>,
    /// The file of an installed nix-direnv that direnv has to read.
    pub nix_direnv_script: Fact<Option<Utf8PathBuf>>,
    /// The file of the user's that direnv reads before each `.envrc`, whether it exists or not.
    pub direnvrc: Fact<TextFile>,
    /// The program of nix-direnv that evaluates the project anew.
    pub reload: Fact<Option<Utf8PathBuf>>,
    /// Whether nix-direnv serves an older environment because the present one did not evaluate.
    pub did_fall_back: Fact<bool>,
    /// After how many milliseconds direnv says that it takes long.
    pub warn_timeout: Fact<u64>,
    /// How many milliseconds the last load took; measured only in depth.
    pub load_time: Fact<u64>,
}

/// A bash and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bash {
    /// Where it is.
    pub path: Utf8PathBuf,
    /// Its major and minor version.
    pub version: (u32, u32),
}

/// Whether direnv may load an `.envrc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Allowed,
    /// Nobody has allowed what the file says now.
    NotAllowed,
    /// Somebody has denied it.
    Denied,
    /// It may, because direnv's own settings say so of its place.
    Whitelisted,
}

impl Permission {
    /// The word for it; that of direnv, where it has one.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NotAllowed => "blocked",
            Self::Denied => "denied",
            Self::Whitelisted => "whitelisted",
        }
    }

    /// Whether direnv loads the file.
    pub const fn is_given(self) -> bool {
        matches!(self, Self::Allowed | Self::Whitelisted)
    }
}

/// The name of the file by which direnv remembers that an `.envrc` with this content is allowed.
pub fn allow_name(path: &Utf8Path, content: &[u8]) -> String {
    hash(&[path.as_str().as_bytes(), b"\n", content])
}

/// The name of the file by which direnv remembers that an `.envrc` is denied, whatever it says.
pub fn deny_name(path: &Utf8Path) -> String {
    hash(&[path.as_str().as_bytes(), b"\n"])
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}"))
}

/// The version in what `bash --version` prints.
pub fn bash_version(output: &str) -> Option<(u32, u32)> {
    let number = output.lines().next()?.split_once("version ")?.1;
    let mut parts = number.split(|character: char| !character.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_allow_files_as_direnv_does() {
        let path = Utf8Path::new("/tmp/wtc-try/p/.envrc");
        assert_eq!(allow_name(path, b"export A=1\n"), "0a8f5acd792eca52693f685aaea63cb9e4b092ecbbea86049ce7955af0d63a6d");
        assert_eq!(allow_name(path, b""), deny_name(path));
        let path = Utf8Path::new("/project/.envrc");
        let allowed = allow_name(path, b"export FOO=bar\nwatch_file extra.txt\n");
        assert_eq!(allowed, "7693f78b4c8f4804dbad821363f86130e55a1e104442bc8250fa2e5ce6a75a19");
        assert_eq!(deny_name(path), "94c19e3c62999694a99e0b7d45682cf7b2a42a91c2b3949f4691d331a0d64458");
    }

    #[test]
    fn reads_the_version_of_bash() {
        assert_eq!(bash_version("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n"), Some((5, 2)));
        assert_eq!(bash_version("GNU bash, version 3.2.57(1)-release (arm64-apple-darwin23)"), Some((3, 2)));
        assert_eq!(bash_version("zsh 5.9"), None);
    }
}
