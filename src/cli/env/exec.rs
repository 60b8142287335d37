//! `nixstart env exec`: runs a program with the variables of the `.env`, in place or behind a redactor.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::site::Site;
use super::{Flags, get, value};
use crate::cli::Session;
use crate::dotenv::entries;
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::exec::handover::{Handover, Inherited, NotStarted};
use crate::host::exec::masked;
use crate::host::memory;
use crate::secret::declarations::Need;
use crate::secret::redactor::Redactor;
use crate::ui::redaction;

/// Run a program with the variables of the `.env`
///
/// The program takes nixstart's place: signals, input, output and the exit code are its own. Variables that are set already
/// win. Exit code 126 says that the program cannot be run, 127 that it is not there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Let the file win over variables that are set already
    #[arg(long = "override")]
    overrides: bool,
    /// Hand over these variables only, with commas between them
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "scope")]
    only: Vec<String>,
    /// Hand over only what is declared for this scope, and what is declared for every scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Hand over nothing else: of the other variables only PATH, HOME, USER, LOGNAME, SHELL, TERM, COLORTERM, LANG, `LC_ALL`, `LC_CTYPE`, TZ and TMPDIR
    #[arg(long)]
    clean: bool,
    /// Take the secrets out of what the program prints
    #[arg(long)]
    mask_output: bool,
    /// The program and its arguments, after `--`
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let inherited = if args.clean { Inherited::Basics } else { Inherited::Everything };
    let every = values(&site, session)?;
    let selected = select(args, &site, every.clone(), inherited)?;
    let secrets: Vec<(String, SecretString)> =
        every.iter().flat_map(|(name, value)| secrets(&site, inherited, name, value)).collect();
    redaction::keep_out(secrets.iter().cloned());
    let wins = |name: &str| !args.overrides && inherited.get(name).is_some();
    site.refuse_unread_declarations("the program was not started")?;
    refuse_missing(args, &site, &|name| {
        let of_file = selected.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let is_filled = of_file.is_some_and(|value| !value.expose_secret().is_empty());
        let is_set = inherited.get(name).is_some_and(|value| !value.is_empty());
        if wins(name) { is_set } else { is_filled || (of_file.is_none() && is_set) }
    })?;
    let variables: Vec<(String, SecretString)> = selected.into_iter().filter(|(name, _)| !wins(name)).collect();
    let names = variables.iter().map(|(name, value)| site.shown_key(name, value.expose_secret()));
    if flags.dry_run && flags.json {
        let names: Vec<&str> = names.collect();
        let program = args.command.first().map(|program| program.to_string_lossy());
        return session.print_json(&json!({ "schema": 1, "program": program, "variables": names, "started": false }));
    }
    if flags.dry_run {
        let names = value::joined(names);
        session.ui.say(&format!("the program would get {}", if names.is_empty() { "no variable of the file" } else { &names }));
        return Ok(());
    }
    let Some((program, arguments)) = args.command.split_first() else { return Err(Error::usage("no program is named")) };
    let handover = Handover { program, arguments, inherited, variables };
    let outcome = if args.mask_output { behind_redactor(&handover, &secrets) } else { Err(handover.replace()) };
    session.exit_code = outcome.unwrap_or_else(|NotStarted { error, exit_code }| {
        session.ui.error(&error);
        exit_code
    });
    Ok(())
}

fn behind_redactor(handover: &Handover<'_>, secrets: &[(String, SecretString)]) -> std::result::Result<u8, NotStarted> {
    let redactor = Redactor::new(secrets.iter().map(|(name, value)| (name.as_str(), value)));
    memory::protect();
    masked::run(handover, &Arc::new(redactor))
}

