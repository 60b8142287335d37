//! What can be told about Discord's tokens and ids without asking Discord.
//!
//! Discord documents snowflakes; the layout of tokens is observed: base64url of the bot's id, a dot, six characters, a
//! dot, and 27 (until 2022) or 38 characters. The messages recognise what people paste by mistake.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::check::{Accepted, Rejection};

/// Milliseconds between 1970 and Discord's epoch, the first moment of 2015.
const EPOCH_MILLISECONDS: u64 = 1_420_070_400_000;
/// Clocks may differ by a day before an id counts as one from the future.
const DAY_MILLISECONDS: u64 = 86_400_000;

/// Checks the token a bot logs in with.
pub fn check_bot_token(value: &str, now: u64) -> Result<Accepted, Rejection> {
    if let Some(mistake) = recognise_wrong_credential(value) {
        return Err(mistake);
    }
    let mut parts = value.split('.');
    let (Some(id), Some(middle), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Rejection::new("a bot token has three parts with dots between them", COPY_TOKEN));
    };
    let is_word = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !(is_word(id) && is_word(middle) && is_word(signature)) {
        return Err(Rejection::new("a bot token has only letters, digits, `-`, `_` and its two dots", COPY_TOKEN));
    }
    let Some(id) = bot_id(value) else {
        return Err(Rejection::new("the first part of a bot token holds the bot's id, and this one does not", COPY_TOKEN));
    };
    if is_from_the_future(&id, now) {
        return Err(Rejection::new("the id inside this token cannot be a bot's", COPY_TOKEN));
    }
    if !(6..=7).contains(&middle.len()) || signature.len() < 27 {
        return Err(Rejection::new(format!("this token is cut off: it has {} characters", value.len()), COPY_TOKEN));
    }
    let mut accepted = Accepted::unchanged(value);
    if !matches!(signature.len(), 27 | 38) {
        accepted.warnings.push(format!("the last part of this token has {} characters; 27 or 38 are usual", signature.len()));
    }
    Ok(accepted)
}

const COPY_TOKEN: &str = "open your application, Bot → Reset Token, and copy the token that is shown once";

/// The credentials that stand beside the token on Discord's pages.
fn recognise_wrong_credential(value: &str) -> Option<Rejection> {
    let all = |test: fn(&char) -> bool| value.chars().all(|c| test(&c));
    let what = if value.starts_with("mfa.") || value.starts_with("eyJ") {
        "this is a user's token or a session, not a bot token; using it would break Discord's terms"
    } else if all(char::is_ascii_digit) {
        "this is an id, not a bot token"
    } else if value.len() == 64 && all(char::is_ascii_hexdigit) {
        "this is the application's public key, not a bot token"
    } else if value.len() == 32 && !value.contains('.') {
        "this is the OAuth2 client secret, not a bot token"
    } else {
        return None;
    };
    Some(Rejection::new(what, COPY_TOKEN))
}

/// The id of the bot a token belongs to; ids are public. `None` when the first part holds no id.
pub fn bot_id(token: &str) -> Option<String> {
    let first = token.split('.').next()?;
    let digits = String::from_utf8(URL_SAFE_NO_PAD.decode(first).ok()?).ok()?;
    is_snowflake(&digits).then_some(digits)
}

/// Checks the id of an application. Mentions are taken apart.
pub fn check_application_id(value: &str, now: u64) -> Result<Accepted, Rejection> {
    check_id(value, now, "open your application, General Information → Application ID → Copy")
}

/// Checks the id of a server. A link to one of its channels is taken apart.
pub fn check_guild_id(value: &str, now: u64) -> Result<Accepted, Rejection> {
    let hint = "turn on Developer Mode (Settings → Advanced), then right-click the server → Copy Server ID";
    let Some(guild) = guild_of_link(value) else { return check_id(value, now, hint) };
    let mut accepted = check_id(guild, now, hint)?;
    accepted.notes.push("took the server's id from the link".to_owned());
    Ok(accepted)
}

fn guild_of_link(value: &str) -> Option<&str> {
    let address = value.strip_prefix("https://").unwrap_or(value);
    let host_end = address.find('/')?;
    let (host, path) = address.split_at_checked(host_end)?;
    let is_discord =
        matches!(host, "discord.com" | "www.discord.com" | "canary.discord.com" | "ptb.discord.com" | "discordapp.com");
    path.strip_prefix("/channels/").filter(|_| is_discord)?.split('/').next()
}

