//! `nixstart env example`: writes what is declared into `.env.example`; comments and variables of somebody's own stay.

use camino::Utf8Path;
use secrecy::ExposeSecret;
use serde_json::json;

use super::Flags;
use super::site::Site;
use crate::cli::{Session, carry_out};
use crate::dotenv::{Document, entries};
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::{File, FileTree, RelativePath};
use crate::host::lock::Lock;
use crate::host::vault::Vault;
use crate::host::{files, paths};
use crate::plan::{Action, Plan, Privilege, Step, Undo};
use crate::secret::declarations::EXAMPLES;
use crate::secret::example::refresh::refreshed;
use crate::secret::{SecretSpec, declarations::Need};

/// A shorter value may stand in an example by chance.
const TELLING: usize = 8;

/// Write `.env.example` from what is declared
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write nothing, and end with exit code 3 when the file is out of date
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find_with_source(flags, session)?;
    let name = EXAMPLES.into_iter().find(|name| site.directory.join(name).symlink_metadata().is_ok()).unwrap_or(EXAMPLES[0]);
    let path = site.directory.join(name);
    let old = read(&path)?;
    let specs = declared_elsewhere(&site, name);
    if specs.is_empty() && old.is_none() {
        return Err(Error::failed("nothing is declared to write an example from")
            .hint("declare variables in `secretspec.toml`, or write the first `.env.example` by hand"));
    }
    let text = old.as_deref().unwrap_or_default();
    refuse_secrets(&site, text, &path)?;
    let new = refreshed(text, &specs);
    let is_stale = old.as_deref() != Some(new.as_str());
    if args.check {
        return check(session, flags, &path, is_stale);
    }
    let _lock = if flags.dry_run { None } else { Some(Lock::wait(&site.directory)?) };
    let plan = plan(&site, name, (old.as_deref(), &new))?;
    if !is_stale {
        session.ui.say(&format!("`{}` is up to date", paths::shown(&path)));
    }
    carry_out::carry_out(session, &plan, &Vault::default(), flags.plan()).map(drop)
}

/// The text of the example; `None` when there is none.
fn read(path: &Utf8Path) -> Result<Option<String>> {
    let shown = paths::shown(path);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let file = files::read_plain(path)
        .map_err(|error| Error::failed(format!("cannot read `{shown}`: {error}")).hint("make it a plain file of text"))?;
    let document = Document::parse(&file.contents);
    match (document.fault(), String::from_utf8(file.contents)) {
        (None, Ok(text)) => Ok(Some(text)),
        (Some(fault), _) => Err(Error::failed(format!("`{shown}` is not changed: {fault}")).hint("mend it by hand")),
        (None, Err(error)) => Err(Error::failed(format!("`{shown}` is not changed: {error}")).hint("save it as UTF-8")),
    }
}

/// What is declared in another file than the example itself.
fn declared_elsewhere<'a>(site: &'a Site, example: &str) -> Vec<(&'a SecretSpec, Need)> {
    let declarations = &site.declarations;
    let is_elsewhere = |spec: &&SecretSpec| {
        declarations.origin(&spec.name).is_none_or(|place| Utf8Path::new(&place.file).file_name() != Some(example))
    };
    declarations.specs.iter().filter(is_elsewhere).map(|spec| (spec, declarations.need(&spec.name))).collect()
}

/// An example that holds a value of the `.env` is for everybody to see.
fn refuse_secrets(site: &Site, text: &str, path: &Utf8Path) -> Result<()> {
    let current = site.read()?.document();
    let example = Document::parse(text.as_bytes());
    let is_telling = |key: &str| site.is_sensitive(key) && site.spec(key).is_none_or(|spec| spec.default.is_none());
    let leaked: Vec<String> = entries(&example)
        .into_iter()
        .filter(|entry| entry.value.expose_secret().len() >= TELLING && is_telling(&entry.key))
        .filter(|entry| current.find(&entry.key).is_some_and(|found| found.value.expose_secret() == entry.value.expose_secret()))
        .map(|entry| entry.key)
        .collect();
    if leaked.is_empty() {
        return Ok(());
    }
    let (shown, names) = (paths::shown(path), leaked.join(", "));
    Err(Error::refused(format!("`{shown}` holds the secret of `{}`: {names}", site.shown()))
        .hint(format!("empty it in `{shown}`, and change the secret where it comes from: git may have the old one"))
        .hint("or declare the variable with `sensitive = false` when it is no secret"))
}

fn check(session: &mut Session, flags: &Flags, path: &Utf8Path, is_stale: bool) -> Result<()> {
    if flags.json {
        session.print_json(&json!({ "schema": 1, "file": path, "stale": is_stale }))?;
    }
    let shown = paths::shown(path);
    if is_stale {
        return Err(Error::new(ErrorKind::Findings, format!("`{shown}` does not say what is declared"))
            .hint("bring it up to date with `nixstart env example`"));
    }
    session.ui.say(&format!("`{shown}` is up to date"));
    Ok(())
}

fn plan(site: &Site, name: &str, (old, new): (Option<&str>, &str)) -> Result<Plan> {
    let path = RelativePath::parse(name).map_err(|error| Error::new(ErrorKind::Internal, error))?;
    let directory = site.directory.clone();
    let shown = paths::shown(&directory.join(name));
    let (verb, action, undo) = if let Some(old) = old {
        let (file, replaces) = (File::text(new), files::sha256(old.as_bytes()));
        ("Bring up to date", Action::ReplaceFile { directory, path, file, replaces }, Undo::Restore)
    } else {
        let mut tree = FileTree::default();
        tree.insert(path, File::text(new));
        let undo = Undo::Inverse { by: "remove the file, as long as nobody has changed it".to_owned() };
        ("Write", Action::CreateFiles { directory, tree }, undo)
    };
    let title = format!("{verb} `{shown}`");
    let step = Step {
        id: "example".to_owned(),
        title: title.clone(),
        explanation: "It says which variables there are and where to get them; it holds no secret.".to_owned(),
        privilege: Privilege::User,
        action,
        undo,
        is_satisfied: old == Some(new),
        proof: None,
    };
    Ok(Plan { command: "env".to_owned(), title, root: site.root.clone(), steps: vec![step], notes: Vec::new() })
}
