//! `nixstart env get`: one value on standard output, for a person who asks for it or a program.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Flags;
use super::site::Site;
use crate::cli::Session;
use crate::error::{Error, Result, did_you_mean};
use crate::facts::secrets::format::shown_name;
use crate::ui::Ui;

/// Print the value of a variable
///
/// A secret is not printed on a terminal unless you say so with `--reveal`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the variable
    key: String,
    /// Print it on a terminal, too
    #[arg(long)]
    reveal: bool,
    /// Print no line end after it
    #[arg(short = 'n', long)]
    no_newline: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let key = args.key.as_str();
    let value = effective(session, &site, key)?;
    if Ui::shows_data() && !args.reveal && site.is_sensitive(key) {
        return Err(Error::refused(format!("{key} is a secret and is not printed on a terminal"))
            .hint("show it all the same with `--reveal`")
            .hint(format!("or give it to a program: `{}`", site.command("exec -- PROGRAM"))));
    }
    if flags.json {
        return session.print_json(&json!({ "schema": 1, "key": key, "value": value.expose_secret() }));
    }
    let end = if args.no_newline { "" } else { "\n" };
    session.ui.bytes(&[value.expose_secret().as_bytes(), end.as_bytes()].concat())?;
    Ok(())
}

/// The value that a program of the project sees: of the first file that has it, else the declared default.
fn effective(session: &mut Session, site: &Site, key: &str) -> Result<SecretString> {
    let mut keys = Vec::new();
    for path in site.layers() {
        let document = site.read_to_use(&path, session)?;
        if let Some(found) = document.find(key) {
            return Ok(found.value.clone());
        }
        keys.extend(document.assignments().iter().map(|found| found.key.clone()));
    }
    let default = site.spec(key).and_then(|spec| spec.default.clone());
    default.map(SecretString::from).ok_or_else(|| not_there(key, site, keys.iter().map(String::as_str)))
}

/// A variable that is not in the file. What was typed in the place of a name may be a value.
pub(super) fn not_there<'a>(key: &str, site: &'a Site, known: impl Iterator<Item = &'a str>) -> Error {
    let declared = site.declarations.specs.iter().map(|spec| spec.name.as_str());
    let name = shown_name(key).map_or_else(|| "of that name".to_owned(), |key| format!("`{key}`"));
    let error = Error::failed(format!("`{}` has no variable {name}", site.shown()));
    let holds = |path: &camino::Utf8PathBuf| site.read_beside(path).is_ok_and(|file| file.document().find(key).is_some());
    if let Some(other) = site.layers().into_iter().find(holds) {
        let other = crate::host::paths::shown(&other);
        return error.hint(format!("it is in `{other}`: name that file with `--file {other}`"));
    }
    if site.spec(key).is_some() {
        return error.hint(format!("it is declared; set it with `{}`", site.command(&format!("set {key}"))));
    }
    let hint = did_you_mean(key, known.chain(declared));
    error.hint(hint.unwrap_or_else(|| format!("`{}` shows the variables", site.command("list"))))
}
