//! Hashes of what a project downloads while it is built: found out by Nix, written by a plan with a diff. Where `CI` is set
//! nothing is written: there a hash that is not right is a failure.

use camino::{Utf8Path, Utf8PathBuf};

use super::{HashConsent, Request, Watcher, follow};
use crate::cli::carry_out::{self, Outcome};
use crate::cli::{PlanFlags, Session};
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::{File, RelativePath};
use crate::host::files::{read_plain, sha256};
use crate::host::hash_files::{self, Literal};
use crate::host::lock::Lock;
use crate::host::vault::Vault;
use crate::host::{nix, paths};
use crate::nix::build::BuildState;
use crate::nix::failure::HashMismatch;
use crate::nix::hashes::{self, Freshness, Hashes, PNPM_DEPENDENCIES};
use crate::nix::installable::Installable;
use crate::plan::{Action, Plan, Step, Undo};

/// The local flake that a build is about; nothing when it is about several, or about one of somebody else.
pub(super) fn root(request: &Request) -> Option<Utf8PathBuf> {
    let mut roots = request.installables.iter().map(|installable| {
        let directory = paths::absolute(&request.directory.join(installable.directory()?)).ok()?;
        nix::flake_around(&directory)
    });
    let first = roots.next()??;
    roots.all(|root| root.as_ref() == Some(&first)).then_some(first)
}

/// Whether a hash may be written: somebody said so, or can be asked.
fn may_write(session: &Session, request: &Request) -> bool {
    let is_agreed = match request.hashes {
        HashConsent::Never => false,
        HashConsent::Ask => session.ask.is_interactive(),
        HashConsent::Given => true,
    };
    is_agreed && !is_ci()
}

/// Whether a service builds, for which a hash that is not right is a failure.
fn is_ci() -> bool {
    env_vars::get(env_vars::CI).is_some_and(|value| !matches!(value.as_str(), "" | "false" | "0"))
}

/// Finds out hashes that a project does not have yet, or that were made for another lock file.
pub(super) fn before(session: &mut Session, request: &Request, program: &Utf8Path, watcher: &mut Watcher) -> Result<()> {
    let Some(root) = root(request) else { return Ok(()) };
    let Some(found) = hash_files::read(&root)? else { return Ok(()) };
    let is_stale = hash_files::pnpm_lock(&root).and_then(|lock| found.freshness(&lock)) == Some(Freshness::Stale);
    let stale = is_stale.then_some(PNPM_DEPENDENCIES);
    if is_stale {
        session.ui.warn(&format!("`{}` has changed since the hash in `{}` was made", hashes::PNPM_LOCK, hashes::PATH));
    }
    if is_stale && is_ci() {
        return Err(Error::failed(format!("the hash in `{}` is the one of another `{}`", hashes::PATH, hashes::PNPM_LOCK))
            .hint("run `nixstart build` where `CI` is not set, and commit the hash it writes"));
    }
    if !may_write(session, request) {
        if !is_ci() && (is_stale || found.missing().next().is_some()) {
            session.ui.hint("`nixstart build --yes` finds the hash out and writes it");
        }
        return Ok(());
    }
    for key in found.missing().chain(stale) {
        session.ui.say(&format!("finding out the hash `{key}` of `{}`; that downloads what it is of", hashes::PATH));
        find_out(session, request, (program, watcher), &root, key)?;
    }
    Ok(())
}

/// Finds one hash out and offers to write it. What else may be wrong with the download, the build itself says.
fn find_out(
    session: &mut Session,
    request: &Request,
    (program, watcher): (&Utf8Path, &mut Watcher),
    root: &Utf8Path,
    key: &str,
) -> Result<()> {
    let Some(found) = hash_files::read(root)? else { return Ok(()) };
    let copy = hash_files::copy_without_hash(root, &found.without(key))?;
    let asked = Request {
        installables: vec![Installable::parse(&format!("path:{}#default.{key}", copy.path().display()))],
        directory: root.to_owned(),
        arguments: vec!["--no-link".to_owned()],
        hashes: request.hashes,
    };
    let ended = follow(session, &asked, program, watcher)?;
    if let Some((_, mismatch)) = ended.state.mismatches().next() {
        let new = found.with(key, &mismatch.got, hash_files::pnpm_lock(root).as_deref());
        write(session, request, root, (&found, &new), &format!("Write the hash `{key}`"))?;
    }
    Ok(())
}

