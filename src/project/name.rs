//! The name of a project, and the names npm, Nix and DNS accept in its place.

use std::fmt;

use serde::Serialize;

/// The longest name a directory entry can have on Linux and macOS, in bytes.
const LONGEST_FILE_NAME: usize = 255;
/// The longest npm package name ("name" in package.json).
const LONGEST_NPM_NAME: usize = 214;
/// The longest DNS label (RFC 1035).
const LONGEST_DNS_LABEL: usize = 63;

/// Why a word cannot be the name of a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or white space only.
    #[error("the project name is empty")]
    Empty,
    /// More bytes than a directory entry can have.
    #[error("the project name is {bytes} bytes long; a directory name can have {LONGEST_FILE_NAME}")]
    TooLong {
        /// Length in bytes.
        bytes: usize,
    },
    /// A first character that programs take for something else.
    #[error("the project name `{name}` starts with `{first}`")]
    BadStart {
        /// The name as given.
        name: String,
        /// Its first character.
        first: char,
    },
    /// White space at an end.
    #[error("the project name `{name}` starts or ends with white space")]
    OuterSpace {
        /// The name as given.
        name: String,
    },
    /// A character that no directory name should have.
    #[error("the project name contains {}", describe(*.character))]
    BadCharacter {
        /// The character.
        character: char,
    },
}

fn describe(character: char) -> String {
    if character.is_control() {
        format!("the control character U+{:04X}", u32::from(character))
    } else {
        format!("`{character}`")
    }
}

/// A directory name that is fit to be the name of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ProjectName(String);

impl ProjectName {
    /// Accepts any directory name but those that programs misread: empty, too long, with a leading dash or dot, with
    /// outer white space, slashes, backslashes or control characters.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let Some(first) = name.trim().chars().next() else { return Err(NameError::Empty) };
        if name.len() > LONGEST_FILE_NAME {
            return Err(NameError::TooLong { bytes: name.len() });
        }
        if let Some(character) = name.chars().find(|c| c.is_control() || matches!(c, '/' | '\\')) {
            return Err(NameError::BadCharacter { character });
        }
        if name.trim() != name {
            return Err(NameError::OuterSpace { name: name.to_owned() });
        }
        if matches!(first, '-' | '.') {
            return Err(NameError::BadStart { name: name.to_owned(), first });
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as the user typed it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names other worlds accept in its place; `fallback` is used when no character of the name survives.
    pub fn derived(&self, fallback: &str) -> DerivedNames {
        let plain = plain_words(&self.0, fallback);
        let nix = if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("project-{plain}") } else { plain.clone() };
        DerivedNames { npm: shortened(&plain, LONGEST_NPM_NAME), dns: shortened(&plain, LONGEST_DNS_LABEL), nix }
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A project's name as npm, Nix and DNS accept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DerivedNames {
    /// A valid npm package name: lower case, at most 214 characters, no leading dot or underscore.
    pub npm: String,
    /// A valid Nix attribute and derivation name: starts with a letter.
    pub nix: String,
    /// A valid DNS label: letters, digits and dashes, at most 63 characters.
    pub dns: String,
}

/// Lower-case ASCII words joined by single dashes. Names npm keeps for itself get a suffix.
fn plain_words(name: &str, fallback: &str) -> String {
    let lower: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let words = lower.split_whitespace().collect::<Vec<_>>().join("-");
    match words.as_str() {
        "" => fallback.to_owned(),
        "node-modules" | "favicon-ico" | "nixpkgs" | "self" => format!("{words}-project"),
        _ => words,
    }
}

fn shortened(name: &str, limit: usize) -> String {
    name.chars().take(limit).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rejects_names_that_programs_misread() {
        let cases = [
            ("", "the project name is empty"),
            ("  ", "the project name is empty"),
            ("-rf", "the project name `-rf` starts with `-`"),
            ("..", "the project name `..` starts with `.`"),
            (" a", "the project name ` a` starts or ends with white space"),
            ("a\nb", "the project name contains the control character U+000A"),
            ("a/b", "the project name contains `/`"),
        ];
        for (name, message) in cases {
            assert_eq!(ProjectName::parse(name).unwrap_err().to_string(), message);
        }
        assert_eq!(ProjectName::parse(&"x".repeat(300)).unwrap_err(), NameError::TooLong { bytes: 300 });
    }

    #[test]
    fn derives_names_for_npm_nix_and_dns() {
        let derived = |name: &str| ProjectName::parse(name).unwrap().derived("discord-bot");
        assert_eq!(derived("my-bot"), DerivedNames { npm: "my-bot".into(), nix: "my-bot".into(), dns: "my-bot".into() });
        assert_eq!(derived("My Bot_2!").npm, "my-bot-2");
        assert_eq!(derived("2cool").nix, "project-2cool");
        assert_eq!(derived("ボット").npm, "discord-bot");
        assert_eq!(derived("node_modules").npm, "node-modules-project");
    }

    proptest! {
        #[test]
        fn derived_names_are_always_valid(name in "\\PC{1,120}") {
            let Ok(name) = ProjectName::parse(&name) else { return Ok(()) };
            let derived = name.derived("fallback");
            let valid = |text: &str, limit: usize| {
                !text.is_empty() && text.len() <= limit && !text.starts_with('-') && !text.ends_with('-')
                    && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            };
            prop_assert!(valid(&derived.npm, 214));
            prop_assert!(valid(&derived.dns, 63));
            prop_assert!(derived.nix.starts_with(|c: char| c.is_ascii_lowercase()));
        }
    }
}
