//! An installable as `nix build` takes it: a flake and what of it, such as `.#web`.

use std::fmt;

use camino::Utf8PathBuf;

/// What `nix build` is told to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installable {
    flake: String,
    attribute: String,
}

impl Installable {
    /// An attribute of the flake of the current directory.
    pub fn of_this_flake(attribute: &str) -> Self {
        Self { flake: ".".to_owned(), attribute: attribute.to_owned() }
    }

    /// Reads what was typed. Nix decides whether there is such a thing.
    pub fn parse(text: &str) -> Self {
        let (flake, attribute) = text.split_once('#').unwrap_or((text, ""));
        let flake = if flake.is_empty() { "." } else { flake };
        Self { flake: flake.to_owned(), attribute: attribute.to_owned() }
    }

    /// The directory that a local flake is named by; nothing for a remote flake, a registry name or a store path.
    pub fn directory(&self) -> Option<Utf8PathBuf> {
        let path = self.flake.split('?').next().unwrap_or_default();
        let path = ["path:", "git+file://", "git+file:"].into_iter().find_map(|scheme| path.strip_prefix(scheme)).unwrap_or(path);
        let is_local = path == "." || path == ".." || path.starts_with("./") || path.starts_with("../") || path.starts_with('/');
        (is_local && !path.starts_with("/nix/store/")).then(|| Utf8PathBuf::from(path))
    }

    /// The attribute; empty for the default.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }
}

impl fmt::Display for Installable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.flake.as_str(), self.attribute.as_str()) {
            (flake, "") => formatter.write_str(flake),
            (flake, attribute) => write!(formatter, "{flake}#{attribute}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_where_a_local_flake_is() {
        let cases = [
            (".#web", Some(".")),
            ("#web", Some(".")),
            ("./apps/../#x", Some("./apps/../")),
            ("path:/w/bot#x", Some("/w/bot")),
            ("git+file:///w/bot?ref=main", Some("/w/bot")),
            ("nixpkgs#hello", None),
            ("github:a/b#c", None),
            ("/nix/store/x-y", None),
        ];
        for (text, directory) in cases {
            assert_eq!(Installable::parse(text).directory().as_deref().map(camino::Utf8Path::as_str), directory, "{text}");
        }
        assert_eq!(Installable::parse("#web").to_string(), ".#web");
        assert_eq!(Installable::parse(".").to_string(), ".");
    }
}
