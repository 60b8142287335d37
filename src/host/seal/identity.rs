//! The private keys of whoever runs nixstart: where they are, which of them need a passphrase, and a new one.

use std::io::Read;

use age::ssh::{self, UnsupportedKey};
use age::x25519;
use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};

use super::super::{clock, files, paths};
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::recipient::Recipient;
use crate::secret::sealed::Stanza;

/// No private key is as large.
const MOST_BYTES: u64 = 1024 * 1024;
/// So often a passphrase may be mistyped.
const MOST_ATTEMPTS: usize = 3;

/// Asks for the passphrase of a key: its file, and how often it was asked for before. `None` when nobody can be asked.
pub type AskPassphrase<'a> = &'a mut dyn FnMut(&Utf8Path, usize) -> Result<Option<SecretString>>;

/// A file of private keys.
struct Found {
    path: Utf8PathBuf,
    key: Key,
}

enum Key {
    Age(Vec<x25519::Identity>),
    Ssh(Box<ssh::Identity>, String),
    /// It needs a passphrase, which is asked for once.
    Locked(Box<ssh::Identity>, Option<Recipient>),
    /// It cannot be used, and why.
    Unusable(String),
}

/// The private keys that are tried, in order.
pub struct Identities(Vec<Found>);

impl Identities {
    /// Reads the keys of `$NIXSTART_AGE_IDENTITY`, `~/.ssh/id_ed25519`, `~/.ssh/id_rsa` and our own.
    pub fn find() -> Result<Self> {
        let mut found = Vec::new();
        if let Some(named) = env_vars::get(env_vars::AGE_IDENTITY) {
            found.push(named_by_variable(&named)?);
        }
        let home = paths::home_directory()?;
        for path in [home.join(".ssh/id_ed25519"), home.join(".ssh/id_rsa"), identity_path()?] {
            if path.exists() {
                let key = read(&path).unwrap_or_else(Key::Unusable);
                found.push(Found { path, key });
            }
        }
        Ok(Self(found))
    }

    #[cfg(test)]
    pub(super) fn of_age(identity: x25519::Identity) -> Self {
        Self(vec![Found { path: "identity.txt".into(), key: Key::Age(vec![identity]) }])
    }

    /// The keys that need no passphrase, or not any more.
    pub(super) fn unlocked(&self) -> Vec<&dyn age::Identity> {
        let keys = self.0.iter().flat_map(|found| -> Vec<&dyn age::Identity> {
            match &found.key {
                Key::Age(keys) => keys.iter().map(|key| key as &dyn age::Identity).collect(),
                Key::Ssh(key, _) => vec![key.as_ref() as &dyn age::Identity],
                Key::Locked(..) | Key::Unusable(_) => Vec::new(),
            }
        });
        keys.collect()
    }

    /// Unlocks the next key that a file is sealed to. It stays unlocked.
    pub(super) fn unlock_next(&mut self, stanzas: &[Stanza], ask: AskPassphrase<'_>) -> Result<Option<ssh::Identity>> {
        let is_meant = |found: &&mut Found| match &found.key {
            Key::Locked(_, Some(recipient)) => {
                let own = recipient.tag().unwrap_or_default();
                stanzas.iter().any(|stanza| matches!(stanza, Stanza::Ssh { tag } if *tag == own))
            }
            Key::Locked(_, None) | Key::Age(_) | Key::Ssh(..) | Key::Unusable(_) => false,
        };
        let Some(found) = self.0.iter_mut().find(is_meant) else { return Ok(None) };
        let Key::Locked(locked, recipient) = &found.key else { return Ok(None) };
        let key = unlock(&found.path, locked, ask)?;
        let shown = recipient.as_ref().map(ToString::to_string).unwrap_or_default();
        found.key = Key::Ssh(Box::new(key.clone()), shown);
        Ok(Some(key))
    }

    /// Whether one of the keys opens what is sealed to a recipient.
    pub fn has(&self, recipient: &Recipient) -> bool {
        let shown = recipient.to_string();
        self.0.iter().any(|found| match &found.key {
            Key::Age(keys) => keys.iter().any(|key| key.to_public().to_string() == shown),
            Key::Ssh(_, own) => *own == shown,
            Key::Locked(_, own) => own.as_ref() == Some(recipient),
            Key::Unusable(_) => false,
        })
    }

    /// What was tried, a line for each key.
    pub(super) fn tried(&self) -> Vec<String> {
        let lines = self.0.iter().map(|found| {
            let what = match &found.key {
                Key::Age(keys) => keys.iter().map(|key| key.to_public().to_string()).collect::<Vec<_>>().join(", "),
                Key::Ssh(_, shown) => shown.clone(),
                Key::Locked(_, Some(recipient)) => recipient.to_string(),
                Key::Locked(_, None) => "it has a passphrase, and no age can use its kind".to_owned(),
                Key::Unusable(why) => why.clone(),
            };
            format!("tried `{}`: {what}", found.path)
        });
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() { vec!["there is no private key in `~/.ssh`".to_owned()] } else { lines }
    }
}

/// The place of our own identity.
pub fn identity_path() -> Result<Utf8PathBuf> {
    Ok(paths::config_directory()?.join("identity.txt"))
}

