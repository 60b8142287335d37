//! The declaration of a secret: one table in a template's manifest, from which every other file about it is written.

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// The declaration of one secret variable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Name of the variable, `[A-Z_][A-Z0-9_]*`.
    pub name: String,
    /// What the value is; decides how it is checked.
    #[serde(default)]
    pub kind: Kind,
    /// One sentence about what it is for.
    pub description: String,
    /// A condition on the answers, as a Handlebars expression; always declared when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether the project works without it.
    #[serde(default)]
    pub required: Required,
    /// Whether it must never be shown; ids and URLs without credentials are not sensitive.
    #[serde(default = "yes")]
    pub sensitive: bool,
    /// Where a person gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtain: Option<Obtain>,
    /// Anchored regular expression, for kinds without a validator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What it looks like; never a working value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Value used when none is given; exclusive with `generate`, and only for what is not sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How a random value is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
    /// Environments it belongs to; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Apps or dev shells that get it; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Secrets that are asked for before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Id of an online check that can confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<String>,
    /// Whether everybody has one of their own, so that it is not shared with a team.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
}

impl SecretSpec {
    /// The declaration of a variable that nobody declares: any text, and nobody may see it.
    pub fn undeclared(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Text,
            description: "It is not declared, so any text will do".to_owned(),
            when: None,
            required: Required::Everywhere(false),
            sensitive: true,
            obtain: None,
            pattern: None,
            example: None,
            default: None,
            generate: None,
            profiles: Vec::new(),
            scopes: Vec::new(),
            after: Vec::new(),
            verify: None,
            personal: false,
        }
    }
}

const fn yes() -> bool {
    true
}

/// Whether a secret must have a value: always, never, or in some environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Required {
    /// In every environment, or in none.
    Everywhere(bool),
    /// In the environments named.
    In {
        /// Names of the environments.
        profiles: Vec<String>,
    },
}

impl Default for Required {
    fn default() -> Self {
        Self::Everywhere(true)
    }
}

impl Required {
    /// Whether the default environment, a developer's machine, needs it.
    pub fn in_default_profile(&self) -> bool {
        match self {
            Self::Everywhere(required) => *required,
            Self::In { profiles } => profiles.iter().any(|profile| profile == "default"),
        }
    }

    /// Who needs it, in words.
    pub fn words(&self) -> String {
        match self.elsewhere() {
            [] if self.in_default_profile() => "required".to_owned(),
            [] => "optional".to_owned(),
            profiles => format!("required in {}", profiles.join(", ")),
        }
    }

    /// The environments that need it although the default environment does not.
    pub fn elsewhere(&self) -> &[String] {
        match self {
            Self::In { profiles } if !self.in_default_profile() => profiles,
            Self::Everywhere(_) | Self::In { .. } => &[],
        }
    }
}

/// Where a person gets a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obtain {
    /// The page to open.
    pub url: String,
    /// What to click there, in order.
    #[serde(default)]
    pub steps: Vec<String>,
}

/// How a random value is made, in the words of secretspec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Generate {
    /// Letters and digits.
    Password {
        /// Number of characters.
        #[serde(default = "thirty_two")]
        length: usize,
    },
    /// Hexadecimal digits.
    Hex {
        /// Number of random bytes.
        #[serde(default = "thirty_two")]
        bytes: usize,
    },
    /// Base64 with padding.
    Base64 {
        /// Number of random bytes.
        #[serde(default = "thirty_two")]
        bytes: usize,
    },
    /// A random (version 4) UUID.
    Uuid,
}

const fn thirty_two() -> usize {
    32
}

/// Whether a word can be the name of a secret variable.
pub fn is_variable_name(name: &str) -> bool {
    let is_word = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_word && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
}

/// Sorts declarations so that each comes after those it names in `after`, and otherwise as declared.
pub fn in_question_order(specs: &[SecretSpec]) -> Vec<&SecretSpec> {
    let mut ordered: Vec<&SecretSpec> = Vec::new();
    let mut waiting: Vec<&SecretSpec> = specs.iter().collect();
    while !waiting.is_empty() {
        let is_ready =
            |spec: &&SecretSpec| !waiting.iter().any(|other| other.name != spec.name && spec.after.contains(&other.name));
        let next = waiting.iter().position(is_ready).unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    ordered
}
