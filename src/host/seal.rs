//! Seals text for recipients and opens sealed files, by the age crate; what is sealed here opens with plain `age -d -i KEY`,
//! and what `age -a -R` sealed opens here. Messages name files and fingerprints, never what is in a key or in a sealed file.

mod identity;

use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use camino::Utf8Path;
use secrecy::{ExposeSecret, SecretString};

use super::paths;
use crate::error::{Error, Result};
use crate::secret::recipient::{Algorithm, Recipient};
use crate::secret::sealed::{self, MOST_BYTES, SealedError, Stanza};
pub use identity::{AskPassphrase, Identities, create as create_identity, identity_path, own_recipient};

/// Seals a text, so that each of the recipients can open it. The result is text, too.
pub fn seal<'a>(text: &SecretString, recipients: impl Iterator<Item = &'a Recipient>) -> Result<Vec<u8>> {
    let keys = recipients.map(to_age).collect::<Result<Vec<_>>>()?;
    let failed = |error: std::io::Error| Error::failed(format!("the values could not be sealed: {error}"));
    let encryptor = Encryptor::with_recipients(keys.iter().map(|key| key.as_ref() as &dyn age::Recipient))
        .map_err(|error| Error::failed(format!("the values could not be sealed: {error}")))?;
    let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).map_err(failed)?;
    let mut writer = encryptor.wrap_output(armored).map_err(failed)?;
    writer.write_all(text.expose_secret().as_bytes()).map_err(failed)?;
    writer.finish().and_then(ArmoredWriter::finish).map_err(failed)
}

fn to_age(recipient: &Recipient) -> Result<Box<dyn age::Recipient>> {
    let refused = || {
        Error::failed(format!(
            "nothing can be sealed to the key {recipient}: it is no point of its curve, or its numbers are wrong"
        ))
        .hint("ask for the key again; it was damaged on its way")
    };
    match recipient.algorithm() {
        Algorithm::Age => Ok(Box::new(recipient.as_str().parse::<age::x25519::Recipient>().map_err(|_why| refused())?)),
        Algorithm::Ed25519 | Algorithm::Rsa => {
            Ok(Box::new(recipient.as_str().parse::<age::ssh::Recipient>().map_err(|_why| refused())?))
        }
    }
}

/// Reads a sealed file, which must not be a pipe or larger than any `.env`.
pub fn read_sealed(path: &Utf8Path) -> Result<Vec<u8>> {
    let shown = paths::shown(path);
    let metadata = fs_err::metadata(path)?;
    if !metadata.is_file() {
        return Err(Error::failed(format!("`{shown}` is no plain file")));
    }
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::failed(format!("`{shown}` is larger than 16 MB, so it holds no `.env`"))
            .hint("`age -d -i KEY FILE` opens files of any size"));
    }
    Ok(bytes)
}

/// Opens a sealed file with the first of the identities that can. Keys without a passphrase are tried first; one with a
/// passphrase only when the file is for it, so that nobody is asked for nothing.
pub fn open(shown: &str, bytes: &[u8], identities: &mut Identities, ask: AskPassphrase<'_>) -> Result<SecretString> {
    open_if_ours(shown, bytes, identities, ask)?.map_err(|stanzas| not_for_us(shown, &stanzas, identities))
}

/// The same for a file that may be for others alone; then it says for whom.
pub fn open_if_ours(
    shown: &str,
    bytes: &[u8],
    identities: &mut Identities,
    ask: AskPassphrase<'_>,
) -> Result<std::result::Result<SecretString, Vec<Stanza>>> {
    let stanzas = sealed::stanzas(bytes).map_err(|error| unreadable(shown, error))?;
    if let Some(text) = unseal(bytes, &identities.unlocked()).map_err(|error| damaged(shown, &error))? {
        return Ok(Ok(text));
    }
    while let Some(key) = identities.unlock_next(&stanzas, ask)? {
        if let Some(text) = unseal(bytes, &[&key]).map_err(|error| damaged(shown, &error))? {
            return Ok(Ok(text));
        }
    }
    Ok(Err(stanzas))
}

