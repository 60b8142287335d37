//! Checks a value that somebody typed, pasted or brought in a file, and says what to do when it is not the right one.

use std::fmt;

use regex_lite::Regex;
use secrecy::{ExposeSecret, SecretString};

use super::kind::Kind;
use super::schema::SecretSpec;
use super::{address, discord, encoded, github, ssh};
use crate::dotenv::{Unportable, Writer};

/// A value that may be written, after clean-up.
#[derive(Debug)]
pub struct Accepted {
    value: SecretString,
    /// What was cleaned up, as past-tense fragments.
    pub notes: Vec<String>,
    /// What looks odd but is no mistake for certain.
    pub warnings: Vec<String>,
}

impl Accepted {
    /// A value that needed no clean-up.
    pub fn unchanged(value: &str) -> Self {
        Self { value: value.to_owned().into(), notes: Vec::new(), warnings: Vec::new() }
    }

    /// The cleaned value in the clear.
    pub fn value(&self) -> &str {
        self.value.expose_secret()
    }

    /// The cleaned value.
    pub fn into_value(self) -> SecretString {
        self.value
    }
}

/// Why a value is not accepted. Never holds the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Rejection {
    /// A rejection with its way out.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.hint)
    }
}

/// Cleans a value up and checks it against its declaration, and whether a `.env` can carry it to the programs of a writer.
/// `now` is Unix time in milliseconds.
pub fn check(spec: &SecretSpec, input: &str, (writer, now): (&Writer, u64)) -> Result<Accepted, Rejection> {
    let accepted = check_cleaned(spec, input, now)?;
    let unportable = |why: Unportable| Rejection::new(format!("it cannot be written: {why}"), why.way_out());
    writer.quote(accepted.value()).map_err(unportable)?;
    Ok(accepted)
}

/// Checks a value that somebody gives a file byte for byte: it is cleaned up only when it does not fit its declaration as it
/// is, and text may have several lines. Whether a `.env` can carry it is for whoever writes it to say.
pub fn check_as_it_is(spec: &SecretSpec, input: &str, now: u64) -> Result<Accepted, Rejection> {
    judge(spec, input, Lines::Any, now).or_else(|_| check_cleaned(spec, input, now))
}

/// Cleans a value up and checks it. Whether a `.env` can carry it is for whoever writes it to say.
pub fn check_cleaned(spec: &SecretSpec, input: &str, now: u64) -> Result<Accepted, Rejection> {
    let (value, mut notes) = clean_up(spec, input);
    let mut accepted = judge(spec, value, Lines::One, now)?;
    notes.append(&mut accepted.notes);
    Ok(Accepted { notes, ..accepted })
}

/// How many lines a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// What is typed or pasted is one value on one line.
    One,
    /// A file is what it is: a key, a certificate.
    Any,
}

fn judge(spec: &SecretSpec, value: &str, lines: Lines, now: u64) -> Result<Accepted, Rejection> {
    if spec.kind == Kind::SshPublicKey && value.contains("PRIVATE KEY") {
        return ssh::check_public_key(value);
    }
    let may_have_lines = lines == Lines::Any && spec.kind == Kind::Text && spec.pattern.is_none();
    if value.chars().any(|c| c.is_control() && c != '\t' && !(c == '\n' && may_have_lines)) {
        return Err(Rejection::new(
            "it has more than one line or a control character",
            "copy the value again, without what is around it",
        ));
    }
    if is_placeholder(value, spec) {
        return Err(Rejection::new("this is a placeholder, not a value", "leave it empty to fill it in later"));
    }
    match spec.kind {
        Kind::DiscordBotToken => discord::check_bot_token(value, now),
        Kind::DiscordApplicationId => discord::check_application_id(value, now),
        Kind::DiscordGuildId => discord::check_guild_id(value, now),
        Kind::GithubToken => github::check_token(value),
        Kind::CachixToken => encoded::check_cachix_token(value),
        Kind::SshPublicKey => ssh::check_public_key(value),
        Kind::DatabaseUrl => address::check_database_url(value),
        Kind::Url => address::check_url(value),
        Kind::Port => address::check_port(value),
        Kind::Email => address::check_email(value),
        Kind::Boolean => encoded::check_boolean(value),
        Kind::Hex => encoded::check_hex(value),
        Kind::Base64 => encoded::check_base64(value),
        Kind::Uuid => encoded::check_uuid(value),
        Kind::RegistryPassword | Kind::Text => check_pattern(spec, value),
    }
}

