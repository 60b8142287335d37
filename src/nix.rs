//! Nix's own words, as far as commands need them: its version and settings, what start-up files say of it, what it says
//! while it works and what it prints.

pub mod build;
pub mod build_history;
pub mod build_picture;
pub mod build_tree;
pub mod closure;
pub mod conf;
pub mod derivation;
pub mod dev_shells;
pub mod edit;
pub mod failure;
pub mod flake_config;
pub mod flake_show;
pub mod hashes;
pub mod installable;
pub mod log;
pub mod outputs;
pub mod rebuild_reason;
pub mod settings;
pub mod start_up;
pub mod store_name;
pub mod system_file;

use std::fmt;

/// The oldest Nix that can evaluate today's nixpkgs (`lib/minfeatures.nix` since July 2025).
pub const OLDEST_NIX: (u32, u32) = (2, 18);
/// The oldest Nix that nixstart is happy with.
pub const RECOMMENDED_NIX: (u32, u32) = (2, 24);
/// The oldest Lix that does; Lix counts on its own.
const OLDEST_LIX: (u32, u32) = (2, 90);

/// A version of Nix, as `nix --version` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NixVersion {
    major: u32,
    minor: u32,
    flavour: Flavour,
}

/// Which of the programs that call themselves `nix` it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flavour {
    /// The one of nixos.org.
    Nix,
    /// Lix, whose versions count on their own from 2.90 on.
    Lix,
    /// Determinate Nix, with its own version.
    Determinate(String),
    /// Another, by the name it gives itself.
    Other(String),
}

impl NixVersion {
    /// Reads the first line of `nix --version`, such as `nix (Nix) 2.34.8` or `nix (Lix, like Nix) 2.93.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.lines().next()?.rsplit_once(") ")?;
        let (major, minor) = numbers(version)?;
        Some(Self { major, minor, flavour: Flavour::parse(name.split_once('(').map_or(name, |(_, name)| name)) })
    }

    /// Reads the version out of a store path, such as `/nix/store/…-nix-2.34.8/bin/nix`. The path of a Determinate Nix holds
    /// only the version of Determinate.
    pub fn of_store_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix("/nix/store/")?.split('/').next()?.split_once('-')?.1;
        let (name, version) = name.rsplit_once('-')?;
        let flavour = match name {
            "nix" | "nix-cli" => Flavour::Nix,
            "lix" => Flavour::Lix,
            _ => return None,
        };
        let (major, minor) = numbers(version)?;
        Some(Self { major, minor, flavour })
    }

    /// Whether it can evaluate the flakes that nixstart generates.
    pub fn is_new_enough(&self) -> bool {
        self.is_at_least(OLDEST_NIX)
    }

    /// Whether nothing is to be said against its age.
    pub fn is_recommended(&self) -> bool {
        self.is_at_least(RECOMMENDED_NIX)
    }

    /// Whether `nix profile` calls what a profile holds by name (Nix 2.20, Lix from its beginning).
    pub fn names_packages_of_profiles(&self) -> bool {
        self.is_at_least((2, 20))
    }

    fn is_at_least(&self, nix: (u32, u32)) -> bool {
        (self.major, self.minor) >= if self.flavour == Flavour::Lix { OLDEST_LIX } else { nix }
    }

    /// Whether it makes itself a store below the user's directory where there is no `/nix` (Nix 2.10, July 2022).
    pub fn makes_store_below_home(&self) -> bool {
        self.is_at_least((2, 10))
    }

    /// Which of the programs that call themselves `nix` it is.
    pub const fn flavour(&self) -> &Flavour {
        &self.flavour
    }

    /// Whether flakes and the `nix` command are on without any setting.
    pub const fn has_flakes_by_default(&self) -> bool {
        matches!(self.flavour, Flavour::Determinate(_))
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return None };
    Some((major, minor))
}

impl Flavour {
    fn parse(name: &str) -> Self {
        match name.strip_prefix("Determinate Nix") {
            Some(version) => Self::Determinate(version.trim().to_owned()),
            None if name == "Nix" => Self::Nix,
            None if name.contains("Lix") => Self::Lix,
            None => Self::Other(name.to_owned()),
        }
    }
}

impl fmt::Display for NixVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.flavour == Flavour::Lix { "Lix" } else { "Nix" };
        write!(formatter, "{name} {}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_versions_of_nix_and_its_relatives() {
        let cases = [
            ("nix (Nix) 2.8.0", "Nix 2.8", false),
            ("nix (Nix) 2.26.3+1", "Nix 2.26", true),
            ("nix (Nix) 2.36.0pre20260822_abc", "Nix 2.36", true),
            ("nix (Determinate Nix 3.8.0) 2.30.2", "Nix 2.30", true),
            ("nix (Lix, like Nix) 2.93.3", "Lix 2.93", true),
            ("nix (Lix, like Nix) 2.18.1", "Lix 2.18", false),
        ];
        for (line, shown, is_new_enough) in cases {
            let version = NixVersion::parse(line).unwrap();
            assert_eq!((version.to_string().as_str(), version.is_new_enough()), (shown, is_new_enough), "{line}");
        }
        assert_eq!(NixVersion::parse("command not found"), None);
        let of_path = |path| NixVersion::of_store_path(path).map(|version| version.to_string());
        assert_eq!(of_path("/nix/store/0123abcd-nix-2.34.8/bin/nix").as_deref(), Some("Nix 2.34"));
        assert_eq!(of_path("/nix/store/0123abcd-lix-2.93.3/bin/nix").as_deref(), Some("Lix 2.93"));
        assert_eq!(of_path("/usr/bin/nix"), None);
    }

    #[test]
    fn tells_the_flavours_apart() {
        let flavour = |line| NixVersion::parse(line).unwrap().flavour;
        assert_eq!(flavour("nix (Nix) 2.8.0"), Flavour::Nix);
        assert_eq!(flavour("nix (Lix, like Nix) 2.93.3\nSystem type: x86_64-linux"), Flavour::Lix);
        assert_eq!(flavour("nix (Determinate Nix 3.8.0) 2.30.2"), Flavour::Determinate("3.8.0".into()));
        assert_eq!(flavour("nix (Snix) 2.30.2"), Flavour::Other("Snix".into()));
        assert_eq!(NixVersion::of_store_path("/nix/store/0123abcd-determinate-nix-3.8.0/bin/nix"), None);
        let is_recommended = |line| NixVersion::parse(line).unwrap().is_recommended();
        assert!(is_recommended("nix (Lix, like Nix) 2.90.0") && !is_recommended("nix (Nix) 2.23.4"));
    }
}
