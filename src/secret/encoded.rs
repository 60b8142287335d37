//! Values that are known by their alphabet: hexadecimal, base64, UUIDs, booleans, and the tokens of Cachix.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::check::{Accepted, Rejection};

/// Checks whole bytes in hexadecimal.
pub(super) fn check_hex(value: &str) -> Result<Accepted, Rejection> {
    let is_hex = !value.is_empty() && value.len().is_multiple_of(2) && value.chars().all(|digit| digit.is_ascii_hexdigit());
    accept_if(is_hex, value, "it is no hexadecimal text", "two digits of 0-9 and a-f for each byte")
}

/// Checks base64, with padding or without, in either alphabet.
pub(super) fn check_base64(value: &str) -> Result<Accepted, Rejection> {
    let is_base64 =
        [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].iter().any(|alphabet| alphabet.decode(value).is_ok());
    accept_if(is_base64 && !value.is_empty(), value, "it is no base64 text", "copy it again, with every `=` at its end")
}

/// Checks a UUID in its usual form.
pub(super) fn check_uuid(value: &str) -> Result<Accepted, Rejection> {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    let is_uuid = lengths == [8, 4, 4, 4, 12] && value.chars().all(|digit| digit.is_ascii_hexdigit() || digit == '-');
    accept_if(is_uuid, value, "it is no UUID", "it looks like 123e4567-e89b-42d3-a456-426614174000")
}

/// Checks a yes or a no, in the words that programs know.
pub(super) fn check_boolean(value: &str) -> Result<Accepted, Rejection> {
    let is_boolean = matches!(value, "true" | "false" | "1" | "0" | "yes" | "no" | "on" | "off");
    accept_if(is_boolean, value, "it is neither yes nor no", "write `true` or `false`")
}

/// Checks a token of Cachix. That it is a JWT is not documented, so another form is a warning; a signing key is a mistake.
pub(super) fn check_cachix_token(value: &str) -> Result<Accepted, Rejection> {
    let is_key = value.split_once(':').is_some_and(|(name, _)| name.rsplit_once('-').is_some_and(|(_, number)| number == "1"));
    if is_key {
        return Err(Rejection::new(
            "this is a key that signs or verifies, not a token that logs in",
            "make a token at https://app.cachix.org/personal-auth-tokens",
        ));
    }
    let mut accepted = Accepted::unchanged(value);
    if !(value.starts_with("eyJ") && value.split('.').count() == 3) {
        accepted.warnings.push("it does not look like a token of Cachix, which begins with `eyJ` and has three parts".to_owned());
    }
    Ok(accepted)
}

fn accept_if(is_right: bool, value: &str, message: &str, hint: &str) -> Result<Accepted, Rejection> {
    if is_right { Ok(Accepted::unchanged(value)) } else { Err(Rejection::new(message, hint)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alphabet_has_its_values() {
        assert!(check_hex("00ff").is_ok() && ["", "0", "0g"].iter().all(|value| check_hex(value).is_err()));
        assert!(check_base64("AAEC").is_ok() && check_base64("_-8").is_ok() && check_base64("A*").is_err());
        assert!(check_uuid("123e4567-e89b-42d3-a456-426614174000").is_ok() && check_uuid("123e4567e89b").is_err());
        assert!(check_boolean("true").is_ok() && check_boolean("maybe").is_err());
    }

    #[test]
    fn a_key_of_cachix_is_not_its_token() {
        assert!(check_cachix_token("name.cachix.org-1:AAAA").unwrap_err().message.contains("not a token"));
        assert!(check_cachix_token("eyJhbGci.eyJzdWIi.x").unwrap().warnings.is_empty());
        assert_eq!(check_cachix_token("hello").unwrap().warnings.len(), 1);
    }
}