/// What is odd about a value for a profile: production does not run where it is developed.
pub fn warning_in(profile: &str, spec: &SecretSpec, value: &str) -> Option<String> {
    let is_address = matches!(spec.kind, Kind::DatabaseUrl | Kind::Url);
    let is_odd = is_address && matches!(profile, "production" | "prod") && address::is_local(value);
    is_odd.then(|| format!("it leads to this machine, and the profile is `{profile}`"))
}

fn check_pattern(spec: &SecretSpec, value: &str) -> Result<Accepted, Rejection> {
    let matches = spec.pattern.as_deref().is_none_or(|pattern| Regex::new(pattern).is_ok_and(|regex| regex.is_match(value)));
    if matches {
        return Ok(Accepted::unchanged(value));
    }
    let choices = spec.pattern.as_deref().and_then(choices);
    let hint = match (&spec.example, choices) {
        (_, Some(choices)) => format!("it is one of `{}`", choices.join("`, `")),
        (Some(example), None) => format!("it looks like `{example}`"),
        (None, None) => "look at its description again".to_owned(),
    };
    Err(Rejection::new("it does not have the expected form", hint))
}

/// The words of a pattern that is a choice of words.
fn choices(pattern: &str) -> Option<Vec<&str>> {
    let words = pattern.strip_prefix("^(?:").or_else(|| pattern.strip_prefix("^("))?.strip_suffix(")$")?;
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let words: Vec<&str> = words.split('|').collect();
    words.iter().all(is_word).then_some(words)
}

/// Takes off what comes along when a value is copied from a file, a shell or a header.
fn clean_up<'a>(spec: &SecretSpec, input: &'a str) -> (&'a str, Vec<String>) {
    let mut notes = Vec::new();
    let mut value = input.trim();
    let assignment = value.strip_prefix("export ").unwrap_or(value).trim_start();
    if let Some(rest) = assignment.strip_prefix(spec.name.as_str()).and_then(|rest| rest.trim_start().strip_prefix('=')) {
        notes.push(format!("took off `{}=`", spec.name));
        value = rest.trim();
    }
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).filter(|inner| !inner.is_empty())
        {
            notes.push("took off the quotes".to_owned());
            value = inner.trim();
        }
    }
    for scheme in ["Bot ", "Bearer "] {
        if let Some(rest) = value.strip_prefix(scheme).filter(|_| spec.kind == Kind::DiscordBotToken) {
            notes.push(format!("took off `{}`", scheme.trim()));
            value = rest.trim();
        }
    }
    (value, notes)
}

fn is_placeholder(value: &str, spec: &SecretSpec) -> bool {
    let lower = value.to_lowercase();
    let is_example = spec.sensitive && spec.example.as_deref() == Some(value);
    let is_bracketed = (value.starts_with('<') && !value.starts_with("<@") && !value.starts_with("<#")) || value.starts_with('(');
    is_example
        || is_bracketed
        || lower.starts_with("your")
        || lower.starts_with("xxx")
        || matches!(lower.as_str(), "changeme" | "change-me" | "todo")
}

