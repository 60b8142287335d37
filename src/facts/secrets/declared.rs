//! What a `.env` lacks of the variables a project declares, and which of its values are secrets.
//!
//! Somebody may have put a secret into an example, so that declarations cannot be printed; only [`Gap`]s come out of them.

use secrecy::ExposeSecret;

use super::format::{self, shown_name};
use super::{Gap, GapKind};
use crate::dotenv::Entry;
use crate::secret::declarations::{Declarations, Need};
use crate::secret::shapes;
use crate::secret::{self, Kind, SecretSpec};

/// What the variables lack. `is_provided` says whether the environment has a variable; `now` is Unix time in milliseconds.
pub fn gaps(declarations: &Declarations, entries: &[Entry], is_provided: &dyn Fn(&str) -> bool, now: u64) -> Vec<Gap> {
    let gap_of = |spec: &SecretSpec| {
        let value = entries.iter().find(|entry| entry.key == spec.name).map(|entry| entry.value.expose_secret());
        if is_provided(&spec.name) && value.is_none_or(|value| value.trim().is_empty()) {
            return None;
        }
        let (kind, blocks) = judge(declarations, spec, value, now)?;
        let key = shown_name(&spec.name).unwrap_or_else(|| "a variable whose name may be a value".to_owned());
        Some(Gap { key, kind, blocks })
    };
    declarations.specs.iter().filter_map(gap_of).collect()
}

fn judge(declarations: &Declarations, spec: &SecretSpec, value: Option<&str>, now: u64) -> Option<(GapKind, bool)> {
    let need = declarations.need(&spec.name);
    let example = declarations.example(&spec.name).unwrap_or_default();
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
    let is_copied = value == example;
    if is_placeholder(value) || (is_copied && spec.kind != Kind::Text) {
        return Some((GapKind::Placeholder, need != Need::Optional));
    }
    // A value that works where one develops may be the example itself; a secret is hardly one that everybody knows.
    if is_copied && spec.sensitive && is_secret_name(&spec.name) && spec.name != "DATABASE_URL" {
        return Some((GapKind::Placeholder, false));
    }
    let rejection = secret::check::check_as_it_is(spec, value, now).err()?;
    Some((GapKind::Rejected(rejection.message), true))
}

/// What was copied along with the values of declared kinds, by variable.
pub fn copied_along(declarations: &Declarations, entries: &[Entry], now: u64) -> Vec<(String, String)> {
    let checked = |entry: &Entry| {
        format::shown_name(&entry.key)?;
        let spec = declarations.spec(&entry.key)?;
        let accepted =
            secret::check::check_cleaned(spec, entry.value.expose_secret(), now).ok().filter(|_| spec.kind != Kind::Text)?;
        (!accepted.notes.is_empty()).then(|| (entry.key.clone(), accepted.notes.join(", ")))
    };
    entries.iter().filter_map(checked).collect()
}

/// The values that must not be anywhere else: of declared secrets, and of variables whose names say so.
pub fn sensitive<'a>(declarations: &Declarations, entries: &'a [Entry]) -> Vec<&'a Entry> {
    let is_sensitive = |entry: &&Entry| {
        let known = declarations.spec(&entry.key).filter(|spec| spec.kind != Kind::Text);
        known.map_or_else(|| is_secret_name(&entry.key), |spec| spec.sensitive)
    };
    let has_secret = |entry: &&Entry| entry.value.expose_secret().len() >= 12 && !is_placeholder(entry.value.expose_secret());
    entries.iter().filter(is_sensitive).filter(has_secret).collect()
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
    use crate::dotenv;
    use crate::secret::declarations::Texts;

    const NOW: u64 = 1_767_225_600_000;

    fn read(files: &[(&str, &str)]) -> Declarations {
        let text = |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        Declarations::read(&Texts::gather(&text), "default")
    }

    fn gaps_of(text: &str, provided: &[&str]) -> Vec<(String, GapKind, bool)> {
        let declared = read(&[
            (
                ".env.example",
                "# Token (required)\nBOT_TOKEN=\n\n# Server (optional)\nGUILD_ID=\nPORT=3000\nPLAIN=\nKEY=your-key-here\n",
            ),
            ("nixstart.toml", "[secrets.BOT_TOKEN]\nkind = 'discord/bot-token'\n[secrets.CLIENT_ID]\nkind = 'text'\n"),
            ("secretspec.toml", "[profiles.default.CLIENT_ID]\nrequired = true\n"),
        ]);
        let gaps = gaps(&declared, &dotenv::read(text), &|key| provided.contains(&key), NOW);
        gaps.into_iter().map(|gap| (gap.key, gap.kind, gap.blocks)).collect()
    }

    #[test]
    fn names_what_is_missing_empty_or_a_placeholder() {
        use GapKind::*;
        let found = gaps_of("BOT_TOKEN=\nPLAIN=\nKEY=your-key-here\n", &[]);
        let expected = [
            ("CLIENT_ID", Missing, true),
            ("BOT_TOKEN", Empty, true),
            ("PORT", Missing, false),
            ("PLAIN", Empty, false),
            ("KEY", Placeholder, true),
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
        let unreadable = read(&[("nixstart.toml", "[secrets\n"), ("secretspec.toml", "profiles = 1")]);
        assert_eq!(unreadable.specs.len(), 0);
        let declared = read(&[("nixstart.toml", "[secrets.A]\nkind = 'from-the-future'\n[secrets]\nB = 1\n")]);
        assert_eq!(gaps(&declared, &[], &|_| false, NOW).len(), 2);
    }
}