/// Makes an identity of age at a path where nothing is, so that only its owner can read it. Returns its recipient.
pub fn create(path: &Utf8Path) -> Result<String> {
    if path.symlink_metadata().is_ok() {
        return Err(Error::refused(format!("`{path}` exists, and files may be sealed to it"))
            .hint("`nixstart env identity show` prints its recipient; move the file away first if you really want another"));
    }
    let directory = path.parent().unwrap_or(Utf8Path::new("."));
    files::create_private_directory(directory)?;
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text =
        SecretString::from(format!("# created: {}\n# public key: {recipient}\n{}\n", clock::timestamp(), secret.expose_secret()));
    files::write_atomically(path, text.expose_secret().as_bytes(), files::PRIVATE, files::Existing::Refuse)?;
    Ok(recipient)
}

/// The recipients of our own identity.
pub fn own_recipient(path: &Utf8Path) -> Result<Vec<String>> {
    match read(path).map_err(|why| Error::failed(format!("`{path}` holds no identity: {why}")))? {
        Key::Age(keys) => Ok(keys.iter().map(|key| key.to_public().to_string()).collect()),
        Key::Ssh(..) | Key::Locked(..) | Key::Unusable(_) => Err(Error::failed(format!("`{path}` holds no identity of age"))),
    }
}

fn named_by_variable(named: &str) -> Result<Found> {
    let name = env_vars::AGE_IDENTITY;
    if named.to_ascii_uppercase().contains("AGE-SECRET-KEY-") || named.contains("PRIVATE KEY") {
        return Err(Error::refused(format!("`{name}` holds a private key, which every program that is started can read"))
            .hint("put the key into a file of mode 0600, and its path into the variable"));
    }
    let path = paths::absolute(Utf8Path::new(named))?;
    match read(&path) {
        Ok(key) => Ok(Found { path, key }),
        Err(why) => Err(Error::failed(format!("`{path}`, which `{name}` names, is no private key: {why}"))
            .hint("let it name a private key of SSH or an identity of age")),
    }
}

/// Reads a file of private keys; `Err` is a fragment that says why it is none.
fn read(path: &Utf8Path) -> Result<Key, String> {
    let because = |error: std::io::Error| error.kind().to_string();
    let metadata = std::fs::metadata(path).map_err(because)?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return Err("it is no file of keys".to_owned());
    }
    let mut text = String::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    let file = fs_err::File::open(path).map_err(because)?;
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(because)?;
    let text = SecretString::from(text);
    parse(text.expose_secret())
}

fn parse(text: &str) -> Result<Key, String> {
    if text.trim_start().starts_with("-----BEGIN") {
        return parse_ssh(text.trim_start());
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("age1") {
        return Err("it is a public key; name the private one".to_owned());
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|line| line.parse::<x25519::Identity>().map_err(|_why| "it holds no identity of age".to_owned()));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err("there is no key in it".to_owned()) } else { Ok(Key::Age(keys)) }
}

fn parse_ssh(text: &str) -> Result<Key, String> {
    let normal = SecretString::from(text.replace("\r\n", "\n"));
    let identity = ssh::Identity::from_buffer(normal.expose_secret().as_bytes(), None)
        .map_err(|_why| "its form is none that age knows; `ssh-keygen -p -f FILE` writes it anew".to_owned())?;
    match &identity {
        ssh::Identity::Unencrypted(_) => {
            let shown = public(&identity).map(|recipient| recipient.to_string()).unwrap_or_default();
            Ok(Key::Ssh(Box::new(identity), shown))
        }
        ssh::Identity::Encrypted(_) => {
            let recipient = public(&identity);
            Ok(Key::Locked(Box::new(identity), recipient))
        }
        ssh::Identity::Unsupported(kind) => Ok(Key::Unusable(match kind {
            UnsupportedKey::EncryptedPem => {
                "its passphrase is kept in an old form; `ssh-keygen -p -f FILE` writes it anew".to_owned()
            }
            UnsupportedKey::EncryptedSsh(cipher) => format!("it is encrypted with `{cipher}`, which age does not know"),
            UnsupportedKey::Hardware(kind) => format!("it is a `{kind}` key, which lives in hardware that cannot decrypt"),
            UnsupportedKey::Type(kind) => format!("it is a `{kind}` key, which age does not know"),
        })),
    }
}

/// The public half of a private key.
fn public(identity: &ssh::Identity) -> Option<Recipient> {
    let recipient = ssh::Recipient::try_from(identity.clone()).ok()?;
    Recipient::parse(&recipient.to_string()).ok()
}

fn unlock(path: &Utf8Path, locked: &ssh::Identity, ask: AskPassphrase<'_>) -> Result<ssh::Identity> {
    let ssh::Identity::Encrypted(key) = locked else { return Ok(locked.clone()) };
    for attempt in 0..MOST_ATTEMPTS {
        let passphrase = ask(path, attempt)?.ok_or_else(|| {
            Error::new(ErrorKind::NeedsInput, format!("`{path}` needs its passphrase, and there is no terminal to ask on"))
                .hint(format!(
                    "let `{}` name a key without a passphrase, such as one of `nixstart env identity new`",
                    env_vars::AGE_IDENTITY
                ))
                .hint("ssh-agent cannot help: it signs and does not decrypt")
        })?;
        if let Ok(unlocked) = key.decrypt(passphrase) {
            return Ok(unlocked.into());
        }
    }
    Err(Error::failed(format!("that is not the passphrase of `{path}`")).hint(format!("try it with `ssh-keygen -y -f {path}`")))
}
