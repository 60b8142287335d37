//! `nixstart env edit`: every variable with what it is for, in a form, as numbered lines, or in the person's own editor.

mod editor;
mod plain;
mod sheets;

use secrecy::SecretString;

use super::Flags;
use super::change::{Consent, change};
use super::site::Site;
use crate::cli::{Session, carry_out};
use crate::config;
use crate::dotenv::edit::EditError;
use crate::dotenv::{Writer, entries};
use crate::error::{Error, ErrorKind, Result};
use crate::host::apply::explained;
use crate::host::env_file::EnvFile;
use crate::host::vault::Vault;
use crate::host::{clock, paths};
use crate::plan::{SecretChange, SecretEntry, SecretSource};
use crate::secret::form::{Draft, Elsewhere, Form, Rank};
use crate::tui;
use crate::tui::screen::secrets::{self, Outcome};
pub(in crate::cli) use sheets::sheets;

/// Edit the variables, with what each is for, hidden and checked as you type
///
/// Nothing is written before you have seen which variables change. With `--editor` your own editor opens a private copy.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Open `$VISUAL` or `$EDITOR` on a private copy
    #[arg(long)]
    editor: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find_with_source(flags, session)?;
    if !session.ask.is_interactive() {
        return Err(Error::new(ErrorKind::NeedsInput, format!("`{}` cannot be edited: there is nobody to ask", site.shown()))
            .hint("set a variable from standard input: `nixstart env set NAME --stdin`"));
    }
    let file = site.read()?;
    // What cannot be written is said before anybody types a value.
    file.refuse_to_write()?;
    if args.editor {
        return editor::run(&site, flags, session, &file);
    }
    let form = form(&site, &file)?;
    let outcome = if tui::can_draw(&session.ui) {
        config::load()?.apply();
        secrets::show(&session.ui, &title(&site), form)?
    } else {
        plain::edit(session, &title(&site), form)?
    };
    match outcome {
        Outcome::Leave(form) if form.differences().is_empty() => {
            session.ui.say("nothing was changed");
            Ok(())
        }
        Outcome::Leave(_) => Err(carry_out::declined()),
        Outcome::Save(form) => {
            let changes = changes(&form);
            change(session, &site, flags, changes, Consent::Given).map(drop)
        }
    }
}

fn title(site: &Site) -> String {
    let profile = if site.profile == "default" { String::new() } else { format!(", profile {}", site.profile) };
    format!("Variables in {}{profile}", site.shown())
}

/// The form of a file. One that is unsafe to edit is for an editor.
fn form(site: &Site, file: &EnvFile) -> Result<Form> {
    let document = file.document();
    if let Some(fault) = document.fault() {
        let error = explained(EditError::Fault(fault.clone()), &site.path);
        return Err(error.hint("`nixstart env edit --editor` opens it in your editor"));
    }
    let found: Vec<(String, SecretString)> = entries(&document).into_iter().map(|entry| (entry.key, entry.value)).collect();
    let is_required = |spec: &crate::secret::SecretSpec| spec.required.in_default_profile();
    let form = Form::new(&site.declarations.specs, found, &is_required, (writer(site), clock::now_milliseconds()));
    Ok(form.beside(elsewhere(site)?))
}

/// What the other files say that programs read beside this one, in the order in which they count.
fn elsewhere(site: &Site) -> Result<Vec<(String, Elsewhere)>> {
    let mut others = Vec::new();
    let mut rank = Rank::More;
    for path in site.layers() {
        if path == site.path {
            rank = Rank::Less;
            continue;
        }
        let file = paths::shown(&path);
        let found = entries(&site.read_beside(&path)?.document()).into_iter();
        others.extend(found.map(|entry| (entry.key, Elsewhere { file: file.clone(), value: entry.value, rank })));
    }
    Ok(others)
}

/// Writes for the programs that read the file.
fn writer(site: &Site) -> Writer {
    Writer::new(site.consumers.iter().copied())
}

/// What is to be changed, and the values apart from it.
fn changes(form: &Form) -> (Vec<SecretChange>, Vault) {
    let mut vault = Vault::default();
    let mut changes = Vec::new();
    for (name, draft) in form.drafts() {
        let source = match draft {
            Draft::Unset => {
                changes.push(SecretChange::Unset { name: name.to_owned() });
                continue;
            }
            Draft::Value(value) => {
                vault.insert(name, value.clone());
                SecretSource::Entered
            }
            Draft::Generate(how) => SecretSource::Generated { how: how.clone() },
        };
        changes.push(SecretChange::Set(SecretEntry { name: name.to_owned(), comment: String::new(), source }));
    }
    (changes, vault)
}
