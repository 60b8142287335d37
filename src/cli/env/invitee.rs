//! Who `--to` means: a public key, a file with one, or the keys that a host of repositories has of somebody.

use std::io::Read;
use std::time::Duration;

use camino::Utf8Path;

use crate::cli::Session;
use crate::env_vars;
use crate::error::{Error, Result};
use crate::host::http::{self, HttpError, Request, Trust};
use crate::host::{clock, paths};
use crate::secret::Rejection;
use crate::secret::recipient::{Recipient, parse_list};
use crate::secret::recipients::{Member, parse_name};

/// No list of public keys is larger.
const MOST_BYTES: u64 = 256 * 1024;
const DEADLINE: Duration = Duration::from_secs(20);
const GITHUB: &str = "https://github.com";

/// Finds the keys of somebody and what to call them. `name` is what `--name` says.
pub(super) fn find(session: &mut Session, to: &str, name: Option<&str>) -> Result<Member> {
    let (keys, rejected, own_name) = match to.strip_prefix("github:") {
        Some(user) => {
            let (keys, rejected) = parse_list(&fetch(user)?);
            session.ui.note(&format!(
                "these keys are what GitHub says of `{user}` at this moment; compare the fingerprints with their owner"
            ));
            (keys, rejected, Some(user.to_owned()))
        }
        None if looks_like_key(to) => {
            let (keys, rejected) = parse_list(to);
            (keys, rejected, None)
        }
        None => {
            let (keys, rejected) = parse_list(&read(Utf8Path::new(to))?);
            let stem = Utf8Path::new(to).file_stem().filter(|stem| !stem.starts_with("id_")).map(str::to_owned);
            (keys, rejected, stem)
        }
    };
    let Some(first) = keys.first() else { return Err(no_key(to, &rejected)) };
    let own_name = own_name.or_else(|| name_in_comment(first));
    for rejection in &rejected {
        session.ui.warn(&format!("a key is left out: {}", rejection.message));
    }
    let name = match (name, &own_name) {
        (Some(name), _) => parse_name(name).map_err(Error::usage)?,
        (None, Some(name)) => parse_name(name).map_err(|why| Error::usage(why).hint("give a name with `--name`"))?,
        (None, None) => {
            return Err(Error::usage("the key does not say whose it is").hint("say it with `--name`, such as `--name alice`"));
        }
    };
    let added = clock::timestamp().split('T').next().unwrap_or_default().to_owned();
    Ok(Member { name: name.to_owned(), keys, added })
}

/// Whether a text is a key and no path. A private one is taken for a key, too, so that it is refused as what it is.
fn looks_like_key(text: &str) -> bool {
    let upper = text.trim_start().to_ascii_uppercase();
    ["SSH-", "ECDSA-", "SK-", "AGE1", "AGE-SECRET-KEY-", "AGE-PLUGIN-", "----", "PUTTY-"]
        .iter()
        .any(|start| upper.starts_with(start))
}

fn name_in_comment(key: &Recipient) -> Option<String> {
    let word = key.comment().split(['@', ' ']).next().unwrap_or_default();
    parse_name(word).ok().map(str::to_owned)
}

fn no_key(to: &str, rejected: &[Rejection]) -> Error {
    // What was given may be a private key.
    let whose = if looks_like_key(to) { "the key".to_owned() } else { format!("`{to}`") };
    match rejected {
        [] => Error::failed(format!("{whose} has no public key")).hint("give the file that ends in `.pub`"),
        [first, ..] => {
            let is_private = first.message.contains("private");
            let make = if is_private { Error::refused } else { Error::failed };
            make(format!("nothing can be sealed to {whose}: {}", first.message)).hint(first.hint.clone())
        }
    }
}

fn read(path: &Utf8Path) -> Result<String> {
    let shown = paths::shown(path);
    let metadata = fs_err::metadata(path)
        .map_err(|error| Error::failed(format!("cannot read `{shown}`: {}", paths::reason(&error))))
        .map_err(|error| error.hint("give a public key, a file with one, `github:NAME` or a recipient `age1…`"))?;
    if !metadata.is_file() {
        return Err(Error::failed(format!("`{shown}` is no plain file")).hint("give the file that ends in `.pub`"));
    }
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::failed(format!("`{shown}` is too large for public keys")).hint("give the file that ends in `.pub`"));
    }
    String::from_utf8(bytes).map_err(|_not_utf8| {
        Error::failed(format!("`{shown}` is no text, so it has no public key")).hint("give the file that ends in `.pub`")
    })
}

/// The keys that a user of GitHub logs in with. Anybody can ask for them.
fn fetch(user: &str) -> Result<String> {
    let is_user = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    if user.is_empty() || user.len() > 39 || !user.chars().all(is_user) {
        return Err(
            Error::usage("that is no name of a user of GitHub").hint("give it as `github:NAME`, as in the address of their page")
        );
    }
    let own = env_vars::get(env_vars::GITHUB_URL);
    let trust = Trust { allow_loopback_http: own.is_some(), ..Trust::from_environment() };
    let base = own.as_deref().unwrap_or(GITHUB).trim_end_matches('/');
    let request = Request {
        deadline: DEADLINE,
        longest_silence: DEADLINE,
        ..Request::new(&format!("{base}/{user}.keys"), MOST_BYTES, &trust)
    };
    let body = http::get(&request).map_err(|error| match error {
        HttpError::Status { status: 404, .. } => Error::failed(format!("GitHub knows nobody called `{user}`"))
            .hint("ask for the spelling, or give the key itself with `--to`"),
        other => Error::from(other).hint("or give the key itself with `--to FILE.pub`"),
    })?;
    String::from_utf8(body.bytes).map_err(|_not_utf8| Error::failed(format!("what GitHub says of `{user}` is no text")))
}
