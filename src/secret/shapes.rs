//! What tokens look like. A hit is a line and a shape, never the text.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::secret::discord;

/// What something looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// The token of a Discord bot.
    DiscordBotToken,
    /// A token of GitHub.
    GithubToken,
    /// A token of GitLab.
    GitlabToken,
    /// A token of npm.
    NpmToken,
    /// A token of Docker Hub.
    DockerToken,
    /// A token of Slack.
    SlackToken,
    /// A live key of Stripe.
    StripeKey,
    /// A key of a model provider.
    ModelKey,
    /// The head of a private key.
    PrivateKey,
    /// An identity of age.
    AgeIdentity,
    /// A signed JSON Web Token, like those of Cachix.
    JsonWebToken,
    /// A value of the project's own `.env`.
    EnvValue,
    /// A literal value for a name like `…_TOKEN`; may be harmless.
    Assignment,
}

impl Shape {
    /// What it is, with its article.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::DiscordBotToken => "a Discord bot token",
            Self::GithubToken => "a GitHub token",
            Self::GitlabToken => "a GitLab token",
            Self::NpmToken => "an npm token",
            Self::DockerToken => "a Docker Hub token",
            Self::SlackToken => "a Slack token",
            Self::StripeKey => "a live Stripe key",
            Self::ModelKey => "a key of a model provider",
            Self::PrivateKey => "a private key",
            Self::AgeIdentity => "an age identity",
            Self::JsonWebToken => "a JSON Web Token",
            Self::EnvValue => "a value of `.env`",
            Self::Assignment => "a literal value for a secret's name",
        }
    }

    /// Whether it cannot be anything else.
    pub const fn is_certain(self) -> bool {
        !matches!(self, Self::Assignment)
    }
}

/// How a token begins, how many characters follow at least, and whether `_` and `-` are among them.
const PREFIXES: [(&str, usize, bool, Shape); 22] = [
    ("ghp_", 36, false, Shape::GithubToken),
    ("gho_", 36, false, Shape::GithubToken),
    ("ghu_", 36, false, Shape::GithubToken),
    ("ghs_", 36, false, Shape::GithubToken),
    ("ghr_", 36, false, Shape::GithubToken),
    ("github_pat_", 60, true, Shape::GithubToken),
    ("glpat-", 20, true, Shape::GitlabToken),
    ("npm_", 36, false, Shape::NpmToken),
    ("dckr_pat_", 20, true, Shape::DockerToken),
    ("xoxb-", 24, true, Shape::SlackToken),
    ("xoxp-", 24, true, Shape::SlackToken),
    ("xoxa-", 24, true, Shape::SlackToken),
    ("xoxr-", 24, true, Shape::SlackToken),
    ("xoxs-", 24, true, Shape::SlackToken),
    ("sk_live_", 20, false, Shape::StripeKey),
    ("rk_live_", 20, false, Shape::StripeKey),
    ("sk-ant-", 40, true, Shape::ModelKey),
    ("sk-proj-", 40, true, Shape::ModelKey),
    ("sk-svcacct-", 40, true, Shape::ModelKey),
    ("hf_", 34, false, Shape::ModelKey),
    ("AIza", 35, true, Shape::ModelKey),
    ("AGE-SECRET-KEY-1", 40, false, Shape::AgeIdentity),
];

/// Fewer different characters than this are filling, as in `ghp_xxxxxxxx…`.
const FEWEST_CHARACTERS: usize = 8;

#[expect(clippy::expect_used, reason = "the expression is a constant that every test compiles")]
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    let expression = concat!(
        r#"(?i)(?:token|secret|passw(?:or)?d|api_?key|private_?key)[a-z0-9_]*"?\s*[=:]\s*"#,
        r#"["']?([a-z0-9+/_.=-]{16,})"#,
    );
    Regex::new(expression).expect("a valid expression")
});

/// Finds tokens that cannot be anything else, each line once, with its number from 1.
pub fn find(text: &str) -> Vec<(usize, Shape)> {
    let lines = (1..).zip(text.lines());
    lines.filter_map(|(number, line)| Some((number, shape_of_line(line)?))).collect()
}

/// Finds lines that give a literal value to a name like `…_TOKEN` and hold no token of a known shape.
pub fn find_assignments(text: &str) -> Vec<usize> {
    let lines = (1..).zip(text.lines());
    lines.filter(|(_, line)| shape_of_line(line).is_none() && is_assignment(line)).map(|(number, _)| number).collect()
}

