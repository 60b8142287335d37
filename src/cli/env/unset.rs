//! `nixstart env unset`: takes variables out; comments and everything else stay.

use std::collections::HashSet;

use super::change::{Consent, change};
use super::site::Site;
use super::{Flags, value};
use crate::cli::{Session, carry_out};
use crate::error::{Error, ErrorKind, Result};
use crate::host::vault::Vault;
use crate::plan::SecretChange;

/// Take variables out of the file
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names of the variables
    #[arg(required = true)]
    keys: Vec<String>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let document = site.read()?.document();
    let known: Vec<&str> = document.assignments().iter().map(|found| found.key.as_str()).collect();
    if let Some(unknown) = args.keys.iter().find(|key| !known.contains(&key.as_str())) {
        return Err(super::get::not_there(unknown, &site, known.iter().copied()));
    }
    // A name that is said twice is one.
    let mut seen = HashSet::new();
    let keys: Vec<&str> = args.keys.iter().map(String::as_str).filter(|key| seen.insert(*key)).collect();
    confirm(session, &site, flags, &keys)?;
    let changes = keys.iter().map(|name| SecretChange::Unset { name: (*name).to_owned() }).collect();
    change(session, &site, flags, (changes, Vault::default()), Consent::Given).map(drop)
}

/// Asks before a variable goes that the project cannot run without.
fn confirm(session: &mut Session, site: &Site, flags: &Flags, keys: &[&str]) -> Result<()> {
    let is_required = |key: &&str| site.spec(key).is_some_and(|spec| spec.required.in_default_profile());
    let required = value::joined(keys.iter().copied().filter(is_required));
    if required.is_empty() || flags.yes || flags.dry_run {
        return Ok(());
    }
    if !session.ask.is_interactive() {
        return Err(Error::new(
            ErrorKind::NeedsInput,
            format!("the project needs {required}, and there is no terminal to ask on"),
        )
        .hint("take it out all the same with `--yes`"));
    }
    session.ui.note("a value that is taken out is kept nowhere");
    if carry_out::confirm(session, &format!("The project needs {required}. Take it out?"), false, "--yes")? {
        Ok(())
    } else {
        Err(carry_out::declined())
    }
}
