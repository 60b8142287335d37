//! The SHA-256 of a file, as it is pinned, published and typed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::file_tree::hex;

/// A SHA-256 digest. It is written in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(String);

/// A text that is no SHA-256 digest.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no SHA-256 digest: 64 hexadecimal digits, or `sha256-` and base64")]
pub struct DigestError(String);

impl Sha256 {
    /// Reads a digest: hexadecimal, with `sha256:` before it or not, or Nix's `sha256-…` with base64.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let text = text.trim();
        let wrong = || DigestError(text.chars().take(80).collect());
        if let Some(encoded) = text.strip_prefix("sha256-") {
            let bytes = STANDARD.decode(encoded).ok().filter(|bytes| bytes.len() == 32);
            return bytes.map(|bytes| Self(hex(&bytes))).ok_or_else(wrong);
        }
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let is_digest = digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        is_digest.then(|| Self(digits.to_ascii_lowercase())).ok_or_else(wrong)
    }

    /// The digest whose bytes these are.
    pub fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(hex(&bytes))
    }

    /// Finds the digest of a file in what its publisher keeps beside it: the digest alone, or lines of digest and name.
    pub fn published(text: &str, file_name: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.clone().next()?;
        if !first.contains(char::is_whitespace) {
            return Self::parse(first).ok();
        }
        let is_named = |name: &str| name.trim_start().trim_start_matches('*').trim_start_matches("./") == file_name;
        let (digest, _) = lines.find_map(|line| line.split_once(char::is_whitespace).filter(|(_, name)| is_named(name)))?;
        Self::parse(digest).ok()
    }

    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for Sha256 {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::parse(&text)
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the empty text.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const OTHER: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn reads_what_tools_print() {
        let sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for text in [EMPTY, &EMPTY.to_uppercase(), &format!("sha256:{EMPTY}"), &format!(" {EMPTY}\n"), sri] {
            assert_eq!(Sha256::parse(text).unwrap().as_str(), EMPTY, "{text}");
        }
        for text in ["", "e3b0", "sha256-47DE", "sha256-", &EMPTY.replace('e', "g"), &format!("{EMPTY}0"), "<!doctype html>"] {
            assert!(Sha256::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn finds_a_file_in_what_its_publisher_says() {
        let list = format!("{OTHER}  other\n{EMPTY} *./install\n{OTHER}  install.sha256\n");
        for text in [EMPTY.to_owned(), format!("{EMPTY}\n"), format!("{EMPTY}  install\n"), list] {
            assert_eq!(Sha256::published(&text, "install").unwrap().as_str(), EMPTY, "{text}");
        }
        for text in ["", "\n", &format!("{EMPTY}  other"), "404 Not Found", "<html><body>"] {
            assert_eq!(Sha256::published(text, "install"), None, "{text}");
        }
    }
}