/// The text with what looks like a token, private keys, and the user and password of addresses taken out.
pub fn redact(text: &str) -> String {
    let mut redacted = String::new();
    let mut word = String::new();
    for character in without_user(&without_keys(text)).chars().map(Some).chain([None]) {
        match character {
            Some(character) if is_word_character(character) => word.push(character),
            other => {
                match shape_of_word(&word) {
                    Some(shape) => redacted += &format!("[{}]", shape.describe()),
                    None => redacted += &word,
                }
                word.clear();
                redacted.extend(other);
            }
        }
    }
    redacted
}

/// Takes private keys out, with everything up to their last line.
fn without_keys(text: &str) -> String {
    let mut parts = text.split("-----BEGIN ");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_key = part.split("-----").next().is_some_and(|what| what.ends_with("PRIVATE KEY"));
        if !is_key {
            clean += "-----BEGIN ";
            clean += part;
            continue;
        }
        clean += "[a private key]";
        let end = part.find("-----END ").and_then(|end| part.get(end + "-----END ".len()..));
        clean += end.and_then(|rest| rest.split_once("-----")).map_or("", |(_, after)| after);
    }
    clean
}

/// Takes the user and password out of addresses. The user `git` is everybody.
fn without_user(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.split(['/', ' ', '"', '\'', '\t']).next().unwrap_or_default();
        let rest = match authority.rfind('@') {
            Some(end) if authority.get(..end) != Some("git") => part.get(end..).map(|rest| format!("…{rest}")),
            _ => None,
        };
        clean += "://";
        clean += rest.as_deref().unwrap_or(part);
    }
    clean
}

fn shape_of_line(line: &str) -> Option<Shape> {
    if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
        return Some(Shape::PrivateKey);
    }
    line.split(|character| !is_word_character(character)).find_map(shape_of_word)
}

fn is_word_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

/// What a word looks like.
pub fn shape_of_word(word: &str) -> Option<Shape> {
    if word.len() < 20 {
        return None;
    }
    let by_prefix = PREFIXES.iter().find(|(prefix, least, with_dashes, _)| {
        let rest = word.find(prefix).and_then(|start| word.get(start + prefix.len()..)).unwrap_or_default();
        let is_part = |character: &char| character.is_ascii_alphanumeric() || (*with_dashes && matches!(character, '_' | '-'));
        let body: Vec<char> = rest.chars().take_while(is_part).collect();
        body.len() >= *least && body.iter().collect::<BTreeSet<_>>().len() >= FEWEST_CHARACTERS
    });
    by_prefix.map(|(.., shape)| *shape).or_else(|| shape_of_parts(word.trim_matches('.')))
}

/// Tokens of three parts with dots between them.
fn shape_of_parts(word: &str) -> Option<Shape> {
    let mut parts = word.split('.');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let is_head = first.find("eyJ").is_some_and(|start| first.len() - start > 12);
    if is_head && second.starts_with("eyJ") && second.len() > 12 && third.len() > 20 {
        return Some(Shape::JsonWebToken);
    }
    let is_token = (5..=8).contains(&second.len()) && third.len() >= 27 && ends_in_bot_id(first);
    is_token.then_some(Shape::DiscordBotToken)
}

/// Whether a word ends in the encoded id of a bot; something may be glued to its front.
fn ends_in_bot_id(word: &str) -> bool {
    let starts = (22..=27).filter_map(|length| word.len().checked_sub(length));
    starts.filter_map(|start| word.get(start..)).any(|id| discord::bot_id(id).is_some())
}

fn is_assignment(line: &str) -> bool {
    let Some(value) = ASSIGNMENT.captures(line).and_then(|found| found.get(1)).map(|value| value.as_str()) else { return false };
    let lower = value.to_lowercase();
    let is_named = ["example", "changeme", "placeholder", "sha256-", "your", "secret", "token", "password"];
    let has = |test: fn(char) -> bool| value.contains(test);
    has(|c| c.is_ascii_digit())
        && has(|c| c.is_ascii_alphabetic())
        && value.chars().collect::<BTreeSet<_>>().len() >= FEWEST_CHARACTERS
        && !value.starts_with(['/', '.'])
        && !is_named.iter().any(|word| lower.contains(word))
}

/// So many letters and digits in a row, of every sort, were made at random.
const RANDOM: usize = 16;

