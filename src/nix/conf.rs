//! Reads `nix.conf` the way Nix does: `name = value …`, `include` and `!include`, `#` comments. What it keeps holds no secret.

use camino::{Utf8Path, Utf8PathBuf};

/// A line of a `nix.conf` that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which line of its file it is, from 1.
    pub number: usize,
    /// What it says.
    pub content: Content,
}

/// What a line of a `nix.conf` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A setting.
    Setting {
        /// Its name, as it stands there.
        name: String,
        /// Its words; of a setting that holds secrets only what can be said of them.
        words: Vec<String>,
        /// The line itself, when there is no secret in it.
        raw: Option<String>,
    },
    /// Another file.
    Include {
        /// Its path, as it stands there.
        path: String,
        /// Whether it may be missing.
        is_optional: bool,
    },
    /// A line that makes every `nix` command end with an error.
    Fault {
        /// The line itself, when there is no secret in it.
        raw: Option<String>,
    },
}

/// A setting and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as it stands there; `extra-` adds to a setting.
    pub name: String,
    /// Its words; of a setting that holds secrets only what can be said of them.
    pub words: Vec<String>,
    /// The file, or the variable `NIX_CONFIG`.
    pub place: Place,
    /// The line itself, when there is no secret in it.
    pub raw: Option<String>,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File {
        /// The file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In the variable `NIX_CONFIG`.
    Variable,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, line } => write!(formatter, "`{path}`, line {line}"),
            Self::Variable => formatter.write_str("the variable NIX_CONFIG"),
        }
    }
}

/// Reads the text of a `nix.conf`.
pub fn parse(text: &str) -> Vec<Line> {
    let numbered = text.split('\n').enumerate();
    numbered.filter_map(|(at, line)| Some(Line { number: at + 1, content: content(line)? })).collect()
}

fn content(line: &str) -> Option<Content> {
    let meant = line.split('#').next().unwrap_or_default();
    let mut words = meant.split([' ', '\t', '\r']).filter(|word| !word.is_empty());
    let name = words.next()?;
    let (second, rest) = (words.next(), words.map(str::to_owned).collect::<Vec<_>>());
    Some(match (name, second) {
        ("include" | "!include", Some(path)) if rest.is_empty() => {
            Content::Include { path: path.to_owned(), is_optional: name == "!include" }
        }
        ("include" | "!include", _) => Content::Fault { raw: shown_fault(line) },
        (_, Some("=")) if holds_secrets(name) => {
            Content::Setting { name: name.to_owned(), words: rest.iter().map(|word| host_of_token(word)).collect(), raw: None }
        }
        (_, Some("=")) => {
            let words =
                rest.iter().map(|word| if is_token(word) { host_of_token(word) } else { without_userinfo(word) }).collect();
            Content::Setting { name: name.to_owned(), words, raw: shown(line) }
        }
        _ => Content::Fault { raw: shown_fault(line) },
    })
}

/// Words in the name of a setting, also a misspelt one, that its value is kept for itself for.
const SECRETS: [&str; 4] = ["token", "password", "passwd", "secret"];
/// How well-known tokens begin.
const TOKENS: [&str; 6] = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "PAT:"];

/// Whether the value of a setting is a secret, by its name.
pub fn holds_secrets(name: &str) -> bool {
    name.ends_with("impure-env") || SECRETS.iter().any(|word| name.to_lowercase().contains(word))
}

/// `github.com` of `github.com=ghp_…`.
fn host_of_token(word: &str) -> String {
    word.split_once('=').map_or_else(|| "…".to_owned(), |(host, _)| host.to_owned())
}

/// A URL without the name and password in it.
pub fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}

/// A line that may be shown: no address with a name in it, no word that could be a token. Public keys are long and may be
/// shown; they have the form `name:key`.
fn shown(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let lists_users = lower.trim_start_matches("extra-").starts_with("trusted-users") || lower.starts_with("allowed-users");
    let names_a_secret = SECRETS.iter().any(|word| lower.contains(word)) || (lower.contains('@') && !lists_users);
    let could_be_token = |word: &str| is_token(word) || (word.len() > 40 && !word.contains(['/', ':']));
    let is_shown = !names_a_secret && !line.split_whitespace().any(could_be_token);
    is_shown.then(|| line.trim_end_matches('\r').to_owned())
}

