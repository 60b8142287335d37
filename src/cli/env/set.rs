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
    #[arg(value_name = "-", value_parser = ["-"])]
    dash: Option<String>,
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
    let site = Site::find(flags)?;
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
        let shown = if is_name(name) { name } else { "NAME" };
        return Err(Error::usage(
            "a secret is not taken from the command line: other users and the shell's history see it there",
        )
        .hint(format!("leave the value out and type it when you are asked: `nixstart env set {shown}`"))
        .hint("or declare the variable with `sensitive = false` when it is no secret"));
    }
    Ok((name, Origin::Argument(value.to_owned())))
}

/// A name that only some programs read is no name, unless the file has it already.
fn refuse_odd_name(key: &str, site: &Site) -> Result<()> {
    if is_name(key) || site.read()?.document().find(key).is_some() {
        return Ok(());
    }
    let shown = if key.chars().count() > 40 { "what was given".to_owned() } else { format!("`{key}`") };
    Err(Error::usage(format!("{shown} is no name of a variable: letters, digits and `_`, and no digit in front"))
        .hint("choose a name such as `API_TOKEN`"))
}
