//! Who a file can be sealed to: a public key of SSH that age knows, or a recipient of age. Everything else is refused with
//! what it is and what to do, private keys first of all.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bech32::primitives::decode::CheckedHrpstring;
use sha2::{Digest, Sha256};

use super::check::Rejection;
use super::ssh::PublicKey;

/// Keys of fewer bits are refused by every age.
const FEWEST_BITS: usize = 2048;
/// Keys of more bits are refused by the age of Rust, so that some of a team could not seal.
const MOST_BITS: usize = 4096;
const MAKE_ONE: &str = "`ssh-keygen -t ed25519` makes a key that works, and so does `nixstart env identity new`";

/// What a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `ssh-ed25519`
    Ed25519,
    /// `ssh-rsa`
    Rsa,
    /// `age1…`
    Age,
}

/// A public key that a file can be sealed to. Two are equal when their keys are; comments do not count.
#[derive(Debug, Clone)]
pub struct Recipient {
    algorithm: Algorithm,
    text: String,
    /// The bytes of a key of SSH.
    blob: Option<Vec<u8>>,
    comment: String,
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl Recipient {
    /// Reads one line.
    pub fn parse(line: &str) -> Result<Self, Rejection> {
        let line = line.trim();
        refuse_private(line)?;
        refuse_foreign(line)?;
        if line.starts_with("age1") {
            return Self::parse_age(line);
        }
        let key = PublicKey::parse(line)?;
        let algorithm = match key.algorithm {
            "ssh-ed25519" => Algorithm::Ed25519,
            "ssh-rsa" => Algorithm::Rsa,
            other => return Err(unusable(other)),
        };
        if algorithm == Algorithm::Rsa {
            check_size(&key.blob)?;
        }
        let encoded = line.split(' ').nth(1).unwrap_or_default();
        let text = format!("{} {encoded}", key.algorithm);
        Ok(Self { algorithm, text, comment: key.comment.to_owned(), blob: Some(key.blob) })
    }

    fn parse_age(line: &str) -> Result<Self, Rejection> {
        let text = line.split_whitespace().next().unwrap_or_default();
        for (prefix, what) in [
            ("age1pq1", "a post-quantum recipient"),
            ("age1tagpq1", "a recipient of hardware"),
            ("age1tag1", "a recipient of hardware"),
            ("age1yubikey1", "a recipient of hardware"),
            ("age1se1", "a recipient of hardware"),
        ] {
            if text.starts_with(prefix) {
                let hint = "`age-keygen` or `nixstart env identity new` makes a recipient that works everywhere";
                return Err(Rejection::new(format!("it is {what}, which not every age can seal to"), hint));
            }
        }
        let is_whole = CheckedHrpstring::new::<bech32::Bech32>(text)
            .is_ok_and(|parsed| parsed.hrp().as_str() == "age" && parsed.byte_iter().count() == 32);
        if !is_whole {
            return Err(Rejection::new(
                "it is cut off or mistyped: its checksum does not fit",
                "copy the whole recipient, `age1` and 58 characters",
            ));
        }
        let comment = line.get(text.len()..).unwrap_or_default().trim().trim_start_matches('#').trim();
        Ok(Self { algorithm: Algorithm::Age, text: text.to_owned(), blob: None, comment: comment.to_owned() })
    }

    /// What it is.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key without its comment, as age reads it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stood behind it.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// The fingerprint of a key of SSH, as `ssh-keygen -l` prints it. A recipient of age is short enough to be compared itself.
    pub fn fingerprint(&self) -> Option<String> {
        let digest = Sha256::digest(self.blob.as_ref()?);
        Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(digest)))
    }

    /// The first bytes of the fingerprint, by which the head of a sealed file names a key of SSH.
    pub fn tag(&self) -> Option<String> {
        let digest = Sha256::digest(self.blob.as_ref()?);
        Some(STANDARD_NO_PAD.encode(digest.get(..4)?))
    }
}

impl fmt::Display for Recipient {
    /// The kind and the fingerprint; a recipient of age as it is.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.fingerprint(), self.algorithm) {
            (Some(fingerprint), Algorithm::Rsa) => write!(formatter, "ssh-rsa {fingerprint}"),
            (Some(fingerprint), _) => write!(formatter, "ssh-ed25519 {fingerprint}"),
            (None, _) => formatter.write_str(&self.text),
        }
    }
}

