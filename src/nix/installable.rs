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
        let named = ["path:", "git+file://", "git+file:"].into_iter().find_map(|scheme| path.strip_prefix(scheme));
        let looks_local =
            path == "." || path == ".." || path.starts_with("./") || path.starts_with("../") || path.starts_with('/');
        let path = named.or_else(|| looks_local.then_some(path))?;
        (!path.starts_with("/nix/store/")).then(|| Utf8PathBuf::from(path))
    }

    /// The same attribute by its shortest name: `default` for nothing, and no `packages.SYSTEM` before it.
    pub fn attribute_on(&self, system: &str) -> &str {
        let package = self.attribute.strip_prefix("packages.").and_then(|rest| rest.strip_prefix(system)?.strip_prefix('.'));
        let attribute = package.unwrap_or(&self.attribute);
        if attribute.is_empty() { "default" } else { attribute }
    }

    /// Whether Nix copies everything that is there, whatever git knows of it.
    pub fn copies_everything(&self) -> bool {
        self.flake.starts_with("path:")
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
            ("path:bot#x", Some("bot")),
            ("git+file:///w/bot?ref=main", Some("/w/bot")),
            ("nixpkgs#hello", None),
            ("github:a/b#c", None),
            ("/nix/store/x-y", None),
        ];
        for (text, directory) in cases {
            assert_eq!(Installable::parse(text).directory().as_deref().map(camino::Utf8Path::as_str), directory, "{text}");
        }
        assert!(Installable::parse("path:.").copies_everything() && !Installable::parse(".").copies_everything());
        let attribute = |text| Installable::parse(text).attribute_on("x86_64-linux").to_owned();
        assert_eq!(["", ".#default", ".#packages.x86_64-linux.default"].map(attribute), ["default"; 3]);
        assert_eq!([".#web", ".#checks.x86_64-linux.web"].map(attribute), ["web", "checks.x86_64-linux.web"]);
        assert_eq!(Installable::parse("#web").to_string(), ".#web");
        assert_eq!(Installable::parse(".").to_string(), ".");
    }
}