/// Whether a text has a word in it that can only have been made at random.
pub(super) fn holds_random_text(value: &str) -> bool {
    let is_random = |word: &str| {
        let has = |test: fn(&char) -> bool| word.chars().any(|character| test(&character));
        word.len() >= RANDOM && has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase)
    };
    value.split(|character: char| !character.is_ascii_alphanumeric()).any(is_random)
}

/// Tokens for tests, put together so that no scanner takes the sources for a leak.
#[cfg(test)]
pub(crate) fn synthetic() -> Vec<(Shape, String)> {
    use base64::Engine;
    let body = |length: usize| -> String { "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0z".chars().cycle().take(length).collect() };
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    vec![
        (Shape::DiscordBotToken, [encode("1100000000000000001"), "G".repeat(6), body(38)].join(".")),
        (Shape::GithubToken, ["gh", "p_", &body(36)].concat()),
        (Shape::GithubToken, ["github", "_pat_", &body(82)].concat()),
        (Shape::GitlabToken, ["gl", "pat-", &body(20)].concat()),
        (Shape::NpmToken, ["np", "m_", &body(36)].concat()),
        (Shape::DockerToken, ["dckr", "_pat_", &body(27)].concat()),
        (Shape::SlackToken, ["xo", "xb-", &body(30)].concat()),
        (Shape::StripeKey, ["sk", "_live_", &body(24)].concat()),
        (Shape::ModelKey, ["sk-", "ant-", &body(60)].concat()),
        (Shape::AgeIdentity, ["AGE-SECRET", "-KEY-1", &body(58).to_uppercase()].concat()),
        (Shape::JsonWebToken, [encode("{\"alg\":\"HS256\"}"), encode("{\"sub\":\"somebody\"}"), body(43)].join(".")),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_every_shape_wherever_it_stands() {
        for (shape, token) in synthetic() {
            for around in ["{}", "TOKEN={}", "x = \"{}\";", "https://user:{}@host/", "a\n//r/:_authToken={}\n", "see {}."] {
                let found = find(&around.replace("{}", &token));
                assert_eq!(found.iter().map(|(_, shape)| *shape).collect::<Vec<_>>(), [shape], "{around}");
            }
        }
        assert_eq!(find(&["a\n-----BEGIN OPENSSH ", "PRIVATE KEY-----"].concat()), [(2, Shape::PrivateKey)]);
    }

    #[test]
    fn leaves_hashes_names_and_fillings_alone() {
        let harmless = [
            "hash = \"sha256-+7rdmAOj99Qe3Gue9hZuHZ2e6AEKJvjtfeEW82N2XyI=\";",
            "/nix/store/jgy96n2bb3znb9yfry1kpqijryg0lmsn-demo-fetched.bin.drv",
            "rev = \"0d2xcpm9gmqaifh22w1swmg4figxvq6lagyi08xxg4vi1lz2wj3z\";",
            "npm_config_registry=https://registry.example.org/some/long/path/here",
            "devenv.cachix.org-1:w1cLUi8dv3hnoSPGAuibQv+f9TZLr6cv/Hm9XgU50cw=",
        ];
        for line in harmless {
            assert_eq!(find(line), [], "{line}");
            assert!(find_assignments(line).is_empty(), "{line}");
        }
        assert_eq!(find(&["gh", "p_", &"x".repeat(40)].concat()), []);
    }

    #[test]
    fn finds_literal_values_for_the_names_of_secrets() {
        let value = ["a1b2c3d4", "e5f6g7h8"].concat();
        assert_eq!(find_assignments(&format!("a\nBOT_TOKEN = \"{value}\";\nexport API_KEY={value}")), [2, 3]);
        for line in ["TOKEN=$(cat /run/a1)", "passwordFile = \"/run/secrets/db-1\";", "token = config.sops.secrets.a1;"] {
            assert!(find_assignments(line).is_empty(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn redacting_leaves_no_token(before in "[ =:\"'/a-z]{0,9}", after in "[ ;\"'/,]\\PC{0,9}", index in 0_usize..11) {
            let (_, token) = synthetic().swap_remove(index);
            let line = format!("{before}{token}{after}");
            prop_assert!(!redact(&line).contains(&token));
        }

        #[test]
        fn redacting_breaks_on_nothing(line in "\\PC{0,60}|[:/@ a.]{0,20}") {
            redact(&line);
            find_assignments(&line);
        }
    }
}