/// Reads the lines of a `.pub` file or of an address such as that of a host of repositories: keys that can be sealed to, and
/// why others cannot. Blank lines and comments are passed over.
pub fn parse_list(text: &str) -> (Vec<Recipient>, Vec<Rejection>) {
    let mut found: Vec<Recipient> = Vec::new();
    let mut rejected = Vec::new();
    // A private key has many lines, and one answer is enough.
    if let Err(private) = refuse_private(text).and_then(|()| refuse_foreign(text)) {
        return (found, vec![private]);
    }
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match Recipient::parse(line) {
            Ok(recipient) if !found.contains(&recipient) => found.push(recipient),
            Ok(_) => {}
            Err(rejection) => rejected.push(rejection),
        }
    }
    (found, rejected)
}

fn refuse_private(text: &str) -> Result<(), Rejection> {
    let is_private = text.contains("PRIVATE KEY") || text.contains("PuTTY-User-Key-File");
    if is_private {
        return Err(Rejection::new(
            "this is a private key, which never leaves its machine",
            "give its public half, the file that ends in `.pub`; if the private key was sent to anybody, make a new one",
        ));
    }
    if text.to_ascii_uppercase().contains("AGE-SECRET-KEY-") || text.contains("AGE-PLUGIN-") {
        return Err(Rejection::new(
            "this is a private identity of age, which never leaves its machine",
            "give its recipient, `age1…`, which `nixstart env identity show` and `age-keygen -y` print",
        ));
    }
    Ok(())
}

/// Public keys in forms that are not those of OpenSSH.
fn refuse_foreign(text: &str) -> Result<(), Rejection> {
    let text = text.trim_start();
    if text.starts_with("---- BEGIN SSH2 PUBLIC KEY") || text.starts_with("-----BEGIN PUBLIC KEY") {
        let hint = "`ssh-keygen -i -f FILE` turns it into one (`-m PKCS8` for a PEM file)";
        return Err(Rejection::new("this is a public key, but not in the form of one line that OpenSSH uses", hint));
    }
    if text.starts_with("-----BEGIN PGP") {
        return Err(Rejection::new("this is a key of OpenPGP, which age does not know", MAKE_ONE));
    }
    Ok(())
}

/// A key of SSH that age cannot use.
fn unusable(algorithm: &str) -> Rejection {
    let why = match algorithm {
        name if name.contains("-cert-") => "it is a certificate, and nothing can be sealed to one".to_owned(),
        name if name.starts_with("sk-") => {
            format!("it is a `{name}` key, which lives in hardware that signs and cannot decrypt")
        }
        name if name.starts_with("ecdsa-") => format!("it is an ECDSA key (`{name}`), which age cannot seal to"),
        "ssh-dss" => "it is a DSA key, which is too weak for anything".to_owned(),
        name => format!("age cannot seal to `{name}` keys"),
    };
    Rejection::new(why, MAKE_ONE)
}

/// Refuses a key of RSA that is weak, or too large for some ages. The blob is three fields: name, exponent, modulus.
fn check_size(blob: &[u8]) -> Result<(), Rejection> {
    let modulus = fields(blob).nth(2).unwrap_or_default();
    let significant: &[u8] = match modulus {
        [0, rest @ ..] => rest,
        all => all,
    };
    let unused = significant.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = (significant.len() * 8).saturating_sub(unused);
    match bits {
        0 => Err(Rejection::new("it is cut off", "paste the one line of a file such as ~/.ssh/id_rsa.pub")),
        1..FEWEST_BITS => Err(Rejection::new(format!("it has {bits} bits, and age wants {FEWEST_BITS} at least"), MAKE_ONE)),
        FEWEST_BITS..=MOST_BITS => Ok(()),
        _ => Err(Rejection::new(format!("it has {bits} bits, and {MOST_BITS} are the most that every age takes"), MAKE_ONE)),
    }
}

