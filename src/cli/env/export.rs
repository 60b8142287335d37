//! `nixstart env export`: the variables in the words of another program, on standard output.

use secrecy::ExposeSecret;
use serde_json::json;

use super::Flags;
use super::get::not_there;
use super::site::Site;
use crate::cli::Session;
use crate::dotenv::export::{ExportError, Format, Options, export};
use crate::dotenv::{Entry, Writer, entries};
use crate::error::{Error, Result};
use crate::host::paths;
use crate::ui::Ui;

/// Print the variables for another program
///
/// Each format has its own quoting. A variable that a format cannot carry is refused by name, and then nothing is printed.
/// Secrets are not printed on a terminal unless you say so with `--reveal`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The variables; all of them when left out
    keys: Vec<String>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Dotenv, value_name = "FORMAT")]
    format: Format,
    /// Name of the Kubernetes secret; that of the app or the project when left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print on a terminal, too
    #[arg(long)]
    reveal: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let entries = chosen(&site, &args.keys)?;
    if Ui::shows_data() && !args.reveal && entries.iter().any(|entry| site.is_sensitive(&entry.key)) {
        return Err(Error::refused("these variables are secrets and are not printed on a terminal")
            .hint("show them all the same with `--reveal`")
            .hint("or send them to a file that only you can read: `(umask 077; nixstart env export > FILE)`"));
    }
    let name = args.name.clone().unwrap_or_else(|| default_name(&site));
    let writer = Writer::new(site.consumers.iter().copied());
    let text = export(&entries, args.format, &Options { name: &name, writer: &writer }).map_err(explained)?;
    let text = text.expose_secret();
    if flags.json {
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        return session.print_json(&json!({
            "schema": 1, "file": site.path, "format": word(args.format), "variables": keys, "text": text,
        }));
    }
    session.ui.bytes(text.as_bytes())?;
    Ok(())
}

/// What programs of the project see: each variable of the first file that has it.
fn chosen(site: &Site, keys: &[String]) -> Result<Vec<Entry>> {
    let all = effective(site)?;
    if keys.is_empty() {
        return Ok(all);
    }
    let known = || all.iter().map(|entry| entry.key.as_str());
    if let Some(unknown) = keys.iter().find(|key| !known().any(|known| known == key.as_str())) {
        return Err(not_there(unknown, site, known()));
    }
    Ok(all.iter().filter(|entry| keys.contains(&entry.key)).cloned().collect())
}

fn effective(site: &Site) -> Result<Vec<Entry>> {
    let mut all: Vec<Entry> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut exists = false;
    for path in site.layers() {
        let file = site.read_beside(&path)?;
        exists |= file.exists();
        let document = file.document();
        if let Some(fault) = document.fault() {
            let shown = paths::shown(&path);
            return Err(Error::failed(format!("`{shown}` is not exported: {fault}"))
                .hint(format!("mend it by hand; `nixstart env --file {shown} check` names each fault")));
        }
        all.extend(entries(&document).into_iter().filter(|entry| seen.insert(entry.key.clone())));
    }
    if exists {
        return Ok(all);
    }
    Err(Error::failed(format!("there is no `{}`", site.shown())).hint("name the right file with `--file`"))
}

/// The app or the directory of the project, in the letters that Kubernetes allows.
fn default_name(site: &Site) -> String {
    let name = site.app.as_deref().or_else(|| site.directory.file_name()).unwrap_or_default();
    let dashed: String =
        name.to_lowercase().chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' }).collect();
    let name = dashed.trim_matches('-');
    if name.is_empty() { "env".to_owned() } else { name.to_owned() }
}

fn explained(error: ExportError) -> Error {
    let way_out = error.way_out();
    match error {
        ExportError::Name(_) => Error::usage(error.to_string()).hint(way_out),
        ExportError::Refused { .. } | ExportError::TooMuch => Error::refused(error.to_string()).hint(way_out),
    }
}

/// The name of a format on the command line.
fn word(format: Format) -> String {
    clap::ValueEnum::to_possible_value(&format).map(|value| value.get_name().to_owned()).unwrap_or_default()
}
