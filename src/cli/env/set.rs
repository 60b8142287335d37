//! `nixstart env set`: gives a variable a value; nothing else of the file changes.

use camino::Utf8PathBuf;

use super::Flags;
use super::change::{Consent, change};
use super::site::Site;
use super::value::{self, Doubt, Origin};
use crate::cli::Session;
use crate::cli::carry_out::Outcome;
use crate::dotenv::edit::is_name;
use crate::error::{Error, Result};
use crate::facts::secrets::format::shown_name;
use crate::host::vault::Vault;
use crate::plan::{SecretChange, SecretEntry};

/// Set a variable
///
/// Without a flag you are asked, and what you type is not shown. A secret is never taken from the command line, because
/// other users of the machine and the history of the shell see it there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the variable; `NAME=VALUE` for one that is declared not to be sensitive
    key: String,
    /// `-` reads the value from standard input
    #[arg(value_name = "-")]
    dash: Option<String>,
    /// What else was typed, so that we and not clap say what is wrong with it.
    #[arg(hide = true)]
    rest: Vec<String>,
    /// Read the value from standard input; one line end is taken off
    #[arg(long, group = "origin", conflicts_with = "dash")]
    stdin: bool,
    /// Read the value from a file; one line end is taken off
    #[arg(long, value_name = "FILE", group = "origin", conflicts_with = "dash")]
    from_file: Option<Utf8PathBuf>,
    /// Make a random value, as declared or 32 bytes in base64
    #[arg(long, group = "origin", conflicts_with = "dash")]
    generate: bool,
    /// Take a value that does not fit its declaration
    #[arg(long)]
    force: bool,
    /// Take a secret from the command line although others can see it there
    #[arg(long)]
    insecure_argv: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let (key, origin) = origin(args, &site)?;
    refuse_odd_name(key, &site)?;
    // What cannot be written is said before anybody types a value; a value that is there already can wait.
    if matches!(origin, Origin::Prompt) {
        site.read()?.refuse_to_write()?;
    }
    set(session, &site, flags, key, (&origin, Doubt::of(args.force))).map(drop)
}

/// Gives one variable a value; `None` when the person gives none.
pub(super) fn set(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    key: &str,
    given: (&Origin, Doubt),
) -> Result<Option<Outcome>> {
    let Some((value, source)) = value::obtain(session, site, key, given)? else {
        session.ui.say(&format!("{key} is left as it is"));
        return Ok(None);
    };
    let mut vault = Vault::default();
    vault.insert(key, value);
    let entry = SecretEntry { name: key.to_owned(), comment: String::new(), source };
    change(session, site, flags, (vec![SecretChange::Set(entry)], vault), Consent::Given).map(Some)
}

fn origin<'a>(args: &'a Args, site: &Site) -> Result<(&'a str, Origin)> {
    let key = args.key.as_str();
    if !args.rest.is_empty() || args.dash.as_ref().is_some_and(|dash| dash != "-") {
        return Err(second_word(key, site));
    }
    if args.stdin || args.dash.is_some() {
        return Ok((key, Origin::StandardInput));
    }
    if let Some(path) = &args.from_file {
        return Ok((key, Origin::File(path.clone())));
    }
    if args.generate {
        return Ok((key, Origin::Generated));
    }
    let Some((name, value)) = key.split_once('=') else { return Ok((key, Origin::Prompt)) };
    if !args.insecure_argv && site.is_sensitive(name) {
        return Err(exposed(name, site));
    }
    Ok((name, Origin::Argument(value.to_owned())))
}

/// A word behind the name is a value, whatever it looks like.
fn second_word(key: &str, site: &Site) -> Error {
    let name = key.split('=').next().unwrap_or(key);
    if site.is_sensitive(name) {
        return exposed(name, site);
    }
    Error::usage("a value on the command line is one word with its name")
        .hint(format!("`{}`", site.command(&format!("set {name}=VALUE"))))
}

fn exposed(name: &str, site: &Site) -> Error {
    let shown = shown_name(name).unwrap_or_else(|| "NAME".to_owned());
    Error::usage("a secret is not taken from the command line: other users and the shell's history see it there")
        .hint(format!("leave the value out and type it when you are asked: `{}`", site.command(&format!("set {shown}"))))
        .hint("or declare the variable with `sensitive = false` when it is no secret")
}

/// A name that only some programs read is no name, unless the file has it already. It may be a secret, so it is not repeated.
fn refuse_odd_name(key: &str, site: &Site) -> Result<()> {
    if is_name(key) || site.read()?.document().find(key).is_some() {
        return Ok(());
    }
    Err(Error::usage("what was given is no name of a variable: letters, digits and `_`, and no digit in front")
        .hint("choose a name such as `API_TOKEN`"))
}
