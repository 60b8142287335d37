//! `nix/hashes.json`: the hashes of what a project downloads while it is built, kept as data because they change with every
//! lock file. Beside each hash is the digest of the lock file that it was made for, so that a stale one is found without Nix.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::file_tree::hex;

/// Where the file is in a project.
pub const PATH: &str = "nix/hashes.json";
/// The lock file that the hash of pnpm's dependencies depends on.
pub const PNPM_LOCK: &str = "pnpm-lock.yaml";
/// The key of its digest.
const PNPM_LOCK_KEY: &str = "pnpmLock";
/// The key of the hash that belongs to it.
pub const PNPM_DEPENDENCIES: &str = "pnpmDeps";

/// The hashes of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes(Map<String, Value>);

/// How a hash stands to the lock file it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// There is no hash yet.
    Missing,
    /// The lock file has changed since.
    Stale,
    /// The lock file is the one it was made for.
    Fresh,
    /// Nobody wrote down what it was made for.
    Unknown,
}

impl Hashes {
    /// Reads the file; nothing when it is no JSON object.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// The keys without a hash.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let is_empty = |value: &Value| value.as_str() == Some("");
        self.0.iter().filter(move |(key, value)| *key != PNPM_LOCK_KEY && is_empty(value)).map(|(key, _)| key.as_str())
    }

    /// The key of a hash.
    pub fn key_of(&self, hash: &str) -> Option<&str> {
        self.0.iter().find(|(_, value)| value.as_str() == Some(hash)).map(|(key, _)| key.as_str())
    }

    /// How the hash of pnpm's dependencies stands to a lock file; nothing when there is no such hash.
    pub fn freshness(&self, pnpm_lock: &[u8]) -> Option<Freshness> {
        let hash = self.0.get(PNPM_DEPENDENCIES)?.as_str()?;
        let recorded = self.0.get(PNPM_LOCK_KEY).and_then(Value::as_str).filter(|digest| !digest.is_empty());
        Some(match (hash, recorded) {
            ("", _) => Freshness::Missing,
            (_, None) => Freshness::Unknown,
            (_, Some(recorded)) if recorded == digest(pnpm_lock) => Freshness::Fresh,
            (_, Some(_)) => Freshness::Stale,
        })
    }

    /// The same with a hash, which was made for a lock file.
    #[must_use]
    pub fn with(&self, key: &str, hash: &str, pnpm_lock: Option<&[u8]>) -> Self {
        let mut hashes = self.0.clone();
        hashes.insert(key.to_owned(), hash.into());
        if let Some(lock) = pnpm_lock.filter(|_| key == PNPM_DEPENDENCIES) {
            hashes.insert(PNPM_LOCK_KEY.to_owned(), digest(lock).into());
        }
        Self(hashes)
    }

    /// The same without one hash.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        self.with(key, "", None)
    }

    /// The file.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", Value::Object(self.0.clone()))
    }
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn a_hash_is_fresh_until_its_lock_file_changes() {
        let empty = Hashes::parse(r#"{ "pnpmDeps": "" }"#).unwrap();
        assert_eq!(empty.missing().collect::<Vec<_>>(), ["pnpmDeps"]);
        assert_eq!(empty.freshness(b"lock"), Some(Freshness::Missing));
        let filled = empty.with("pnpmDeps", "sha256-x", Some(b"lock"));
        assert_eq!(filled.missing().next(), None);
        assert_eq!(filled.freshness(b"lock"), Some(Freshness::Fresh));
        assert_eq!(filled.freshness(b"other"), Some(Freshness::Stale));
        assert_eq!(filled.without("pnpmDeps").freshness(b"other"), Some(Freshness::Missing));
        assert_eq!(Hashes::parse(&filled.to_text()).unwrap(), filled);
        assert_eq!(filled.key_of("sha256-x"), Some("pnpmDeps"));
    }

    #[test]
    fn what_others_wrote_stays() {
        let text = r#"{ "model": "sha256-m", "pnpmDeps": "sha256-by-hand" }"#;
        let hashes = Hashes::parse(text).unwrap();
        assert_eq!(hashes.freshness(b"lock"), Some(Freshness::Unknown));
        let written = hashes.with("pnpmDeps", "sha256-y", None).to_text();
        assert_eq!(written, "{\n  \"model\": \"sha256-m\",\n  \"pnpmDeps\": \"sha256-y\"\n}\n");
        assert_eq!(Hashes::parse("[]"), None);
        assert_eq!(Hashes::parse("{}").unwrap().freshness(b""), None);
    }
}
