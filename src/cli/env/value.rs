//! Where the value of one variable comes from: a hidden prompt, standard input, a file, chance. Never argv, for a secret.

use std::io::{IsTerminal, Read};

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};

use super::site::Site;
use crate::cli::Session;
use crate::dotenv::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{clock, paths, random};
use crate::plan::SecretSource;
use crate::secret::generate::{generate, how_to_make, wanted_bytes};
use crate::secret::schema::Generate;
use crate::secret::{self, Accepted, SecretSpec};
use crate::ui::Ui;

/// More than this is no value of a variable.
const MOST_BYTES: u64 = 1024 * 1024;
/// How a value is made of which nothing is known.
const ANY: Generate = Generate::Base64 { bytes: 32 };

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// Somebody is asked.
    Prompt,
    /// Standard input.
    StandardInput,
    /// A file.
    File(Utf8PathBuf),
    /// Chance.
    Generated,
    /// The command line; for what is no secret.
    Argument(String),
}

/// What is done about a value that does not fit its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is refused.
    Refuse,
    /// It is taken, with a warning.
    Accept,
}

impl Doubt {
    /// What `--force` says.
    pub(super) const fn of(is_forced: bool) -> Self {
        if is_forced { Self::Accept } else { Self::Refuse }
    }
}

/// Gets the value of a variable and checks it. `None` is a person who gave none.
pub(super) fn obtain(
    session: &mut Session,
    site: &Site,
    key: &str,
    (origin, doubt): (&Origin, Doubt),
) -> Result<Option<(SecretString, SecretSource)>> {
    let spec = site.spec(key);
    let (value, source) = match origin {
        Origin::Prompt => {
            let Some(value) = ask(session, site, key)? else { return Ok(None) };
            warn(session, site, key, &value);
            return Ok(Some((value, SecretSource::Entered)));
        }
        Origin::Generated => {
            let how = how(spec, key, doubt)?;
            (generate(&how, &random::bytes(wanted_bytes(&how))?).into(), SecretSource::Generated { how })
        }
        Origin::StandardInput => {
            if Ui::is_interactive() {
                session.ui.question("Type the value; it is shown as you type. Ctrl-D on a line of its own ends it");
            }
            (text(std::io::stdin().lock(), "standard input")?, SecretSource::StandardInput)
        }
        Origin::File(path) => (text(open(path, "value")?, &format!("`{path}`"))?, SecretSource::Entered),
        Origin::Argument(value) => (value.clone().into(), SecretSource::Entered),
    };
    let value = checked(session, spec, key, value, doubt)?;
    warn(session, site, key, &value);
    Ok(Some((value, source)))
}

/// How a value is made at random. What others give out cannot be made, unless somebody insists.
fn how(spec: Option<&SecretSpec>, key: &str, doubt: Doubt) -> Result<Generate> {
    let how = spec.map_or(Some(ANY), how_to_make).or((doubt == Doubt::Accept).then_some(ANY));
    how.ok_or_else(|| {
        let kind = spec.map(|spec| spec.kind.name()).unwrap_or_default();
        Error::failed(format!("{key} cannot be made at random: it is declared as `{kind}`, and its declaration does not say how"))
            .hint("leave `--generate` out, and type the value that you were given")
    })
}

/// Says what is odd about a value for the profile.
fn warn(session: &mut Session, site: &Site, key: &str, value: &SecretString) {
    let odd = site.spec(key).and_then(|spec| secret::check::warning_in(&site.profile, spec, value.expose_secret()));
    if let Some(warning) = odd {
        session.ui.warn(&format!("{key}: {warning}"));
    }
}

/// A FIFO is a file that a value may come from (`<(command)`); a directory is not.
pub(super) fn open(path: &Utf8Path, what: &str) -> Result<std::fs::File> {
    let open = fs_err::File::open(path);
    let file = open.map_err(|error| {
        Error::failed(format!("cannot read `{}`: {}", paths::shown(path), paths::reason(&error)))
            .hint(format!("name the file that holds the {what}"))
    })?;
    if file.metadata()?.is_dir() {
        return Err(Error::failed(format!("`{path}` is a directory")).hint(format!("name the file that holds the {what}")));
    }
    Ok(file.into_parts().0)
}

/// Reads a text without the line end that programs add to it.
fn text(from: impl Read, name: &str) -> Result<SecretString> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::failed(format!("{name} has more than 1 MiB, so it is no value of a variable")));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        Error::refused(format!("{name} is no UTF-8 text (byte {})", error.utf8_error().valid_up_to() + 1))
            .hint("store its base64 form and decode it in the program")
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text.into())
}

/// A value as it is written: as it is when it fits its declaration, else cleaned up when that makes it fit.
pub(super) fn checked(
    session: &mut Session,
    spec: Option<&SecretSpec>,
    key: &str,
    value: SecretString,
    doubt: Doubt,
) -> Result<SecretString> {
    let Some(spec) = spec else { return Ok(value) };
    if value.expose_secret().is_empty() {
        return Ok(value);
    }
    match secret::check::check_as_it_is(spec, value.expose_secret(), clock::now_milliseconds()) {
        Ok(accepted) => {
            say(session, key, &accepted);
            Ok(accepted.into_value())
        }
        Err(rejection) if doubt == Doubt::Accept => {
            session.ui.warn(&format!("{key}: {}; it is taken all the same", rejection.message));
            Ok(value)
        }
        Err(rejection) => Err(Error::failed(format!("the value of {key} is not accepted: {}", rejection.message))
            .hint(rejection.hint)
            .hint("or take it all the same with `--force`")),
    }
}

fn say(session: &mut Session, key: &str, accepted: &Accepted) {
    accepted.notes.iter().for_each(|note| session.ui.say(&format!("{key}: {note}")));
    accepted.warnings.iter().for_each(|warning| session.ui.warn(&format!("{key}: {warning}")));
}

fn ask(session: &mut Session, site: &Site, key: &str) -> Result<Option<SecretString>> {
    if !session.ask.is_interactive() {
        let why = if std::io::stdin().is_terminal() { "nothing may be asked" } else { "there is no terminal to ask on" };
        let error = Error::new(ErrorKind::NeedsInput, format!("{key} needs a value, and {why}"))
            .hint("give it on standard input: the same command with `--stdin`");
        let can_be_made = site.spec(key).is_none_or(|spec| how_to_make(spec).is_some());
        return Err(if can_be_made { error.hint("or let one be made with `--generate`") } else { error });
    }
    let undeclared = SecretSpec::undeclared(key);
    let spec = site.spec(key).unwrap_or(&undeclared);
    crate::cli::secrets::introduce(session, spec);
    let (writer, now) = (Writer::new(site.consumers.iter().copied()), clock::now_milliseconds());
    session.ask.secret(&mut session.ui, spec, &|input| secret::check(spec, input, (&writer, now)))
}

/// Names with commas between them.
pub(super) fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