/// Compares values that belong together and returns what looks like a copying mistake.
pub fn cross_check(values: &[(&SecretSpec, &SecretString)]) -> Vec<String> {
    let of_kind =
        |kind| values.iter().find(|(spec, _)| spec.kind == kind).map(|(spec, value)| (spec.name.as_str(), value.expose_secret()));
    // What is no id may be a secret that was put into the wrong place.
    let id_of_kind = |kind| of_kind(kind).filter(|(_, value)| discord::is_snowflake(value));
    let token = of_kind(Kind::DiscordBotToken).and_then(|(name, value)| Some((name, discord::bot_id(value)?)));
    let application = id_of_kind(Kind::DiscordApplicationId);
    let guild = id_of_kind(Kind::DiscordGuildId);
    let mut warnings = Vec::new();
    if let (Some((token, bot)), Some((name, id))) = (&token, application)
        && bot != id
    {
        warnings.push(format!(
            "{token} belongs to the bot {bot}, but {name} is {id}; they differ only for bots made before August 2016 \
             (`nixstart env check --online` asks Discord)"
        ));
    }
    if let (Some((token, bot)), Some((guild, id))) = (&token, guild)
        && bot == id
        && application.is_none_or(|(_, application)| application != id)
    {
        warnings.push(format!("{guild} is the id of the bot of {token}; it was copied from the wrong place"));
    }
    if let (Some((application, id)), Some((guild, other))) = (application, guild)
        && id == other
    {
        warnings.push(format!("{guild} is the same as {application}; one of them was copied from the wrong place"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600_000;
    const ID: &str = "1100000000000000001";

    fn spec(name: &str, kind: &str) -> SecretSpec {
        toml::from_str(&format!("name = '{name}'\nkind = '{kind}'\ndescription = 'x'")).unwrap()
    }

    fn token(id: &str) -> String {
        use base64::Engine;
        [base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id), "G".repeat(6), "x".repeat(38)].join(".")
    }

    #[test]
    fn cleans_up_what_was_copied_along() {
        let spec = spec("BOT_TOKEN", "discord/bot-token");
        let expected = token(ID);
        for pasted in ["{}\n", "BOT_TOKEN={}", "export BOT_TOKEN = \"{}\"", "'{}'", "Bot {}", "  {}\r\n"] {
            let accepted = check(&spec, &pasted.replace("{}", &expected), (&Writer::default(), NOW)).unwrap();
            assert_eq!(accepted.value(), expected, "{pasted}");
        }
    }

    #[test]
    fn rejects_placeholders_and_text_of_several_lines() {
        let spec = spec("BOT_TOKEN", "discord/bot-token");
        for value in ["your-token-here", "<token>", "changeme", "xxxx", "(paste here)"] {
            assert_eq!(
                check(&spec, value, (&Writer::default(), NOW)).unwrap_err().message,
                "this is a placeholder, not a value",
                "{value}"
            );
        }
        assert_eq!(
            check(&spec, "a\nb", (&Writer::default(), NOW)).unwrap_err().message,
            "it has more than one line or a control character"
        );
    }

    #[test]
    fn text_of_a_file_may_have_several_lines() {
        let key = "-----BEGIN-----\nabc\n-----END-----";
        assert_eq!(check_as_it_is(&spec("KEY", "text"), key, NOW).unwrap().value(), key);
        let patterned = SecretSpec { pattern: Some("^-".into()), ..spec("KEY", "text") };
        for (spec, value) in [(spec("KEY", "text"), "a\u{1b}b"), (patterned, key), (spec("KEY", "url"), key)] {
            let rejection = check_as_it_is(&spec, value, NOW).unwrap_err();
            assert_eq!(rejection.message, "it has more than one line or a control character");
        }
        assert!(check_cleaned(&spec("KEY", "text"), key, NOW).is_err());
    }

    #[test]
    fn a_rejection_never_holds_the_value() {
        let spec = SecretSpec { pattern: Some("^[0-9]+$".into()), ..spec("KEY", "text") };
        let secret = ["very", "-", "secret"].concat();
        let rejection = check(&spec, &secret, (&Writer::default(), NOW)).unwrap_err();
        assert!(!format!("{rejection} {rejection:?}").contains(&secret));
        assert!(
            !format!("{:?}", check(&SecretSpec { pattern: None, ..spec }, &secret, (&Writer::default(), NOW)).unwrap())
                .contains(&secret)
        );
    }

    #[test]
    fn refuses_values_that_readers_would_decode_differently() {
        let rejection = check(&spec("KEY", "text"), "pa$word", (&Writer::default(), NOW)).unwrap_err();
        assert_eq!(
            rejection.message,
            "it cannot be written: it has a `$` that Next.js, Vite and bun would expand, even in quotes"
        );
    }

    #[test]
    fn warns_when_ids_do_not_belong_together() {
        let specs = [
            spec("BOT_TOKEN", "discord/bot-token"),
            spec("CLIENT_ID", "discord/application-id"),
            spec("GUILD_ID", "discord/guild-id"),
        ];
        let warnings = |values: [&str; 3]| {
            let values = values.map(|value| SecretString::from(value.to_owned()));
            cross_check(&specs.iter().zip(values.iter()).collect::<Vec<_>>())
        };
        assert!(warnings([&token(ID), ID, "1100000000000000002"]).is_empty());
        assert_eq!(warnings([&token(ID), "1100000000000000003", "1100000000000000002"]).len(), 1);
        assert_eq!(warnings([&token(ID), ID, ID]).len(), 1);
        let secret = "Zq8vT3kLm0pR7sXw2yB5nD1fGhJ4cA6e";
        assert!(warnings([&token(ID), secret, secret]).is_empty());
        let mismatch = warnings([&token(ID), "1100000000000000003", "1100000000000000002"]);
        assert!(mismatch[0].ends_with("(`nixstart env check --online` asks Discord)"), "{mismatch:?}");
        let (bot, id) = (SecretString::from(token(ID)), SecretString::from(ID.to_owned()));
        assert_eq!(
            cross_check(&[(&specs[0], &bot), (&specs[2], &id)]),
            ["GUILD_ID is the id of the bot of BOT_TOKEN; it was copied from the wrong place"]
        );
    }
}
