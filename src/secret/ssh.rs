//! Public keys of SSH, as they are in `~/.ssh/*.pub` and at `https://github.com/NAME.keys`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::check::{Accepted, Rejection};

const HINT: &str = "paste the one line of a file such as ~/.ssh/id_ed25519.pub";

/// A public key of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey<'a> {
    /// Its algorithm (`ssh-ed25519`).
    pub algorithm: &'a str,
    /// Its bytes, in the form of RFC 4253.
    pub blob: Vec<u8>,
    /// What stands behind it.
    pub comment: &'a str,
}

impl<'a> PublicKey<'a> {
    /// Reads a line `ALGORITHM BASE64 [COMMENT]`.
    pub fn parse(line: &'a str) -> Result<Self, Rejection> {
        if line.contains("PRIVATE KEY") {
            return Err(Rejection::new("this is a private key, which never leaves its machine", HINT));
        }
        let mut words = line.trim().splitn(3, ' ');
        let (Some(algorithm), Some(encoded)) = (words.next(), words.next()) else {
            return Err(Rejection::new("it is no public key of SSH", HINT));
        };
        let blob = STANDARD.decode(encoded).map_err(|_not_base64| Rejection::new("its second word is no base64 text", HINT))?;
        if inner_algorithm(&blob) != Some(algorithm.as_bytes()) {
            return Err(Rejection::new("it is cut off, or its parts do not belong together", HINT));
        }
        if algorithm == "ssh-ed25519" && blob.len() != 51 {
            return Err(Rejection::new("it is cut off", HINT));
        }
        Ok(Self { algorithm, blob, comment: words.next().unwrap_or_default().trim() })
    }

    /// Whether age can encrypt to it: it knows Ed25519 and RSA, not ECDSA and not keys in hardware.
    pub fn is_known_to_age(&self) -> bool {
        matches!(self.algorithm, "ssh-ed25519" | "ssh-rsa")
    }
}

/// The algorithm that the blob itself names: a length of four bytes, then the name.
fn inner_algorithm(blob: &[u8]) -> Option<&[u8]> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Checks a public key that somebody pasted.
pub(super) fn check_public_key(value: &str) -> Result<Accepted, Rejection> {
    let key = PublicKey::parse(value)?;
    let mut accepted = Accepted::unchanged(value);
    if !key.is_known_to_age() {
        accepted
            .warnings
            .push(format!("age cannot encrypt to `{}` keys; `ssh-keygen -t ed25519` makes one that it can", key.algorithm));
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(outer: &str, inner: &str, bytes: usize) -> String {
        let mut blob = u32::try_from(inner.len()).unwrap().to_be_bytes().to_vec();
        blob.extend(inner.as_bytes());
        blob.extend(32u32.to_be_bytes());
        blob.resize(blob.len() + bytes, 7);
        format!("{outer} {} ada@example.org", STANDARD.encode(blob))
    }

    #[test]
    fn whole_keys_are_read() {
        let text = line("ssh-ed25519", "ssh-ed25519", 32);
        let key = PublicKey::parse(&text).unwrap();
        assert_eq!((key.algorithm, key.blob.len(), key.comment), ("ssh-ed25519", 51, "ada@example.org"));
        assert!(check_public_key(&text).unwrap().warnings.is_empty());
        let ecdsa = line("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", 32);
        assert!(check_public_key(&ecdsa).unwrap().warnings[0].contains("age cannot encrypt"));
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let message = |text: &str| PublicKey::parse(text).unwrap_err().message;
        assert!(message("-----BEGIN OPENSSH PRIVATE KEY-----").contains("private key"));
        assert!(message("ssh-ed25519").contains("no public key"));
        assert!(message("ssh-ed25519 ***").contains("no base64"));
        assert!(message(&line("ssh-rsa", "ssh-ed25519", 32)).contains("do not belong together"));
        assert!(message(&line("ssh-ed25519", "ssh-ed25519", 20)).contains("cut off"));
        assert!(message("ssh-ed25519 AAAA/w==").contains("cut off"));
    }
}