/// `None` when the file is for none of the keys.
fn unseal(bytes: &[u8], keys: &[&dyn age::Identity]) -> Result<Option<SecretString>, DecryptError> {
    if keys.is_empty() {
        return Ok(None);
    }
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes))?;
    let mut reader = match decryptor.decrypt(keys.iter().copied()) {
        Ok(reader) => reader,
        Err(DecryptError::NoMatchingKeys) => return Ok(None),
        Err(error) => return Err(error),
    };
    // What grows leaves copies of itself behind.
    let mut text = String::with_capacity(bytes.len());
    reader.read_to_string(&mut text)?;
    Ok(Some(text.into()))
}

fn unreadable(shown: &str, error: SealedError) -> Error {
    let hint = match error {
        SealedError::Foreign => "give a file that `nixstart env share` or `age` has made",
        SealedError::Newer => "open it with a newer age: `age -d -i KEY FILE`",
        SealedError::CutOff | SealedError::Damaged => "get the file again; if git has merged it, take one side and share again",
    };
    Error::failed(format!("`{shown}` cannot be opened: {error}")).hint(hint)
}

/// It is for one of the keys, and still it does not open.
fn damaged(shown: &str, error: &DecryptError) -> Error {
    let why = match error {
        DecryptError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData && error.to_string().contains("UTF-8") => {
            "what is sealed in it is no text"
        }
        DecryptError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "it is cut off",
        _ => "it is damaged, or somebody has changed it",
    };
    Error::failed(format!("`{shown}` cannot be opened: {why}")).hint("get the file again; what it holds cannot be trusted")
}

fn not_for_us(shown: &str, stanzas: &[Stanza], identities: &Identities) -> Error {
    if stanzas.contains(&Stanza::Passphrase) {
        return Error::failed(format!("`{shown}` is sealed with a passphrase and not to anybody's key"))
            .hint(format!("open it with `age -d {shown}`, and bring the result in with `nixstart env import`"));
    }
    let count = |kind: fn(&Stanza) -> bool| stanzas.iter().filter(|stanza| kind(stanza)).count();
    let kinds = [
        (count(|stanza| matches!(stanza, Stanza::Ssh { .. })), "of SSH"),
        (count(|stanza| *stanza == Stanza::Age), "of age"),
        (count(|stanza| *stanza == Stanza::Other), "of another kind"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{what} ({count})")).collect();
    let error = Error::failed(format!("none of your keys opens `{shown}`, which is sealed to keys {}", kinds.join(", ")));
    let error = identities.tried().into_iter().fold(error, Error::hint);
    error
        .hint("ask somebody who can open it to run `nixstart env share --to` with your public key")
        .hint("`NIXSTART_AGE_IDENTITY` names another private key; `nixstart env identity new` makes one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "the type of every such function")]
    fn nobody(_: &Utf8Path, _: usize) -> Result<Option<SecretString>> {
        Ok(None)
    }

    fn age_key() -> (Recipient, Identities) {
        let identity = age::x25519::Identity::generate();
        let recipient = Recipient::parse(&identity.to_public().to_string()).unwrap();
        (recipient, Identities::of_age(identity))
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_recipients_only() {
        let (recipient, mut own) = age_key();
        let (_, mut other) = age_key();
        let sealed = seal(&"A=1\n".to_owned().into(), [&recipient].into_iter()).unwrap();
        assert_eq!(open("x.age", &sealed, &mut own, &mut nobody).unwrap().expose_secret(), "A=1\n");
        let error = open("x.age", &sealed, &mut other, &mut nobody).unwrap_err();
        assert_eq!(error.to_string(), "none of your keys opens `x.age`, which is sealed to keys of age (1)");
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_noticed() {
        let (recipient, mut own) = age_key();
        let text = "A=0123456789\n".repeat(3);
        let sealed = seal(&text.into(), [&recipient].into_iter()).unwrap();
        for length in 0..sealed.len() - 1 {
            assert!(open("x", &sealed[..length], &mut own, &mut nobody).is_err(), "cut at {length}");
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open("x", &changed, &mut own, &mut nobody).is_err(), "flipped at {place}");
        }
    }
}
