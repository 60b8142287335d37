//! The variables a project declares (`.env.example`, `nixstart.toml`, `secretspec.toml`), and what a `.env` lacks of them.
//!
//! Somebody may have put a secret into an example, so that nothing here can be printed; only [`Gap`]s come out of it.

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::format::{self, shown_name};
use super::{Gap, GapKind, shapes};
use crate::dotenv::{self, Entry};
use crate::secret::{self, Kind, SecretSpec};

/// A variable a project declares.
#[derive(Clone)]
pub struct Declared {
    spec: SecretSpec,
    need: Need,
    /// Its text in the example.
    example: Option<String>,
}

/// Whether the project runs without a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    Unsaid,
}

/// The variables of a `.env.example`.
pub fn from_example(text: &str) -> Vec<Declared> {
    let entries = dotenv::read(text).into_iter();
    entries
        .map(|entry| Declared {
            need: need_of_comment(text, &entry.key),
            example: Some(entry.value.expose_secret().to_owned()),
            spec: spec(&entry.key, toml::Table::new()),
        })
        .collect()
}

/// What the comment right above a variable says.
fn need_of_comment(text: &str, key: &str) -> Need {
    let is_assignment = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    let lines: Vec<&str> = text.lines().collect();
    let Some(index) = lines.iter().position(|line| is_assignment(line)) else { return Need::Unsaid };
    let above = lines.get(..index).unwrap_or_default();
    let comment: Vec<String> =
        above.iter().rev().map(|line| line.trim().to_lowercase()).take_while(|line| line.starts_with('#')).collect();
    let says = |word: &str| comment.iter().any(|line| line.contains(word));
    match (says("optional"), says("(required)")) {
        (_, true) => Need::Required,
        (true, false) => Need::Optional,
        (false, false) => Need::Unsaid,
    }
}

/// Adds what `nixstart.toml` says of secrets. A file that cannot be read says nothing.
pub fn add_record(declared: &mut Vec<Declared>, text: &str) {
    let Ok(document) = text.parse::<toml::Table>() else { return };
    let secrets = document.get("secrets").and_then(toml::Value::as_table);
    for (name, fields) in secrets.into_iter().flatten() {
        let spec = spec(name, fields.as_table().cloned().unwrap_or_default());
        match declared.iter_mut().find(|known| known.spec.name == *name) {
            Some(known) => known.spec = spec,
            None => declared.push(Declared { spec, need: Need::Unsaid, example: None }),
        }
    }
}

/// Adds what the default profile of `secretspec.toml` says. A file that cannot be read says nothing.
pub fn add_secretspec(declared: &mut Vec<Declared>, text: &str) {
    let Ok(document) = text.parse::<toml::Table>() else { return };
    let profile = document.get("profiles").and_then(|profiles| profiles.get("default")).and_then(toml::Value::as_table);
    for (name, fields) in profile.into_iter().flatten() {
        let is_optional = fields.get("required").and_then(toml::Value::as_bool) == Some(false) || fields.get("default").is_some();
        let need = if is_optional { Need::Optional } else { Need::Required };
        match declared.iter_mut().find(|known| known.spec.name == *name) {
            Some(known) => known.need = need,
            None => declared.push(Declared { spec: spec(name, toml::Table::new()), need, example: None }),
        }
    }
}

fn spec(name: &str, mut fields: toml::Table) -> SecretSpec {
    let bare = |name: &str| toml::Table::from_iter([("name".to_owned(), name.into()), ("description".to_owned(), "".into())]);
    fields.extend(bare(name));
    SecretSpec::deserialize(toml::Value::Table(fields))
        .or_else(|_| SecretSpec::deserialize(toml::Value::Table(bare(name))))
        .unwrap_or_else(|_| SecretSpec {
            name: name.to_owned(),
            kind: Kind::Text,
            description: String::new(),
            required: secret::schema::Required::default(),
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
        })
}

/// What the variables lack. `is_provided` says whether the environment has a variable; `now` is Unix time in milliseconds.
pub fn gaps(declared: &[Declared], entries: &[Entry], is_provided: &dyn Fn(&str) -> bool, now: u64) -> Vec<Gap> {
    let gap_of = |declared: &Declared| {
        let key = &declared.spec.name;
        let value = entries.iter().find(|entry| entry.key == *key).map(|entry| entry.value.expose_secret());
        if is_provided(key) && value.is_none_or(|value| value.trim().is_empty()) {
            return None;
        }
        let (kind, blocks) = judge(declared, value, now)?;
        let key = shown_name(key).unwrap_or_else(|| "a variable whose name may be a value".to_owned());
        Some(Gap { key, kind, blocks })
    };
    declared.iter().filter_map(gap_of).collect()
}

fn judge(declared: &Declared, value: Option<&str>, now: u64) -> Option<(GapKind, bool)> {
    let Declared { spec, need, example } = declared;
    let example = example.as_deref().unwrap_or_default();
    let has_usable_example = !example.trim().is_empty() && !is_placeholder(example);
    let Some(value) = value else {
        let blocks = match need {
            Need::Optional => return None,
            Need::Required => true,
            Need::Unsaid => !has_usable_example,
        };
        return Some((GapKind::Missing, blocks));
    };
    if value.trim().is_empty() {
        return match need {
            Need::Optional => None,
            Need::Required => Some((GapKind::Empty, true)),
            Need::Unsaid => Some((GapKind::Empty, spec.kind != Kind::Text)),
        };
    }
    let is_copied = spec.kind != Kind::Text && value == example;
    if is_placeholder(value) || is_copied {
        return Some((GapKind::Placeholder, *need != Need::Optional));
    }
    if spec.kind == Kind::Text && spec.pattern.is_none() {
        return None;
    }
    let rejection = secret::check(spec, value, now).err()?;
    Some((GapKind::Rejected(rejection.message), true))
}

