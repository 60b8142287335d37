//! What is known about devenv.

use camino::{Utf8Path, Utf8PathBuf};
use semver::{Version, VersionReq};
use serde_json::Value;

use super::Fact;

/// What is known about devenv.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devenv {
    /// The `devenv` on PATH.
    pub program: Fact<Option<Utf8PathBuf>>,
    /// What `devenv version` says.
    pub version: Fact<Version>,
    /// The directory that holds `devenv.nix`.
    pub project: Fact<Option<Utf8PathBuf>>,
    /// Whether `devenv allow` was run for it.
    pub is_trusted: Fact<bool>,
    /// The version of devenv that the project asks for.
    pub requirement: Fact<Option<Requirement>>,
}

/// The version of devenv that a project asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The versions that will do.
    pub versions: VersionReq,
    /// What asks for them.
    pub by: String,
}

/// The version in what `devenv version` prints, such as `devenv 2.2.2 (x86_64-linux)`.
pub fn version(output: &str) -> Option<Version> {
    output.split_whitespace().find_map(|word| Version::parse(word.trim_start_matches('v')).ok())
}

/// What `devenv.yaml` and `devenv.lock` ask for: `require_version: ">=2.1"`, or `true`, which means the version of the
/// modules that the lock pins by a tag.
pub fn requirement(yaml: &str, lock: &str) -> Option<Requirement> {
    let line = yaml.lines().find_map(|line| line.strip_prefix("require_version:"))?;
    let value = line.split(" #").next()?.trim().trim_matches(['"', '\'']);
    let (text, by) = if value == "true" {
        let lock: Value = serde_json::from_str(lock).ok()?;
        let tag = lock.pointer("/nodes/devenv/original/ref").and_then(Value::as_str)?;
        (format!(">={}", tag.strip_prefix('v')?), "the modules that `devenv.lock` pins")
    } else {
        (value.to_owned(), "`require_version` of `devenv.yaml`")
    };
    Some(Requirement { versions: VersionReq::parse(&text).ok()?, by: by.to_owned() })
}

/// Whether a trust database of devenv names a directory. Lines are JSON since 2.2; before they were paths, older ones
/// with a hash and a colon before them.
pub fn is_trusted(database: &str, directory: &Utf8Path) -> bool {
    let path_of = |line: &str| -> Option<String> {
        if line.starts_with('{') {
            let entry: Value = serde_json::from_str(line).ok()?;
            return entry.get("path").and_then(Value::as_str).map(str::to_owned);
        }
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = line.split_once(':').filter(|(hash, _)| is_hash(hash)).map_or(line, |(_, path)| path);
        Some(path.to_owned())
    };
    database.lines().filter_map(path_of).any(|path| path == directory.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_and_requirements() {
        assert_eq!(version("devenv 2.2.2 (x86_64-linux)\n").unwrap().to_string(), "2.2.2");
        assert_eq!(version("nothing"), None);
        let asked = requirement("inputs:\n  a: b\nrequire_version: \">=2.1\" # hooks\n", "").unwrap();
        assert!(asked.versions.matches(&Version::new(2, 2, 2)) && !asked.versions.matches(&Version::new(2, 0, 0)));
        let lock = r#"{"nodes":{"devenv":{"original":{"ref":"v2.2.2"}}}}"#;
        assert!(!requirement("require_version: true\n", lock).unwrap().versions.matches(&Version::new(2, 1, 0)));
        assert_eq!(requirement("require_version: true\n", "{}"), None);
        assert_eq!(requirement("imports: []\n", ""), None);
    }

    #[test]
    fn reads_every_form_of_the_trust_database() {
        let hash = "a".repeat(64);
        let database = format!("{{\"path\":\"/p/new\"}}\n/p/plain\n{hash}:/p/old\n{{broken\n");
        for path in ["/p/new", "/p/plain", "/p/old"] {
            assert!(is_trusted(&database, Utf8Path::new(path)), "{path}");
        }
        assert!(!is_trusted(&database, Utf8Path::new("/p")));
    }
}