/// The fields of a blob, each behind its length.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (field, behind) = behind.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        rest = behind;
        Some(field)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// A key that only looks like one.
    pub(in crate::secret) fn ssh(algorithm: &str, parts: &[&[u8]]) -> String {
        let mut blob = Vec::new();
        for part in [algorithm.as_bytes()].iter().chain(parts) {
            blob.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            blob.extend_from_slice(part);
        }
        format!("{algorithm} {}", STANDARD.encode(blob))
    }

    fn rsa(bytes: usize) -> String {
        let mut modulus = vec![0xff; bytes];
        modulus.insert(0, 0);
        ssh("ssh-rsa", &[&[1, 0, 1], &modulus])
    }

    fn message(text: &str) -> String {
        Recipient::parse(text).unwrap_err().message
    }

    #[test]
    fn the_fingerprint_is_that_of_ssh_keygen() {
        let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";
        let key = Recipient::parse(line).unwrap();
        assert_eq!(key.fingerprint().unwrap(), "SHA256:PYX4o9UfGwCwG76hFcLAEkmMS0PtIBtV9MNmVgW16Oc");
        assert_eq!((key.as_str(), key.comment()), (line.strip_suffix(" alice@rust").unwrap(), "alice@rust"));
        assert_eq!(key.tag().unwrap(), "PYX4ow");
    }

    #[test]
    fn a_recipient_of_age_is_checked_by_its_checksum() {
        let whole = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
        assert_eq!(Recipient::parse(&format!(" {whole} # laptop")).unwrap().comment(), "laptop");
        assert_eq!(Recipient::parse(whole).unwrap().to_string(), whole);
        assert!(message(&whole.replace('7', "8")).contains("checksum"));
        assert!(message(whole.split_at(40).0).contains("cut off"));
        assert!(message("age1pq1abc").contains("post-quantum"));
        assert!(message("age1yubikey1abc").contains("hardware"));
    }

    #[test]
    fn what_age_cannot_use_is_named() {
        assert!(message(&ssh("ecdsa-sha2-nistp256", &[b"nistp256", &[4; 65]])).contains("ECDSA"));
        assert!(message(&ssh("sk-ssh-ed25519@openssh.com", &[&[7; 32], b"ssh:"])).contains("hardware"));
        assert!(message(&ssh("ssh-dss", &[&[7; 32]])).contains("DSA"));
        assert!(message(&ssh("ssh-ed25519-cert-v01@openssh.com", &[&[7; 32]])).contains("certificate"));
        assert!(message(&ssh("ssh-new", &[&[7; 32]])).contains("`ssh-new`"));
        assert!(message("").contains("no public key"));
    }

    #[test]
    fn private_keys_are_refused_and_not_repeated() {
        let pem = ["-----BEGIN OPENSSH PRIVATE ", "KEY-----\nb3BlbnNzaC1rZXk\n"].concat();
        let identity = ["AGE-SECRET-", "KEY-1QQQQ"].concat();
        for text in [pem.as_str(), "PuTTY-User-Key-File-3: ssh-ed25519", &identity, &identity.to_lowercase()] {
            let rejection = Recipient::parse(text).unwrap_err();
            assert!(rejection.message.contains("private"), "{rejection}");
            assert!(!rejection.to_string().contains("b3BlbnNz") && !rejection.to_string().contains("QQQQ"), "{rejection}");
            let (found, rejected) = parse_list(text);
            assert_eq!((found.len(), rejected.len()), (0, 1));
        }
        assert!(message("-----BEGIN PGP PUBLIC KEY BLOCK-----").contains("OpenPGP"));
        assert!(message("---- BEGIN SSH2 PUBLIC KEY ----").contains("one line"));
    }

    #[test]
    fn keys_of_rsa_have_a_size_that_every_age_takes() {
        assert!(message(&rsa(128)).contains("1024 bits"));
        assert!(message(&rsa(1024)).contains("8192 bits"));
        assert_eq!(Recipient::parse(&rsa(512)).unwrap().algorithm(), Algorithm::Rsa);
        assert!(message(&ssh("ssh-rsa", &[&[1, 0, 1]])).contains("cut off"));
    }

    #[test]
    fn a_list_keeps_what_can_be_used() {
        let ed25519 = ssh("ssh-ed25519", &[&[7; 32]]);
        let text = format!("# keys\n{ed25519}\n\n{ed25519} twice\n{}\n", ssh("ecdsa-sha2-nistp256", &[b"nistp256"]));
        let (found, rejected) = parse_list(&text);
        assert_eq!((found.len(), rejected.len()), (1, 1));
    }
}