fn check_id(value: &str, now: u64, hint: &str) -> Result<Accepted, Rejection> {
    let digits = value.trim_start_matches(['<', '@', '#', '!', '&']).trim_end_matches('>');
    let bare = value.strip_prefix("Bot ").unwrap_or(value);
    if bot_id(bare).is_some() && bare.contains('.') {
        let message = "this is a bot token, not an id, and it was shown; reset it if anybody could see this screen";
        return Err(Rejection::new(message, hint));
    }
    if !digits.chars().all(|c| c.is_ascii_digit()) || digits.is_empty() {
        return Err(Rejection::new("an id has digits only", hint));
    }
    if !is_snowflake(digits) {
        return Err(Rejection::new(format!("an id has 17 to 20 digits; this has {}", digits.len()), hint));
    }
    if is_from_the_future(digits, now) {
        let message = "this id would be from the future, so a digit is wrong or one too many";
        return Err(Rejection::new(message, hint));
    }
    let mut accepted = Accepted::unchanged(digits);
    if digits != value {
        accepted.notes.push("took the id out of the mention".to_owned());
    }
    Ok(accepted)
}

/// Whether a text is an id: a number of 17 to 20 digits.
pub fn is_snowflake(digits: &str) -> bool {
    let is_shaped = (17..=20).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit()) && !digits.starts_with('0');
    is_shaped && digits.parse::<u64>().is_ok_and(|id| id < 1 << 63)
}

/// A snowflake holds the moment it was made; one from the future is a typing mistake.
fn is_from_the_future(digits: &str, now: u64) -> bool {
    let made = digits.parse::<u64>().map_or(u64::MAX, |id| (id >> 22) + EPOCH_MILLISECONDS);
    made > now + DAY_MILLISECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first moment of 2026.
    const NOW: u64 = 1_767_225_600_000;
    const BOT: &str = "1100000000000000001";

    fn token(id: &str, middle: usize, signature: usize) -> String {
        [URL_SAFE_NO_PAD.encode(id), "G".repeat(middle), "x".repeat(signature)].join(".")
    }

    #[test]
    fn accepts_tokens_of_old_and_new_bots() {
        for id in ["80351110224678912", "175928847299117063", BOT] {
            assert!(check_bot_token(&token(id, 6, 38), NOW).unwrap().warnings.is_empty(), "{id}");
            assert!(check_bot_token(&token(id, 6, 27), NOW).unwrap().warnings.is_empty(), "{id}");
        }
        assert_eq!(check_bot_token(&token(BOT, 6, 40), NOW).unwrap().warnings.len(), 1);
        assert_eq!(bot_id(&token(BOT, 6, 38)).as_deref(), Some(BOT));
    }

    #[test]
    fn says_what_was_pasted_in_place_of_a_token() {
        let cases = [
            ("a".repeat(32), "this is the OAuth2 client secret, not a bot token"),
            ("0a".repeat(32), "this is the application's public key, not a bot token"),
            (BOT.to_owned(), "this is an id, not a bot token"),
            (
                format!("mfa.{}", "x".repeat(80)),
                "this is a user's token or a session, not a bot token; using it would break Discord's terms",
            ),
            ("hello".to_owned(), "a bot token has three parts with dots between them"),
            (token("not an id", 6, 38), "the first part of a bot token holds the bot's id, and this one does not"),
            (token(BOT, 6, 20), "this token is cut off: it has 54 characters"),
            (token("9000000000000000000", 6, 38), "the id inside this token cannot be a bot's"),
            (token(BOT, 6, 38) + "ü", "a bot token has only letters, digits, `-`, `_` and its two dots"),
        ];
        for (value, message) in cases {
            assert_eq!(check_bot_token(&value, NOW).unwrap_err().message, message);
        }
    }

    #[test]
    fn takes_an_id_out_of_what_people_paste() {
        let link = format!("https://discord.com/channels/{BOT}/1100000000000000002");
        let accepted = check_guild_id(&link, NOW).unwrap();
        assert_eq!((accepted.value(), accepted.notes.len()), (BOT, 1));
        assert_eq!(check_application_id(&format!("<@{BOT}>"), NOW).unwrap().value(), BOT);
        assert_eq!(check_guild_id("https://discord.com/channels/@me", NOW).unwrap_err().message, "an id has digits only");
    }

    #[test]
    fn rejects_ids_that_cannot_be() {
        let message = |value: &str| check_application_id(value, NOW).unwrap_err().message;
        assert_eq!(message("123"), "an id has 17 to 20 digits; this has 3");
        assert_eq!(message("9000000000000000000"), "this id would be from the future, so a digit is wrong or one too many");
        assert_eq!(message("my bot"), "an id has digits only");
        assert_eq!(
            message(&token(BOT, 6, 38)),
            "this is a bot token, not an id, and it was shown; reset it if anybody could see this screen"
        );
    }
}