/// What was copied along with the values of declared kinds, by variable.
pub fn copied_along(declared: &[Declared], entries: &[Entry], now: u64) -> Vec<(String, String)> {
    let checked = |entry: &Entry| {
        format::shown_name(&entry.key)?;
        let spec = &declared.iter().find(|declared| declared.spec.name == entry.key)?.spec;
        let accepted = secret::check(spec, entry.value.expose_secret(), now).ok().filter(|_| spec.kind != Kind::Text)?;
        (!accepted.notes.is_empty()).then(|| (entry.key.clone(), accepted.notes.join(", ")))
    };
    entries.iter().filter_map(checked).collect()
}

/// The values that must not be anywhere else: of declared secrets, and of variables whose names say so.
pub fn sensitive_values<'a>(declared: &[Declared], entries: &'a [Entry]) -> Vec<&'a str> {
    let is_sensitive = |entry: &&Entry| {
        let known = declared.iter().find(|declared| declared.spec.name == entry.key && declared.spec.kind != Kind::Text);
        known.map_or_else(|| is_secret_name(&entry.key), |declared| declared.spec.sensitive)
    };
    let values = entries.iter().filter(is_sensitive).map(|entry| entry.value.expose_secret());
    values.filter(|value| value.len() >= 12 && !is_placeholder(value)).collect()
}

/// Whether a `.env` has a value that looks like a secret, by its shape or by the name of its variable.
pub fn holds_secret(text: &str, entries: &[Entry]) -> bool {
    !shapes::find(text).is_empty() || entries.iter().any(|entry| is_filled(entry) && is_secret_name(&entry.key))
}

/// Whether a variable has a value that somebody put there.
pub fn is_filled(entry: &Entry) -> bool {
    let value = entry.value.expose_secret();
    !value.trim().is_empty() && !is_placeholder(value) && !value.starts_with("encrypted:")
}

/// Whether a variable's name says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL", "DATABASE_URL"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether a value is the text of an example.
pub fn is_placeholder(value: &str) -> bool {
    let lower = value.trim().to_lowercase();
    let starts =
        ["your", "xxx", "changeme", "change-me", "change_me", "todo", "replace", "insert", "paste", "placeholder", "..."];
    let is_bracketed = (lower.starts_with('<') && lower.ends_with('>') && !lower.starts_with("<@") && !lower.starts_with("<#"))
        || (lower.starts_with('(') && lower.ends_with(')'));
    let first = lower.chars().next();
    let is_filling = lower.len() >= 4 && matches!(first, Some('*' | 'x' | '.')) && lower.chars().all(|c| Some(c) == first);
    is_bracketed
        || is_filling
        || starts.iter().any(|word| lower.starts_with(word))
        || ["your-", "your_", "-here", "_here"].iter().any(|part| lower.contains(part))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    const NOW: u64 = 1_767_225_600_000;

    fn declared() -> Vec<Declared> {
        let example = "# Token (required)\nBOT_TOKEN=\n\n# Server (optional)\nGUILD_ID=\nPORT=3000\nPLAIN=\nKEY=your-key-here\n";
        let mut declared = from_example(example);
        add_record(&mut declared, "[secrets.BOT_TOKEN]\nkind = 'discord/bot-token'\n[secrets.CLIENT_ID]\nkind = 'text'\n");
        add_secretspec(&mut declared, "[profiles.default.CLIENT_ID]\nrequired = true\n");
        declared
    }

    fn gaps_of(text: &str, provided: &[&str]) -> Vec<(String, GapKind, bool)> {
        let gaps = gaps(&declared(), &dotenv::read(text), &|key| provided.contains(&key), NOW);
        gaps.into_iter().map(|gap| (gap.key, gap.kind, gap.blocks)).collect()
    }

    #[test]
    fn names_what_is_missing_empty_or_a_placeholder() {
        use GapKind::*;
        let found = gaps_of("BOT_TOKEN=\nPLAIN=\nKEY=your-key-here\n", &[]);
        let expected = [
            ("BOT_TOKEN", Empty, true),
            ("PORT", Missing, false),
            ("PLAIN", Empty, false),
            ("KEY", Placeholder, true),
            ("CLIENT_ID", Missing, true),
        ];
        assert_eq!(found, expected.map(|(key, kind, blocks)| (key.to_owned(), kind, blocks)));
    }

    #[test]
    fn what_the_environment_has_is_not_missing() {
        assert_eq!(gaps_of("", &["BOT_TOKEN", "CLIENT_ID", "PORT", "PLAIN", "KEY"]), []);
    }

    #[test]
    fn a_value_that_cannot_be_right_is_named_without_it() {
        let value = ["12345", "678901234567"].concat();
        let found = gaps_of(&format!("BOT_TOKEN={value}\nCLIENT_ID=1\nPORT=1\nPLAIN=1\nKEY=1\n"), &[]);
        assert_eq!(found, [("BOT_TOKEN".into(), GapKind::Rejected("this is an id, not a bot token".into()), true)]);
    }

    #[test]
    fn broken_declarations_say_nothing() {
        let mut declared = Vec::new();
        add_record(&mut declared, "[secrets\n");
        add_secretspec(&mut declared, "profiles = 1");
        add_record(&mut declared, "[secrets.A]\nkind = 'from-the-future'\n[secrets]\nB = 1\n");
        assert_eq!(gaps(&declared, &[], &|_| false, NOW).len(), 2);
    }
}
