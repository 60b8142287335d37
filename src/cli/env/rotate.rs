//! `nixstart env rotate`: a new value for a secret, and everything that has to learn it.

use camino::{Utf8Path, Utf8PathBuf};

use super::site::Site;
use super::team::{self, Team, Written};
use super::value::{Doubt, Origin};
use super::{Flags, set};
use crate::cli::Session;
use crate::cli::carry_out::{self, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::RelativePath;
use crate::host::lock::Lock;
use crate::secret::invitation::Invitation;
use crate::secret::rotation;

/// More workflows than these are not read.
const MOST_WORKFLOWS: usize = 200;
/// No workflow is larger.
const MOST_BYTES: u64 = 1024 * 1024;

/// Give a secret a new value, and say what has to learn it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the variable
    key: String,
    /// Read the new value from standard input; one line end is taken off
    #[arg(long, group = "origin")]
    stdin: bool,
    /// Read the new value from a file; one line end is taken off
    #[arg(long, value_name = "FILE", group = "origin")]
    from_file: Option<Utf8PathBuf>,
    /// Make a random value, as declared or 32 bytes in base64
    #[arg(long, group = "origin")]
    generate: bool,
    /// Take a value that does not fit its declaration
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let key = args.key.as_str();
    let file = site.read()?;
    file.refuse_to_write()?;
    if file.document().find(key).is_none() && site.spec(key).is_none() {
        let shown = site.shown();
        return Err(Error::failed(format!("`{shown}` has no such variable, and nothing declares it")).hint(format!(
            "`{}` names what there is; `{}` adds one",
            site.command("list"),
            site.command("set NAME")
        )));
    }
    let origin = match (&args.from_file, args.stdin, args.generate) {
        (Some(path), ..) => Origin::File(path.clone()),
        (None, true, _) => Origin::StandardInput,
        (None, false, true) => Origin::Generated,
        (None, false, false) => Origin::Prompt,
    };
    match set::set(session, &site, flags, key, (&origin, Doubt::of(args.force)))? {
        Some(Outcome::Applied) => {
            let shared = share_again(session, &site, flags, key);
            remind(session, &site, key);
            shared.map_err(|error| half_done(key, &error))
        }
        Some(Outcome::NothingToDo) => {
            session.ui.warn(&format!("that is the old value of {key}; nothing was rotated"));
            remind(session, &site, key);
            Ok(())
        }
        Some(Outcome::Shown) | None => Ok(()),
    }
}

/// The new value is written, whatever became of the file of the team.
fn half_done(key: &str, error: &Error) -> Error {
    let message = format!("{key} has its new value, but the team does not have it: {}", error.message());
    error.hints().iter().fold(Error::new(ErrorKind::Partial, message), Error::hint)
}

/// Puts the new value into the file of the team, when the variable is in it and the person agrees. What else is sealed there
/// stays: one's own values may be others.
fn share_again(session: &mut Session, site: &Site, flags: &Flags, key: &str) -> Result<()> {
    let team = Team::read(&site.root)?;
    let path = team::sealed_path(site)?;
    for other in team.sealed_files().iter().filter(|other| **other != path) {
        session.ui.note(&format!("{key} may be in `{}`, too, which is not sealed anew", team.shown(other)));
    }
    if !team.sealed_files().contains(&path) {
        return Ok(());
    }
    let shown = team.shown(&path);
    let later = format!(
        "{key} may be in `{shown}` with its old value; seal it anew with `{}`",
        site.command(&format!("share --keys {key}"))
    );
    if !flags.yes && !session.ask.is_interactive() {
        session.ui.note(&later);
        return Ok(());
    }
    // What is not for us is somebody else's to seal; what could be opened, and is not, is a failure.
    let opened = team.read_if_ours(session, &path);
    let Some(mut opened) = opened.inspect_err(|_| session.ui.note(&later))? else {
        session.ui.note(&later);
        return Ok(());
    };
    let document = site.read()?.document();
    let sealed = opened.entries.iter_mut().find(|entry| entry.key == key);
    let Some((sealed, new)) = sealed.zip(document.find(key)) else { return Ok(()) };
    sealed.value = new.value.clone();
    if !flags.yes
        && !carry_out::confirm(session, &format!("The team has the old value in `{shown}`. Seal it anew?"), true, "--yes")?
    {
        session.ui.note(&later);
        return Ok(());
    }
    let sealed = seal(session, site, flags, (&team, &path, &opened));
    if sealed.is_err() {
        session.ui.note(&later);
    }
    sealed
}

fn seal(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (team, path, opened): (&Team, &RelativePath, &Invitation),
) -> Result<()> {
    let _lock = Lock::wait(&site.root)?;
    let profile = opened.origin.as_ref().map_or(site.profile.as_str(), |origin| origin.profile.as_str());
    let explanation = "Only the new value is another; who can open it stays the same. Commit it.";
    let step = team.sealing(&team.list, path, (profile, &opened.entries), explanation)?;
    let title = format!("Seal `{}` anew", team.shown(path));
    // One document on stdout, and one question.
    let flags = Flags { json: false, yes: true, ..flags.clone() };
    team::carry_out(session, &site.root, &flags, Written { title, steps: vec![step], notes: Vec::new() }).map(drop)
}

/// Says what else has to learn the new value.
fn remind(session: &mut Session, site: &Site, key: &str) {
    let record = fs_err::read_to_string(site.root.join("nixstart.toml")).unwrap_or_default();
    let places = rotation::elsewhere(key, &record, &workflows(&site.root));
    session.ui.say("Make the old value invalid where it came from; it still works until then");
    for place in places {
        session.ui.say(&format!("  also: {place}"));
    }
}

fn workflows(root: &Utf8Path) -> Vec<(String, String)> {
    let folder = ".github/workflows";
    let entries = root.join(folder).read_dir_utf8().map(Iterator::flatten).into_iter().flatten().take(MOST_WORKFLOWS);
    let is_small = |path: &Utf8Path| path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MOST_BYTES);
    let files = entries.filter(|entry| is_small(entry.path()));
    let mut files: Vec<(String, String)> = files
        .filter_map(|entry| Some((format!("{folder}/{}", entry.file_name()), fs_err::read_to_string(entry.path()).ok()?)))
        .collect();
    files.sort_unstable();
    files
}
