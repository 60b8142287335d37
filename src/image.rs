//! OCI images as far as people ask about them: what one is called, where it goes, and what `skopeo inspect` says of it.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A registry with a path below it, such as `ghcr.io/acme`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    host: String,
    path: String,
}

/// Why a text names no registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no registry")]
pub struct RegistryError(String);

impl Registry {
    /// Reads a registry: a host, a port if need be, and a path. A scheme is left out, and letters become small ones, as registries
    /// have them.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let lower = text.trim().to_lowercase();
        let trimmed = lower.strip_prefix("https://").unwrap_or(&lower).trim_end_matches('/');
        let (host, path) = trimmed.split_once('/').unwrap_or((trimmed, ""));
        let is_host = |character: char| character.is_ascii_alphanumeric() || ".-:[]".contains(character);
        let is_path =
            |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || "._-/".contains(character);
        let is_valid = host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
            && host.chars().all(is_host)
            && !host.ends_with(':')
            && !path.starts_with('/')
            && !path.contains("//")
            && path.chars().all(is_path);
        if is_valid { Ok(Self { host: host.to_owned(), path: path.to_owned() }) } else { Err(RegistryError(text.to_owned())) }
    }

    /// The host, with its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is on this machine, where nobody has certificates.
    pub fn is_local(&self) -> bool {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, port)| {
            if port.chars().all(|character| character.is_ascii_digit()) { name } else { self.host.as_str() }
        });
        name == "localhost" || name == "[::1]" || name.starts_with("127.")
    }

    /// Where an image is in it.
    pub fn place_of(&self, name: &str, tag: &str) -> String {
        format!("{self}/{name}:{tag}")
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.host)?;
        if self.path.is_empty() { Ok(()) } else { write!(formatter, "/{}", self.path) }
    }
}

/// Whether a text can be a tag: up to 128 letters, digits, `.`, `_` and `-`, the first a letter, a digit or `_`.
pub fn is_tag(text: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.starts_with(is_word) && text.len() <= 128 && text.chars().all(|character| is_word(character) || ".-".contains(character))
}

/// What an image is and does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Its name with the tag, as it was built.
    pub name: String,
    /// How many layers it has.
    pub layers: usize,
    /// The system it is for, such as `linux/amd64`.
    pub platform: String,
    /// Who runs in it; empty for root.
    pub user: String,
    /// What runs in it.
    pub command: Vec<String>,
    /// The ports it says it listens on.
    pub ports: Vec<String>,
}

impl Inspection {
    /// Reads what `skopeo inspect` and `skopeo inspect --config` print of an archive that has `name`.
    pub fn read(name: &str, summary: &str, config: &str) -> Option<Self> {
        let summary: Value = serde_json::from_str(summary).ok()?;
        let config: Value = serde_json::from_str(config).ok()?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let inner = config.get("config").cloned().unwrap_or_default();
        let texts = |key: &str| -> Vec<String> {
            let texts = inner.get(key).and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let ports = inner.get("ExposedPorts").and_then(Value::as_object);
        Some(Self {
            name: name.to_owned(),
            layers: summary.get("Layers").and_then(Value::as_array).map_or(0, Vec::len),
            platform: format!("{}/{}", text(&config, "os"), text(&config, "architecture")),
            user: text(&inner, "User"),
            command: texts("Entrypoint").into_iter().chain(texts("Cmd")).collect(),
            ports: ports.into_iter().flat_map(|ports| ports.keys().cloned()).collect(),
        })
    }
}

/// The name with the tag in what `skopeo list-tags` prints of an archive with one image.
pub fn only_name(tags: &str) -> Option<String> {
    let tags: Value = serde_json::from_str(tags).ok()?;
    tags.get("Tags")?.get(0)?.as_str().map(str::to_owned)
}

/// A name without its tag, and the tag.
pub fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((name, tag)) if is_tag(tag) => (name, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn reads_registries() {
        let place = |text: &str| Registry::parse(text).map(|registry| registry.place_of("web", "1"));
        assert_eq!(place("ghcr.io/acme/").unwrap(), "ghcr.io/acme/web:1");
        assert_eq!(place("127.0.0.1:5000").unwrap(), "127.0.0.1:5000/web:1");
        assert_eq!(place("https://ghcr.io/Acme").unwrap(), "ghcr.io/acme/web:1");
        for text in ["", "ftp://ghcr.io", "-x/y", "a b", "ghcr.io//x", "user:pass@host/x"] {
            assert!(place(text).is_err(), "{text}");
        }
        let is_local = |text: &str| Registry::parse(text).unwrap().is_local();
        assert!(is_local("localhost:5000/x") && is_local("127.1.2.3") && is_local("[::1]:80"));
        assert!(!is_local("localhost.example.org") && !is_local("ghcr.io"));
    }

    #[test]
    fn knows_tags() {
        assert!(is_tag("1.2.3-rc_1") && is_tag("_x") && is_tag(&"a".repeat(128)));
        assert!(!is_tag("") && !is_tag("-x") && !is_tag("a/b") && !is_tag(&"a".repeat(129)));
        assert_eq!(split_tag("acme/web:latest"), ("acme/web", Some("latest")));
        assert_eq!(split_tag("localhost:5000/web"), ("localhost:5000/web", None));
    }

    #[test]
    fn reads_what_skopeo_says() {
        let summary = r#"{ "Name": "", "Layers": ["sha256:a", "sha256:b"], "RepoTags": [] }"#;
        let config = r#"{ "os": "linux", "architecture": "amd64", "config": { "User": "65534:65534", "Cmd": ["/nix/store/x/bin/web"], "ExposedPorts": { "3000/tcp": {} } } }"#;
        let read = Inspection::read("web:latest", summary, config).unwrap();
        assert_eq!((read.layers, read.platform.as_str(), read.user.as_str()), (2, "linux/amd64", "65534:65534"));
        assert_eq!((read.command, read.ports), (vec!["/nix/store/x/bin/web".to_owned()], vec!["3000/tcp".to_owned()]));
        assert_eq!(Inspection::read("x", "nothing", config), None);
        assert_eq!(only_name(r#"{ "Tags": ["web:1"] }"#).as_deref(), Some("web:1"));
        assert_eq!(only_name(r#"{ "Tags": [] }"#), None);
    }
}
