//! The person's own editor on a private copy. What comes back is checked, shown by key, and written only where the file has
//! not changed meanwhile.

use secrecy::ExposeSecret;

use super::super::Flags;
use super::super::change::replace;
use super::super::site::Site;
use crate::cli::{Session, carry_out};
use crate::dotenv::Document;
use crate::error::{Error, Result};
use crate::host::editor::{self, Copy};
use crate::host::env_file::EnvFile;
use crate::host::vault::Vault;
use crate::host::{clock, paths};
use crate::plan::{SecretChange, SecretEntry, SecretSource};
use crate::secret::edited::{Edited, compare};
use crate::secret::form::Difference;
use crate::ui::columns::count;

pub(super) fn run(site: &Site, flags: &Flags, session: &mut Session, file: &EnvFile) -> Result<()> {
    let words = editor::chosen()?;
    let before = file.document();
    let copy = Copy::of(site.path.file_name().unwrap_or(".env"), before.as_bytes())?;
    let Some((after, edited)) = edit(site, session, &words, (&copy, &before))? else {
        session.ui.say("nothing was changed");
        return Ok(());
    };
    show(session, &edited);
    if !flags.yes && !flags.dry_run && !carry_out::confirm(session, &question(&edited), true, "--yes")? {
        return Err(carry_out::declined());
    }
    let changes = changes(&after, &edited);
    if replace(session, site, flags, changes, (after, file.stamp()))?.is_none() {
        let kept = paths::shown(&copy.keep());
        return Err(Error::failed(format!("`{}` was changed by somebody else meanwhile; nothing was written", site.shown()))
            .hint(format!("your edit is kept in `{kept}`; it holds secrets, so remove it when you are done with it")));
    }
    Ok(())
}

/// Opens the editor until what comes back is in order. `None` is a copy that is as it was.
fn edit(
    site: &Site,
    session: &mut Session,
    words: &[String],
    (copy, before): (&Copy, &Document),
) -> Result<Option<(Document, Edited)>> {
    loop {
        editor::run(words, copy.path())?;
        let bytes = copy.read()?;
        let after = Document::parse(bytes.expose_secret());
        if after.as_bytes() == before.as_bytes() {
            return Ok(None);
        }
        let spec = |name: &str| site.spec(name).cloned();
        let edited = compare((before, &after), &spec, (&super::writer(site), clock::now_milliseconds()));
        if edited.faults.is_empty() {
            return Ok(Some((after, edited)));
        }
        edited.faults.iter().for_each(|fault| session.ui.refuse(fault));
        if !carry_out::confirm(session, "Edit again? No gives the edit up", true, "--yes")? {
            return Err(carry_out::declined());
        }
    }
}

fn show(session: &mut Session, edited: &Edited) {
    for (key, difference) in &edited.differences {
        session.ui.say(&difference.line(key));
    }
    if edited.differences.is_empty() {
        session.ui.say("Every variable has the value it had; comments, order or quotes are different");
    }
    if edited.differences.iter().any(|(_, difference)| *difference != Difference::Added) {
        session.ui.note("old values are not kept, so this cannot be undone");
    }
    edited.warnings.iter().for_each(|warning| session.ui.warn(warning));
}

fn question(edited: &Edited) -> String {
    match edited.differences.len() {
        0 => "Save the file?".to_owned(),
        number => format!("Save {}?", count(number, "change", "changes")),
    }
}

/// The changes by key, and the values apart from them.
fn changes(after: &Document, edited: &Edited) -> (Vec<SecretChange>, Vault) {
    let mut vault = Vault::default();
    let change = |(key, _): &(String, Difference)| match after.find(key) {
        None => SecretChange::Unset { name: key.clone() },
        Some(found) => {
            vault.insert(key, found.value.clone());
            SecretChange::Set(SecretEntry { name: key.clone(), comment: String::new(), source: SecretSource::Entered })
        }
    };
    let changes = edited.differences.iter().map(change).collect();
    (changes, vault)
}
