//! `nixstart env import`: variables of another file or program. What is there already stays unless somebody says otherwise.

use std::collections::BTreeMap;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Flags;
use super::change::{Consent, change};
use super::site::Site;
use super::value::{self, Doubt};
use crate::ask::Asked;
use crate::cli::Session;
use crate::dotenv::edit::is_name;
use crate::dotenv::import::{Dialect, Import, LIMIT, import};
use crate::dotenv::{Document, Entry};
use crate::error::{Error, ErrorKind, Result};
use crate::host::paths;
use crate::host::vault::Vault;
use crate::plan::{SecretChange, SecretEntry, SecretSource};
use crate::question::{Answer, Choice, Question};
use crate::ui::Ui;

/// Take variables from a file or from standard input
///
/// Shows which variables come, by name, and writes them into the `.env`; every other byte stays. One that has another value
/// already is asked about.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    from: Utf8PathBuf,
    /// How the file is to be understood
    #[arg(long, value_enum, default_value_t = Dialect::Auto, value_name = "DIALECT")]
    dialect: Dialect,
    /// Keep the value that is there where they differ
    #[arg(long, group = "policy")]
    keep: bool,
    /// Take the new value where they differ
    #[arg(long, group = "policy")]
    overwrite: bool,
    /// Ask where they differ; this is what happens on a terminal anyway
    #[arg(long, group = "policy")]
    ask: bool,
    /// Take values that do not fit their declarations
    #[arg(long)]
    force: bool,
}

/// What becomes of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Added,
    Same,
    Overwritten,
    Kept,
    /// It has another value, and nobody has decided yet.
    Conflict,
}

impl Fate {
    const fn describe(self) -> &'static str {
        match self {
            Self::Added => "+ added",
            Self::Same => "= the same",
            Self::Overwritten => "! overwritten",
            Self::Kept => "! different, kept as it is",
            Self::Conflict => "! different",
        }
    }

    const fn is_set(self) -> bool {
        matches!(self, Self::Added | Self::Overwritten)
    }
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let file = site.read()?;
    // What cannot be written is said before anybody pastes a secret.
    file.refuse_to_write()?;
    let found = read(args, session)?;
    let document = file.document();
    refuse_odd_names(&found.entries, &document, args)?;
    let mut rows = decide(args, &document, &found.entries);
    preview(session, &rows);
    settle(args, flags, session, &mut rows)?;
    let wanted: Vec<&Entry> = rows.into_iter().filter(|(_, fate)| fate.is_set()).map(|(entry, _)| entry).collect();
    if wanted.is_empty() {
        return nothing_to_do(&site, flags, session);
    }
    let (changes, vault) = checked(args, &site, session, &wanted)?;
    let is_seen = session.ask.is_interactive() || flags.json || flags.dry_run;
    change(session, &site, flags, (changes, vault), if is_seen { Consent::Asked } else { Consent::Given }).map(drop)
}

fn is_standard_input(args: &Args) -> bool {
    args.from == "-"
}

fn shown(args: &Args) -> String {
    if is_standard_input(args) { "standard input".to_owned() } else { format!("`{}`", paths::shown(&args.from)) }
}

fn read(args: &Args, session: &mut Session) -> Result<Import> {
    let bytes = if is_standard_input(args) {
        if Ui::is_interactive() {
            session.ui.question("Paste the variables; they are shown as you paste. Ctrl-D on a line of its own ends them");
        }
        bytes(std::io::stdin().lock())?
    } else {
        bytes(value::open(&args.from, "variables")?)?
    };
    let found = import(&bytes, args.dialect).map_err(|error| {
        let way_out = error.way_out().map(str::to_owned);
        Error::failed(format!("{} is not imported: {error}", shown(args))).maybe_hint(way_out)
    })?;
    for line in &found.unread {
        session.ui.warn(&format!("line {line} of {} is no variable and is left out", shown(args)));
    }
    if found.entries.is_empty() {
        return Err(Error::failed(format!("{} has no variables", shown(args)))
            .hint("say how it is to be understood with `--dialect`; `nixstart env import --help` lists the dialects"));
    }
    Ok(found)
}

/// The bytes, and one more than the limit at most.
fn bytes(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refuse_odd_names(entries: &[Entry], document: &Document, args: &Args) -> Result<()> {
    let is_odd = |entry: &&Entry| !is_name(&entry.key) && document.find(&entry.key).is_none();
    let odd = value::joined(entries.iter().filter(is_odd).map(|entry| entry.key.as_str()));
    if odd.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!("{} has names that only some programs know: {odd}", shown(args)))
        .hint("use letters, digits and `_` in names, and no digit in front"))
}