/// A line that nobody understands may be shown only when it is made of short words.
fn shown_fault(line: &str) -> Option<String> {
    shown(line).filter(|line| line.split_whitespace().all(|word| word.len() <= 24 || word.starts_with('/')))
}

fn is_token(word: &str) -> bool {
    TOKENS.iter().any(|start| word.contains(start))
}

/// The path an `include` in `file` means.
pub fn included(file: &Utf8Path, path: &str) -> Utf8PathBuf {
    file.parent().map_or_else(|| Utf8PathBuf::from(path), |directory| directory.join(path))
}

/// The words of a setting after all of these have been applied in order; `None` when none of them names it.
pub fn words_of<'a>(settings: &'a [Setting], name: &str) -> Option<Vec<&'a str>> {
    settings.iter().fold(None, |words, setting| {
        let own = setting.words.iter().map(String::as_str);
        if setting.name == name {
            Some(own.collect())
        } else if setting.name.strip_prefix("extra-") == Some(name) {
            Some(words.unwrap_or_default().into_iter().chain(own).collect())
        } else {
            words
        }
    })
}

/// The last line that sets a setting, not one that adds to it.
pub fn last<'a>(settings: &'a [Setting], name: &str) -> Option<&'a Setting> {
    settings.iter().rev().find(|setting| setting.name == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_lines_as_nix_does() {
        let text = "# c\n\nsandbox = false # no\nextra-substituters = https://a https://me:pw@b/x?y\r\n!include nixstart.conf\ninclude a b\nfoo bar\nfoo=1\nmax-jobs =\n";
        let lines = parse(text);
        let setting = |name: &str, words: &[&str], raw: &str| Content::Setting {
            name: name.into(),
            words: words.iter().map(ToString::to_string).collect(),
            raw: Some(raw.into()).filter(|raw: &String| !raw.is_empty()),
        };
        assert_eq!(
            lines.into_iter().map(|line| (line.number, line.content)).collect::<Vec<_>>(),
            [
                (3, setting("sandbox", &["false"], "sandbox = false # no")),
                (4, setting("extra-substituters", &["https://a", "https://b/x?y"], "")),
                (5, Content::Include { path: "nixstart.conf".into(), is_optional: true }),
                (6, Content::Fault { raw: Some("include a b".into()) }),
                (7, Content::Fault { raw: Some("foo bar".into()) }),
                (8, Content::Fault { raw: Some("foo=1".into()) }),
                (9, setting("max-jobs", &[], "max-jobs =")),
            ]
        );
    }

    #[test]
    fn keeps_no_token() {
        let text = "access-tokens = github.com=ghp_abc gitlab.com=PAT:def\naccess-tokens github.com=ghp_abc\nextra-access-tokens = ghp_abc\nacess-token = abc\nfoo = x=ghp_abc\ngitlab.com=abcdefghijklmnopq";
        let kept = format!("{:?}", parse(text));
        assert!(!kept.contains("abc") && !kept.contains("def") && kept.contains("github.com"), "{kept}");
    }

    #[test]
    fn applies_settings_in_order() {
        let at = |text: &str| -> Vec<Setting> {
            parse(text)
                .into_iter()
                .filter_map(|line| match line.content {
                    Content::Setting { name, words, raw } => Some(Setting { name, words, place: Place::Variable, raw }),
                    _ => None,
                })
                .collect()
        };
        let settings = at("extra-trusted-users = z\ntrusted-users = root a\nextra-trusted-users = @wheel\n");
        assert_eq!(words_of(&settings, "trusted-users"), Some(vec!["root", "a", "@wheel"]));
        assert_eq!(words_of(&settings, "sandbox"), None);
        assert_eq!(last(&settings, "trusted-users").unwrap().words, ["root", "a"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it_and_no_token_stays(text in "\\PC{0,80}", token in "[A-Za-z0-9_]{41,60}", space in "[ \t]{1,3}") {
            parse(&text);
            let kept = format!("{:?}", parse(&format!("access-tokens{space}={space}github.com={token}\n{text}{space}{token}")));
            let in_fault = parse(&format!("broken{space}{token}"));
            prop_assert!(!kept.split(&text).next().unwrap_or_default().contains(&token));
            prop_assert_eq!(&in_fault[0].content, &Content::Fault { raw: None });
        }
    }
}