/// Writes the hashes that a run has found to be others; whether it is worth to try again.
pub(super) fn mend(session: &mut Session, request: &Request, state: &BuildState) -> Result<bool> {
    let Some(root) = root(request) else { return Ok(false) };
    let mut has_written = false;
    for (build, mismatch) in state.mismatches() {
        if !may_write(session, request) {
            session.ui.note(&format!("the hash of {} is {}; it is not written here", build.name(), mismatch.got));
            session.ui.hint(if is_ci() {
                "run `nixstart build` where `CI` is not set, and commit the hash it writes"
            } else {
                "`nixstart build --yes` writes it"
            });
            return Ok(false);
        }
        has_written |= write_one(session, request, &root, mismatch)?;
    }
    Ok(has_written)
}

fn write_one(session: &mut Session, request: &Request, root: &Utf8Path, mismatch: &HashMismatch) -> Result<bool> {
    if mismatch.is_placeholder() && hash_files::count_placeholders(root) != 1 {
        // Nothing in it says which of them is meant.
        return Ok(left_to_a_person(session, mismatch, "the project has several hashes that are not known yet, or none"));
    }
    if let Some(found) = hash_files::read(root)?
        && let Some(key) = found.key_of(&mismatch.specified)
    {
        let new = found.with(key, &mismatch.got, hash_files::pnpm_lock(root).as_deref());
        return write(session, request, root, (&found, &new), &format!("Write the hash `{key}`"));
    }
    match hash_files::find_literal(root, &mismatch.specified).as_slice() {
        [literal @ Literal { times: 1, .. }] => write_literal(session, request, root, (literal, mismatch)),
        [] => Ok(left_to_a_person(session, mismatch, "it stands in no file of this project as a whole")),
        places => {
            let shown = places.iter().map(|place| format!("`{}`", place.path)).collect::<Vec<_>>().join(", ");
            Ok(left_to_a_person(session, mismatch, &format!("it stands more than once, in {shown}")))
        }
    }
}

fn left_to_a_person(session: &mut Session, mismatch: &HashMismatch, why: &str) -> bool {
    session.ui.note(&format!("the hash {} is not replaced: {why}", mismatch.specified));
    session.ui.hint(&format!("write by hand: {}", mismatch.got));
    false
}

fn write(session: &mut Session, request: &Request, root: &Utf8Path, (old, new): (&Hashes, &Hashes), title: &str) -> Result<bool> {
    if old == new {
        return Ok(false);
    }
    let path = RelativePath::parse(hashes::PATH).map_err(Error::failed)?;
    let existing = read_plain(&root.join(hashes::PATH))?;
    let step = replace(root, path, &existing, new.to_text().into_bytes(), title);
    carry_out(session, request, root, step)
}

fn write_literal(
    session: &mut Session,
    request: &Request,
    root: &Utf8Path,
    (literal, mismatch): (&Literal, &HashMismatch),
) -> Result<bool> {
    let text = String::from_utf8_lossy(&literal.file.contents).replace(&mismatch.specified, &mismatch.got);
    let title = format!("Write the hash into `{}`", literal.path);
    let step = replace(root, literal.path.clone(), &literal.file, text.into_bytes(), &title);
    carry_out(session, request, root, step)
}

fn replace(root: &Utf8Path, path: RelativePath, existing: &File, contents: Vec<u8>, title: &str) -> Step {
    let file = File { contents, executable: existing.executable };
    let action = Action::ReplaceFile { directory: root.to_owned(), path, file, replaces: sha256(&existing.contents) };
    let explanation = "Nix takes a download only with the hash that the project says; this is the hash of what came.";
    Step::new("hash", title, explanation, action, Undo::Restore)
}

/// Writes a hash by a plan; whoever says no goes on with the build as it is.
fn carry_out(session: &mut Session, request: &Request, root: &Utf8Path, step: Step) -> Result<bool> {
    let plan = Plan {
        command: "build".to_owned(),
        title: "Keep the hashes of downloads up to date".to_owned(),
        root: root.to_owned(),
        steps: vec![step],
        notes: Vec::new(),
    };
    let _lock = Lock::acquire(root)?;
    let flags = PlanFlags { yes: request.hashes == HashConsent::Given, ..PlanFlags::default() };
    match carry_out::carry_out(session, &plan, &Vault::default(), flags) {
        Err(error) if error.kind() == ErrorKind::Declined => Ok(false),
        outcome => Ok(outcome? == Outcome::Applied),
    }
}