/// What becomes of each variable, as far as the flags say it.
fn decide<'a>(args: &Args, document: &Document, entries: &'a [Entry]) -> Vec<(&'a Entry, Fate)> {
    let current: BTreeMap<&str, &SecretString> =
        document.assignments().iter().map(|assignment| (assignment.key.as_str(), &assignment.value)).collect();
    let fate = |entry: &Entry| match current.get(entry.key.as_str()).map(|value| value.expose_secret()) {
        Some(value) if value == entry.value.expose_secret() => Fate::Same,
        None | Some("") => Fate::Added,
        Some(_) if args.keep => Fate::Kept,
        Some(_) if args.overwrite => Fate::Overwritten,
        Some(_) => Fate::Conflict,
    };
    entries.iter().map(|entry| (entry, fate(entry))).collect()
}

fn preview(session: &mut Session, rows: &[(&Entry, Fate)]) {
    let width = rows.iter().map(|(entry, _)| entry.key.chars().count()).max().unwrap_or_default();
    for (entry, fate) in rows {
        session.ui.say(&format!("  {:width$}  {}", entry.key, fate.describe()));
    }
}

/// Asks about each variable that has another value.
fn settle(args: &Args, flags: &Flags, session: &mut Session, rows: &mut [(&Entry, Fate)]) -> Result<()> {
    let conflicts: Vec<String> =
        rows.iter().filter(|(_, fate)| *fate == Fate::Conflict).map(|(entry, _)| entry.key.clone()).collect();
    if conflicts.is_empty() || (flags.dry_run && !session.ask.is_interactive()) {
        return Ok(());
    }
    if !session.ask.is_interactive() {
        let names = value::joined(conflicts.iter().map(String::as_str));
        let message = format!("other values are there already for {names}, and there is no terminal to ask on");
        return Err(Error::new(ErrorKind::NeedsInput, message)
            .hint("keep the values that are there with `--keep`, or take those of the file with `--overwrite`")
            .hint(format!("nothing was changed; {} was only read", shown(args))));
    }
    let mut for_all = None;
    for (entry, fate) in rows.iter_mut().filter(|(_, fate)| *fate == Fate::Conflict) {
        if let Some(decided) = for_all {
            *fate = decided;
            continue;
        }
        let (decided, is_for_all) = ask(session, &entry.key)?;
        for_all = is_for_all.then_some(decided);
        *fate = decided;
    }
    Ok(())
}

fn ask(session: &mut Session, key: &str) -> Result<(Fate, bool)> {
    let choices = [
        ("keep", "keep the value that is there"),
        ("overwrite", "take the new value"),
        ("keep-all", "keep this one and all others that differ"),
        ("overwrite-all", "take this one and all others that differ"),
    ];
    let choice = |(value, label): (&str, &str)| Choice { value: value.to_owned(), label: Some(label.to_owned()), help: None };
    let question = Question::select("conflict", &format!("{key} has another value"), choices.map(choice).to_vec());
    let default = Answer::Text("keep".to_owned());
    let asked = Asked { question: &question, default: Some(&default), flag: "--keep or --overwrite" };
    let answer = session.ask.ask(&mut session.ui, asked)?.display();
    let fate = if answer.starts_with("overwrite") { Fate::Overwritten } else { Fate::Kept };
    Ok((fate, answer.ends_with("-all")))
}

/// The changes with their values, each checked against its declaration; all that do not fit are named at once.
fn checked(args: &Args, site: &Site, session: &mut Session, wanted: &[&Entry]) -> Result<(Vec<SecretChange>, Vault)> {
    let doubt = if args.force { Doubt::Accept } else { Doubt::Refuse };
    let (mut vault, mut changes, mut refused) = (Vault::default(), Vec::new(), Vec::new());
    for entry in wanted {
        match value::checked(session, site.spec(&entry.key), &entry.key, entry.value.clone(), doubt) {
            Ok(value) => vault.insert(&entry.key, value),
            Err(error) => refused.push(error),
        }
        let source = source(&args.from)?;
        changes.push(SecretChange::Set(SecretEntry { name: entry.key.clone(), comment: String::new(), source }));
    }
    let mut refused = refused.into_iter();
    match refused.next() {
        None => Ok((changes, vault)),
        Some(first) => Err(refused.fold(first, |error, other| error.hint(format!("also: {other}")))),
    }
}

fn source(from: &Utf8Path) -> Result<SecretSource> {
    if from == "-" { Ok(SecretSource::StandardInput) } else { Ok(SecretSource::File { path: paths::absolute(from)? }) }
}

fn nothing_to_do(site: &Site, flags: &Flags, session: &mut Session) -> Result<()> {
    session.ui.say(&format!("`{}` was not touched", site.shown()));
    if flags.json {
        session.print_json(&serde_json::json!({ "schema": 1, "plan": Value::Null, "applied": false, "receipt": Value::Null }))?;
    }
    Ok(())
}
