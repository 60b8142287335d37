//! The one way from changes of variables to a changed `.env`: a plan of one step, carried out like every other.

use std::collections::BTreeSet;

use super::site::Site;
use super::{Flags, exposure, value};
use crate::cli::Session;
use crate::cli::carry_out::{self, Outcome};
use crate::dotenv::{self, Document};
use crate::error::Result;
use crate::host::apply::{self, Wanted};
use crate::host::env_file::EnvFile;
use crate::host::lock::Lock;
use crate::host::vault::{Prepared, Vault};
use crate::host::{clock, paths};
use crate::plan::{Action, Plan, SecretChange, Step, Undo};

/// Whether a person has said yes by the command itself, or is asked with the list of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// The command names each variable.
    Given,
    /// The person has not seen yet which variables change.
    Asked,
}

/// Changes variables. The file is read under its lock, so two commands at once keep both changes.
pub(super) fn change(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (changes, vault): (Vec<SecretChange>, Vault),
    consent: Consent,
) -> Result<Outcome> {
    let only_shows = flags.dry_run || (flags.json && !flags.yes && consent == Consent::Asked);
    let _lock = if only_shows { None } else { Some(Lock::wait(&lock_of(site)?)?) };
    let file = site.read()?;
    file.refuse_to_write()?;
    let wanted = Wanted { path: &site.path, changes: &changes, consumers: &site.consumers, backup: None };
    let Some(document) = apply::edited(&file.document(), wanted, &vault)? else {
        return nothing_to_do(session, site, flags, &changes);
    };
    let new = New { document, explanation: "Only these variables change; every other byte stays." };
    write(session, site, flags, (file, new, changes, vault), consent)
}

/// Puts a whole document in the place of the file. `None` when the file is not the one any more that the document was made
/// from; then nothing is written.
pub(super) fn replace(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (changes, vault): (Vec<SecretChange>, Vault),
    (document, from): (Document, Option<String>),
) -> Result<Option<Outcome>> {
    let _lock = if flags.dry_run { None } else { Some(Lock::wait(&lock_of(site)?)?) };
    let file = site.read()?;
    file.refuse_to_write()?;
    if file.stamp() != from {
        return Ok(None);
    }
    let new = New { document, explanation: "The file becomes what you made of it in the editor." };
    write(session, site, flags, (file, new, changes, vault), Consent::Given).map(Some)
}

/// A file as it is going to be, and how that comes.
struct New {
    document: Document,
    explanation: &'static str,
}

fn write(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (file, new, changes, mut vault): (EnvFile, New, Vec<SecretChange>, Vault),
    consent: Consent,
) -> Result<Outcome> {
    let backup = (flags.backup && file.exists()).then(|| site.path.with_file_name(backup_name(&site.path)));
    warn(session, site, &file);
    let title = title(site, &changes);
    // Whoever sees no preview does not wait for all of a large file to be taken apart.
    let is_shown = consent == Consent::Asked || flags.dry_run || flags.json;
    let replaced = if is_shown { replaced(&file.document(), &changes) } else { BTreeSet::new() };
    let action = Action::ChangeSecrets { path: site.path.clone(), changes, replaced, consumers: site.consumers.clone(), backup };
    let plan = plan(site, &file, (title, new.explanation, action));
    let from = match consent {
        Consent::Given => file.into_standing(),
        // Until the person has answered, git may have learned of it.
        Consent::Asked => file.into_standing().asked_again(),
    };
    vault.prepare(&site.path, Prepared { from, document: new.document });
    match consent {
        // What is asked for is done; JSON then says what was done.
        Consent::Given if !flags.dry_run => carry_out::apply_consented(session, &plan, &vault, flags.plan()),
        Consent::Given | Consent::Asked => carry_out::carry_out(session, &plan, &vault, flags.plan()),
    }
}

/// The names of variables that have a value already.
fn replaced(document: &Document, changes: &[SecretChange]) -> BTreeSet<String> {
    let names: BTreeSet<&str> = changes.iter().map(SecretChange::name).collect();
    let entries = dotenv::entries(document).into_iter();
    entries.filter(|entry| entry.has_value() && names.contains(entry.key.as_str())).map(|entry| entry.key).collect()
}

fn lock_of(site: &Site) -> Result<camino::Utf8PathBuf> {
    let place = site.path.canonicalize_utf8().unwrap_or_else(|_| site.path.clone());
    paths::absolute(place.parent().unwrap_or(&site.directory))
}

fn nothing_to_do(session: &mut Session, site: &Site, flags: &Flags, changes: &[SecretChange]) -> Result<Outcome> {
    let names = value::joined(changes.iter().map(SecretChange::name));
    let said = if matches!(changes, [SecretChange::Unset { .. }]) { "is not there" } else { "is as it should be already" };
    session.ui.say(&format!("{names} {said}; `{}` was not touched", site.shown()));
    if flags.json {
        let plan = Plan {
            command: "env".to_owned(),
            title: title(site, changes),
            root: site.root.clone(),
            steps: Vec::new(),
            notes: Vec::new(),
        };
        carry_out::print_json(session, &plan, None)?;
    }
    Ok(Outcome::NothingToDo)
}

fn backup_name(path: &camino::Utf8Path) -> String {
    format!("{}.backup-{}", path.file_name().unwrap_or(".env"), clock::compact_timestamp())
}

/// What a person should know beside the change.
fn warn(session: &mut Session, site: &Site, file: &EnvFile) {
    let shown = site.shown();
    // Later `check` says it; the history of a repository can be long.
    if !file.exists() {
        let found = exposure::to_git(file, &shown).into_iter();
        for found in found.filter(|found| found.code != exposure::RULE_NOT_COMMITTED) {
            session.ui.warn(&format!("`{shown}`: {}", found.message));
            found.hint.iter().for_each(|hint| session.ui.hint(hint));
        }
    }
    if let Some(found) = exposure::to_store(file, &site.root, &shown) {
        session.ui.warn(&format!("`{shown}`: {}", found.message));
        found.hint.iter().for_each(|hint| session.ui.hint(hint));
    }
    if file.mode().is_some_and(|mode| mode & 0o077 != 0) {
        session.ui.warn(&format!("others could read `{shown}`; from now on only you can (mode 0600)"));
    }
}

fn title(site: &Site, changes: &[SecretChange]) -> String {
    let shown = site.shown();
    match changes {
        [SecretChange::Set(entry)] => format!("Set {} in `{shown}`", entry.name),
        [SecretChange::Unset { name }] => format!("Take {name} out of `{shown}`"),
        [] => format!("Change `{shown}`"),
        changes => format!("Change {} variables of `{shown}`", changes.len()),
    }
}

fn plan(site: &Site, file: &EnvFile, (title, explanation, action): (String, &str, Action)) -> Plan {
    let undo = if file.exists() {
        Undo::Irreversible { reason: "the old values are kept nowhere".to_owned() }
    } else {
        Undo::Inverse { by: "remove the file, as long as nobody has changed it".to_owned() }
    };
    let step = Step::new("variables", title.clone(), explanation, action, undo);
    Plan { command: "env".to_owned(), title, root: site.root.clone(), steps: vec![step], notes: Vec::new() }
}
