//! The head of a file that age has sealed: for whom it is, as far as the head says. Nothing is decrypted here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most bytes that a sealed file may have. A `.env` has a few thousand.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;
const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const FIRST: &[u8] = b"age-encryption.org/";
const VERSION: &[u8] = b"age-encryption.org/v1\n";
/// A head with more lines is none.
const MOST_LINES: usize = 10_000;

/// For whom a file is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stanza {
    /// A key of SSH.
    Ssh {
        /// The first bytes of its fingerprint.
        tag: String,
    },
    /// Some recipient of age; the head does not say which.
    Age,
    /// Whoever knows a passphrase.
    Passphrase,
    /// A kind that this program does not know, such as keys in hardware.
    Other,
}

/// Why a file is no sealed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// It is something else.
    #[error("it is no file that age has sealed")]
    Foreign,
    /// It is of a later age.
    #[error("it is sealed in a later format of age")]
    Newer,
    /// It ends too early.
    #[error("it is cut off")]
    CutOff,
    /// Its head is broken.
    #[error("it is damaged")]
    Damaged,
}

/// Reads the head of a sealed file, armored or not.
pub fn stanzas(bytes: &[u8]) -> Result<Vec<Stanza>, SealedError> {
    let text = bytes.trim_ascii_start();
    if text.starts_with(BEGIN.as_bytes()) {
        return read_head(&unarmor(text)?);
    }
    if bytes.is_empty() { Err(SealedError::CutOff) } else { read_head(bytes) }
}

fn unarmor(bytes: &[u8]) -> Result<Vec<u8>, SealedError> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).ok_or(SealedError::Damaged)?;
    let (body, rest) = text.trim_start_matches(BEGIN).split_once(END).ok_or(SealedError::CutOff)?;
    if !rest.trim().is_empty() {
        return Err(SealedError::Damaged);
    }
    let encoded: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(encoded).ok().ok_or(SealedError::Damaged)
}

fn read_head(bytes: &[u8]) -> Result<Vec<Stanza>, SealedError> {
    let Some(rest) = bytes.strip_prefix(VERSION) else {
        let is_short = FIRST.starts_with(bytes) || VERSION.starts_with(bytes);
        return Err(match bytes.starts_with(FIRST) {
            _ if is_short => SealedError::CutOff,
            true => SealedError::Newer,
            false => SealedError::Foreign,
        });
    };
    let mut stanzas = Vec::new();
    for line in rest.split(|byte| *byte == b'\n').take(MOST_LINES) {
        if line.starts_with(b"---") {
            return if stanzas.is_empty() { Err(SealedError::Damaged) } else { Ok(stanzas) };
        }
        if let Some(arguments) = line.strip_prefix(b"-> ") {
            let arguments = std::str::from_utf8(arguments).ok().ok_or(SealedError::Damaged)?;
            // Some ages add one that means nothing, to keep readers tolerant.
            if !arguments.split(' ').next().is_some_and(|kind| kind.ends_with("-grease")) {
                stanzas.push(stanza(arguments));
            }
        }
    }
    Err(SealedError::CutOff)
}

fn stanza(arguments: &str) -> Stanza {
    let mut words = arguments.split(' ');
    match (words.next(), words.next()) {
        (Some("ssh-ed25519" | "ssh-rsa"), Some(tag)) => Stanza::Ssh { tag: tag.to_owned() },
        (Some("X25519"), _) => Stanza::Age,
        (Some("scrypt"), _) => Stanza::Passphrase,
        _ => Stanza::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "age-encryption.org/v1\n-> ssh-ed25519 CDB5CA xyz\nbody\n-> X25519 abc\nbody\n-> f-grease x\n\n-> other y\nbody\n--- mac\n\0\u{1}";

    #[test]
    fn says_for_whom_a_file_is() {
        let expected = vec![Stanza::Ssh { tag: "CDB5CA".into() }, Stanza::Age, Stanza::Other];
        assert_eq!(stanzas(HEAD.as_bytes()), Ok(expected.clone()));
        let armored = format!("\n{BEGIN}\r\n{}\r\n{END}\n", STANDARD.encode(HEAD));
        assert_eq!(stanzas(armored.as_bytes()), Ok(expected));
        let passphrase = "age-encryption.org/v1\n-> scrypt salt 18\nbody\n--- mac\n";
        assert_eq!(stanzas(passphrase.as_bytes()), Ok(vec![Stanza::Passphrase]));
    }

    #[test]
    fn says_what_is_wrong() {
        let armored = format!("{BEGIN}\n{}\n", STANDARD.encode(HEAD));
        let cases: [(&[u8], SealedError); 9] = [
            (b"", SealedError::CutOff),
            (b"A=1\n", SealedError::Foreign),
            (b"\x7fELF", SealedError::Foreign),
            (b"age-encrypt", SealedError::CutOff),
            (b"age-encryption.org/v9\n", SealedError::Newer),
            (b"age-encryption.org/v1\n-> X25519 a\n", SealedError::CutOff),
            (b"age-encryption.org/v1\n--- mac\n", SealedError::Damaged),
            (armored.as_bytes(), SealedError::CutOff),
            (b"-----BEGIN AGE ENCRYPTED FILE-----\n*\n-----END AGE ENCRYPTED FILE-----", SealedError::Damaged),
        ];
        for (bytes, error) in cases {
            assert_eq!(stanzas(bytes), Err(error), "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at(
            head in prop::sample::select(vec!["", "age-encryption.org/v1\n", "-----BEGIN AGE ENCRYPTED FILE-----\n"]),
            rest in "(-> |ssh-ed25519 |\n|--- |[a-zA-Z0-9+/=]{0,8}|-----END AGE ENCRYPTED FILE-----|\\PC){0,20}",
        ) {
            let _ = stanzas(format!("{head}{rest}").as_bytes());
        }
    }
}
