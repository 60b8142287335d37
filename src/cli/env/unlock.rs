//! `nixstart env unlock`: brings the variables of a sealed file into the `.env`, and changes nothing that has a value.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::ExposeSecret;

use super::change::{Consent, change};
use super::site::Site;
use super::team::{self, Team};
use super::{Flags, value};
use crate::cli::carry_out::Outcome;
use crate::cli::{Session, ShownBy, carry_out};
use crate::dotenv::edit::is_name;
use crate::dotenv::{Document, Entry};
use crate::error::{Error, Result};
use crate::host::paths;
use crate::host::seal::{Identities, read_sealed};
use crate::host::vault::Vault;
use crate::plan::{Plan, SecretChange, SecretEntry, SecretSource};
use crate::secret::invitation::{Invitation, Origin};
use crate::secret::sealed::MOST_BYTES;

/// Bring the variables of a sealed file into the `.env`
///
/// The file is opened with `$NIXSTART_AGE_IDENTITY`, `~/.ssh/id_ed25519`, `~/.ssh/id_rsa` or the identity of `env identity`;
/// a passphrase is asked for once. Variables that have a value keep it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The sealed file, `-` for standard input; `team/env/PROFILE.age` when left out
    #[arg(value_name = "FILE")]
    file_to_open: Option<Utf8PathBuf>,
    /// Replace values that are there and differ
    #[arg(long)]
    overwrite: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    // What cannot be written is said before anybody types a passphrase.
    let file = site.read()?;
    file.refuse_to_write()?;
    let (shown, source, bytes) = sealed(args, &site)?;
    let text = team::open(session, &shown, &bytes, &mut Identities::find()?)?;
    let Invitation { origin, entries } = team::parse(&shown, &text)?;
    introduce(session, &site, &shown, origin.as_ref());
    let merge = Merge::of(&file.document(), entries, args.overwrite);
    merge.report(session, &site);
    if merge.replaced > 0 && !flags.yes && !flags.dry_run && !flags.json && !session.ask.is_interactive() {
        return Err(carry_out::nobody_to_ask("it replaces values", ShownBy::DryRun));
    }
    let mut vault = Vault::default();
    let set = |entry: Entry| {
        vault.insert(&entry.key, entry.value);
        SecretChange::Set(SecretEntry { name: entry.key, comment: String::new(), source: source.clone() })
    };
    let changes: Vec<SecretChange> = merge.wanted.into_iter().map(set).collect();
    let count = changes.len();
    if count == 0 {
        session.ui.say(&format!("`{}` has everything that is in `{shown}`; it was not touched", site.shown()));
        return if flags.json { print_nothing(session, &site) } else { Ok(()) };
    }
    if change(session, &site, flags, (changes, vault), Consent::Asked)? == Outcome::Applied {
        session.ui.say(&format!("Brought {count} of the variables into `{}`", site.shown()));
    }
    Ok(())
}

fn print_nothing(session: &mut Session, site: &Site) -> Result<()> {
    let title = format!("Change nothing of `{}`", site.shown());
    let plan = Plan { command: "env".to_owned(), title, root: site.root.clone(), steps: Vec::new(), notes: Vec::new() };
    carry_out::print_json(session, &plan, None)
}

/// The sealed bytes, what to call them, and what a plan says of where values come from.
fn sealed(args: &Args, site: &Site) -> Result<(String, SecretSource, Vec<u8>)> {
    if args.file_to_open.as_deref().is_some_and(|file| file == "-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Error::failed("standard input is larger than 16 MB, so it holds no `.env`"));
        }
        return Ok(("standard input".to_owned(), SecretSource::StandardInput, bytes));
    }
    let path = match &args.file_to_open {
        Some(file) => paths::absolute(file)?,
        None => site.root.join(team::sealed_path(site)?.as_str()),
    };
    let shown = paths::shown(&path);
    if !path.exists() {
        return Err(Error::failed(format!("there is no `{shown}`")).hint(missing_hint(&path, site)?));
    }
    Ok((shown, SecretSource::File { path: path.clone() }, read_sealed(&path)?))
}

fn missing_hint(path: &Utf8Path, site: &Site) -> Result<String> {
    let team = Team::read(&site.root)?;
    let others = team.sealed_files();
    Ok(if others.is_empty() || path.parent() != Some(&site.root.join("team/env")) {
        "ask somebody of the team to run `nixstart env share --to` with your public key".to_owned()
    } else {
        let others = others.iter().map(|path| format!("{path} (`{}`)", team.command(path, "unlock")));
        format!("there are {}", others.collect::<Vec<_>>().join(", "))
    })
}

/// Says where the file comes from, and what looks wrong about that.
fn introduce(session: &mut Session, site: &Site, shown: &str, origin: Option<&Origin>) {
    let Some(origin) = origin else {
        session.ui.note(&format!("`{shown}` was not made by nixstart; it is read like any `.env`"));
        return;
    };
    session.ui.detail(&format!("`{shown}` was sealed at {} for {} ({})", origin.created, origin.project, origin.profile));
    let own = Team::read(&site.root).ok().and_then(|team| team.list.project().map(str::to_owned));
    if own.is_some_and(|own| own != origin.project) {
        session.ui.warn(&format!("`{shown}` was made for another project, `{}`", origin.project));
    }
    if origin.profile != site.profile {
        session.ui.warn(&format!("`{shown}` is for the profile `{}`, and this is `{}`", origin.profile, site.profile));
    }
}

/// What becomes of the variables of a sealed file.
struct Merge {
    wanted: Vec<Entry>,
    replaced: usize,
    kept: Vec<String>,
    odd: usize,
}

impl Merge {
    fn of(document: &Document, entries: Vec<Entry>, overwrite: bool) -> Self {
        let mut merge = Self { wanted: Vec::new(), replaced: 0, kept: Vec::new(), odd: 0 };
        for entry in entries {
            let found = document.find(&entry.key).map(|found| found.value.expose_secret());
            match found {
                Some(value) if value == entry.value.expose_secret() => {}
                Some(value) if !value.is_empty() && !overwrite => merge.kept.push(entry.key),
                Some(value) => {
                    merge.replaced += usize::from(!value.is_empty());
                    merge.wanted.push(entry);
                }
                None if is_name(&entry.key) => merge.wanted.push(entry),
                None => merge.odd += 1,
            }
        }
        merge
    }

    fn report(&self, session: &mut Session, site: &Site) {
        if !self.kept.is_empty() {
            let names = value::joined(self.kept.iter().map(String::as_str));
            session.ui.note(&format!("kept, although the team has another value: {names} (`--overwrite` takes the team's)"));
        }
        if self.odd > 0 {
            session.ui.warn(&format!("{} left out, because not every program knows such a name", self.odd));
        }
        let undeclared = self.wanted.iter().map(|entry| entry.key.as_str()).filter(|key| site.spec(key).is_none());
        let undeclared = value::joined(undeclared);
        if !undeclared.is_empty() && !site.declarations.specs.is_empty() {
            session.ui.warn(&format!("the project does not declare {undeclared}"));
        }
    }
}
