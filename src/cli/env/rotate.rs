//! `nixstart env rotate`: a new value for a secret, and everything that has to learn it.

use camino::{Utf8Path, Utf8PathBuf};

use super::site::Site;
use super::team::{self, Team};
use super::value::{Doubt, Origin};
use super::{Flags, set, share};
use crate::cli::Session;
use crate::cli::carry_out::{self, Outcome};
use crate::error::{Error, Result};
use crate::host::seal::Identities;
use crate::secret::invitation::Wish;
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
        Some(Outcome::Applied) => share_again(session, &site, flags, key)?,
        Some(Outcome::NothingToDo) => session.ui.warn(&format!("that is the old value of {key}; nothing was rotated")),
        Some(Outcome::Shown) | None => return Ok(()),
    }
    remind(session, &site, key);
    Ok(())
}

/// Seals the file of the team anew, when the variable is in it and the person agrees.
fn share_again(session: &mut Session, site: &Site, flags: &Flags, key: &str) -> Result<()> {
    let team = Team::read(&site.root)?;
    let path = team::sealed_path(site)?;
    if !team.sealed_files().contains(&path) {
        return Ok(());
    }
    let shown = team.shown(&path);
    let later = format!("{key} may be in `{shown}` with its old value; seal it anew with `nixstart env share`");
    if !flags.yes && !session.ask.is_interactive() {
        session.ui.note(&later);
        return Ok(());
    }
    let opened = Identities::find().and_then(|mut identities| team.open(session, &path, &mut identities));
    let Ok(opened) = opened.and_then(|text| team::parse(&shown, &text)) else {
        session.ui.note(&later);
        return Ok(());
    };
    let names: Vec<String> = opened.entries.into_iter().map(|entry| entry.key).collect();
    if !names.iter().any(|name| name == key) {
        return Ok(());
    }
    if !flags.yes
        && !carry_out::confirm(session, &format!("The team has the old value in `{shown}`. Seal it anew?"), true, "--yes")?
    {
        session.ui.note(&later);
        return Ok(());
    }
    let chosen = share::choose(site, Wish::Keys(&names))?;
    // One document on stdout, and one question.
    let flags = Flags { json: false, yes: true, ..flags.clone() };
    share::share(session, site, &flags, (chosen, Vec::new())).map(drop)
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
    files.sort();
    files
}
