//! `nixstart env diff`: which variables two files have, and which of them differ; no values unless asked for.

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Flags;
use super::site::Site;
use crate::cli::Session;
use crate::dotenv::compare::{Standing, compare};
use crate::dotenv::{Entry, entries};
use crate::error::{Error, ErrorKind, Result};
use crate::host::paths;

/// Compare the variables of two files, or of the file and what is declared
///
/// Ends with exit code 3 when they differ. Against the declarations only the names count.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The first file; the `.env` when left out
    first: Option<Utf8PathBuf>,
    /// The second file; the declarations of the project when left out
    second: Option<Utf8PathBuf>,
    /// Show the values
    #[arg(long)]
    reveal: bool,
}

/// What declares variables when no file does.
const SOURCE: &str = "the source";

/// One side of the comparison.
struct Side {
    shown: String,
    entries: Vec<Entry>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find_with_source(flags, session)?;
    let first = match &args.first {
        Some(path) => read(&site, &paths::absolute(path)?)?,
        None => read(&site, &site.path)?,
    };
    let (second, counts_values) = match &args.second {
        Some(path) => (read(&site, &paths::absolute(path)?)?, true),
        None => (declared(&site, &first)?, false),
    };
    let entries = first.entries.iter().chain(&second.entries);
    let shown = entries.map(|entry| (entry.key.as_str(), site.shown_key(&entry.key, entry.value.expose_secret())));
    let hidden: HashMap<&str, &str> = shown.filter(|(key, shown)| !args.reveal && key != shown).collect();
    let row = |(key, standing)| Row { key, shown_key: hidden.get(key).copied().unwrap_or(key), standing };
    let rows: Vec<Row<'_>> = compare(&first.entries, &second.entries).into_iter().map(row).collect();
    let differences = rows.iter().filter(|row| row.standing != Standing::Same).count();
    if flags.json {
        let rows: Vec<Value> = rows.iter().map(|row| to_json(row, (&first, &second), args.reveal && counts_values)).collect();
        session.print_json(&json!({
            "schema": 1, "first": first.shown, "second": second.shown, "differences": differences, "variables": rows,
        }))?;
    } else {
        for row in rows.iter().filter(|row| row.standing != Standing::Same) {
            print(session, row, (&first, &second), args.reveal && counts_values)?;
        }
    }
    let (one, other) = (first.named(), second.named());
    match differences {
        0 => {
            session.ui.say(&format!("{one} and {other} have the same {} variables", rows.len()));
            Ok(())
        }
        1 => Err(Error::new(ErrorKind::Findings, format!("{one} and {other} differ in one variable"))),
        many => Err(Error::new(ErrorKind::Findings, format!("{one} and {other} differ in {many} variables"))),
    }
}

/// A variable of either side.
struct Row<'a> {
    key: &'a str,
    /// The name as it is shown.
    shown_key: &'a str,
    standing: Standing,
}

impl Side {
    fn value(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.expose_secret())
    }

    fn named(&self) -> String {
        if self.shown == SOURCE { SOURCE.to_owned() } else { format!("`{}`", self.shown) }
    }
}

fn read(site: &Site, path: &Utf8Path) -> Result<Side> {
    let shown = paths::shown(path);
    let file = site.read_beside(path)?;
    if !file.exists() {
        return Err(Error::failed(format!("there is no `{shown}`")).hint("name the files to compare"));
    }
    let document = file.document();
    if let Some(fault) = document.fault() {
        return Err(Error::failed(format!("`{shown}` is not compared: {fault}"))
            .hint(format!("mend it by hand; `nixstart env --file {shown} check` names each fault")));
    }
    Ok(Side { shown, entries: entries(&document) })
}

/// The declared variables, each with the value of the other side: only names count.
fn declared(site: &Site, other: &Side) -> Result<Side> {
    let specs = &site.declarations.specs;
    if specs.is_empty() {
        return Err(Error::failed("nothing is declared to compare with")
            .hint("name a second file, or declare variables in `secretspec.toml` or `.env.example`"));
    }
    let value = |key: &str| other.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.clone());
    let entries =
        specs.iter().map(|spec| Entry { key: spec.name.clone(), value: value(&spec.name).unwrap_or_default() }).collect();
    Ok(Side { shown: site.declarations.files.first().cloned().unwrap_or_else(|| SOURCE.to_owned()), entries })
}

fn print(session: &mut Session, row: &Row<'_>, (first, second): (&Side, &Side), reveal: bool) -> Result<()> {
    let key = row.shown_key;
    let what = match row.standing {
        Standing::OnlyFirst => format!("- {key}  only in {}", first.shown),
        Standing::OnlySecond => format!("+ {key}  only in {}", second.shown),
        Standing::Different => format!("! {key}  different"),
        Standing::Same => return Ok(()),
    };
    let mut text = what + "\n";
    for side in [first, second].into_iter().filter(|_| reveal) {
        if let Some(value) = side.value(row.key) {
            text += &format!("    {}: {}\n", side.shown, crate::ui::visible(value));
        }
    }
    Ok(session.ui.data(&text)?)
}

fn to_json(row: &Row<'_>, (first, second): (&Side, &Side), reveal: bool) -> Value {
    let mut fields = json!({ "key": row.shown_key, "state": row.standing.word() });
    if let Some(fields) = fields.as_object_mut().filter(|_| reveal) {
        fields.insert("first".into(), first.value(row.key).into());
        fields.insert("second".into(), second.value(row.key).into());
    }
    fields
}
