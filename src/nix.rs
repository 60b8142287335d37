//! Nix's own words, as far as commands need them: its version, and whether that is new enough.

use std::fmt;

/// The oldest Nix that can evaluate today's nixpkgs (`lib/minfeatures.nix` since July 2025).
pub const OLDEST_NIX: (u32, u32) = (2, 18);
/// The oldest Lix that does; Lix counts on its own.
const OLDEST_LIX: (u32, u32) = (2, 90);

/// A version of Nix, as `nix --version` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NixVersion {
    major: u32,
    minor: u32,
    is_lix: bool,
}

impl NixVersion {
    /// Reads the first line of `nix --version`, such as `nix (Nix) 2.34.8` or `nix (Lix, like Nix) 2.93.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.lines().next()?.rsplit_once(") ")?;
        let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return None };
        Some(Self { major, minor, is_lix: name.contains("Lix") })
    }

    /// Reads the version out of a store path, such as `/nix/store/…-nix-2.34.8/bin/nix`.
    pub fn of_store_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix("/nix/store/")?.split('/').next()?.split_once('-')?.1;
        let (name, version) = name.rsplit_once('-').filter(|(name, _)| matches!(*name, "nix" | "lix" | "determinate-nix"))?;
        let product = if name == "lix" { "Lix" } else { "Nix" };
        Self::parse(&format!("nix ({product}) {version}"))
    }

    /// Whether it can evaluate the flakes that nixstart generates.
    pub fn is_new_enough(&self) -> bool {
        (self.major, self.minor) >= if self.is_lix { OLDEST_LIX } else { OLDEST_NIX }
    }
}

impl fmt::Display for NixVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}.{}", if self.is_lix { "Lix" } else { "Nix" }, self.major, self.minor)
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
}