/// What every variable is to a program: of the first file that has it, else its declared default, which also counts where the
/// value is left empty.
fn values(site: &Site, session: &mut Session) -> Result<Vec<(String, SecretString)>> {
    let defaults = site.declarations.specs.iter().filter_map(|spec| Some((spec.name.as_str(), spec.default.as_deref()?)));
    let mut defaults: BTreeMap<&str, &str> = defaults.collect();
    let mut values: Vec<(String, SecretString)> = Vec::new();
    let mut seen = HashSet::new();
    for path in site.layers() {
        let document = site.read_to_use(&path, session)?;
        for entry in entries(&document).into_iter().filter(|entry| seen.insert(entry.key.clone())) {
            let default = defaults.remove(entry.key.as_str()).filter(|_| !entry.has_value());
            values.push((entry.key, default.map_or(entry.value, SecretString::from)));
        }
    }
    values.extend(defaults.into_iter().map(|(name, default)| (name.to_owned(), default.into())));
    Ok(values)
}

/// Those that are asked for. What no program can be given is refused.
fn select(
    args: &Args,
    site: &Site,
    values: Vec<(String, SecretString)>,
    inherited: Inherited,
) -> Result<Vec<(String, SecretString)>> {
    let is_known = |name: &str| values.iter().any(|(known, _)| known == name) || site.spec(name).is_some();
    if let Some(unknown) = args.only.iter().find(|name| !is_known(name) && inherited.get(name).is_none()) {
        return Err(get::not_there(unknown, site, values.iter().map(|(name, _)| name.as_str())));
    }
    refuse_unknown_scope(args, site)?;
    let selected: Vec<(String, SecretString)> = values.into_iter().filter(|(name, _)| is_selected(args, site, name)).collect();
    match selected.iter().find(|(_, value)| value.expose_secret().contains('\0')) {
        None => Ok(selected),
        Some((name, _)) => {
            Err(Error::refused(format!("the value of {name} holds a NUL character, which no program can be given"))
                .hint(format!("set it anew with `{}`, or leave it out with `--only`", site.command(&format!("set {name}")))))
        }
    }
}

fn is_selected(args: &Args, site: &Site, name: &str) -> bool {
    match &args.scope {
        Some(scope) => site.spec(name).is_some_and(|spec| spec.scopes.is_empty() || spec.scopes.contains(scope)),
        None => args.only.is_empty() || args.only.iter().any(|only| only == name),
    }
}

fn refuse_unknown_scope(args: &Args, site: &Site) -> Result<()> {
    let Some(scope) = &args.scope else { return Ok(()) };
    let mut known: Vec<&str> = site.declarations.specs.iter().flat_map(|spec| &spec.scopes).map(String::as_str).collect();
    if known.contains(&scope.as_str()) {
        return Ok(());
    }
    known.sort_unstable();
    known.dedup();
    let hint = did_you_mean(scope, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
        [] => "this project declares no scopes; leave `--scope` out, or name variables with `--only`".to_owned(),
        known => format!("there are {}", known.join(", ")),
    });
    Err(Error::failed(format!("no variable is declared for the scope `{scope}`")).hint(hint))
}

/// What must not be printed of a variable: its value in the file, and the one that is set already.
fn secrets(site: &Site, inherited: Inherited, name: &str, value: &SecretString) -> Vec<(String, SecretString)> {
    if !site.is_sensitive(name) {
        return Vec::new();
    }
    let set = inherited.get(name).and_then(|set| set.into_string().ok()).map(SecretString::from);
    std::iter::once(value.clone()).chain(set).map(|value| (name.to_owned(), value)).collect()
}

/// Names what the program needs and has no value, with the command that sets it.
fn refuse_missing(args: &Args, site: &Site, has_value: &dyn Fn(&str) -> bool) -> Result<()> {
    let needed = site.declarations.specs.iter().filter(|spec| {
        let is_needed = spec.required.in_default_profile() && site.declarations.need(&spec.name) == Need::Required;
        is_needed && is_selected(args, site, &spec.name)
    });
    let missing: Vec<&str> = needed.map(|spec| spec.name.as_str()).filter(|name| !has_value(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let program = args.command.first().map(|program| program.to_string_lossy()).unwrap_or_default();
    let verb = if missing.len() == 1 { "has" } else { "have" };
    let names = value::joined(missing.iter().copied());
    let error = Error::new(ErrorKind::NeedsInput, format!("`{program}` was not started: {names} {verb} no value"));
    Err(missing.iter().fold(error, |error, name| error.hint(format!("`{}`", site.command(&format!("set {name}"))))))
}
