//! Turns random bytes into the text of a generated secret. Where the bytes come from is the caller's business.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::kind::Kind;
use super::schema::{Generate, SecretSpec};
use crate::file_tree::hex;

const ALPHANUMERIC: [char; 62] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y',
    'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x',
    'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
];

/// How a value of a declaration can be made at random: as it says, or by its kind. `None` for what others give out.
pub fn how_to_make(spec: &SecretSpec) -> Option<Generate> {
    let by_kind = match spec.kind {
        Kind::Text | Kind::Base64 => Some(Generate::Base64 { bytes: 32 }),
        Kind::Hex => Some(Generate::Hex { bytes: 32 }),
        Kind::Uuid => Some(Generate::Uuid),
        Kind::DiscordBotToken
        | Kind::DiscordApplicationId
        | Kind::DiscordGuildId
        | Kind::GithubToken
        | Kind::RegistryPassword
        | Kind::CachixToken
        | Kind::SshPublicKey
        | Kind::DatabaseUrl
        | Kind::Url
        | Kind::Port
        | Kind::Email
        | Kind::Boolean => None,
    };
    spec.generate.clone().or(by_kind)
}

/// How many random bytes [`generate`] wants. A password wants spare ones, because it rejects a few to stay unbiased.
pub const fn wanted_bytes(how: &Generate) -> usize {
    match how {
        Generate::Password { length } => *length * 2 + 32,
        Generate::Hex { bytes } | Generate::Base64 { bytes } => *bytes,
        Generate::Uuid => 16,
    }
}

/// Makes the text of a secret from [`wanted_bytes`] random bytes.
pub fn generate(how: &Generate, random: &[u8]) -> String {
    match how {
        Generate::Password { length } => random
            .iter()
            .filter(|byte| **byte < 248)
            .filter_map(|byte| ALPHANUMERIC.get(usize::from(*byte) % 62))
            .take(*length)
            .collect(),
        Generate::Hex { .. } => hex(random),
        Generate::Base64 { .. } => STANDARD.encode(random),
        Generate::Uuid => uuid(random),
    }
}

/// RFC 9562 version 4: six bits are fixed, the rest is random.
fn uuid(random: &[u8]) -> String {
    let fixed = random.iter().take(16).enumerate().map(|(index, byte)| match index {
        6 => byte & 0x0f | 0x40,
        8 => byte & 0x3f | 0x80,
        _ => *byte,
    });
    let digits = hex(&fixed.collect::<Vec<u8>>());
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_each_type_from_given_bytes() {
        let random: Vec<u8> = (0..=255).collect();
        assert_eq!(generate(&Generate::Hex { bytes: 3 }, &random[..3]), "000102");
        assert_eq!(generate(&Generate::Base64 { bytes: 3 }, &random[..3]), "AAEC");
        assert_eq!(generate(&Generate::Uuid, &random[..16]), "00010203-0405-4607-8809-0a0b0c0d0e0f");
        let password = Generate::Password { length: 4 };
        assert_eq!(generate(&password, &[255, 0, 61, 62, 247, 9]), "A9A9");
        assert!(wanted_bytes(&password) >= 4);
    }
}
