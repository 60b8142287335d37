//! The pre-commit hook: our lines come in by a plan that can be undone, and go without a trace.

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::carry_out::{self, Outcome};
use crate::cli::env::Flags;
use crate::cli::{Session, undo};
use crate::error::{Error, Result};
use crate::file_tree::{File, RelativePath};
use crate::host::files;
use crate::host::git::staged::Staging;
use crate::host::journal::{self, Stored};
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::vault::Vault;
use crate::line_edit::LineEdit;
use crate::plan::receipt::Status;
use crate::plan::{Action, Plan, Step, Undo};
use crate::secret::hook::{self, Obstacle};

/// The command that receipts of the hook name.
const COMMAND: &str = "env guard";
/// The mode of a hook that is made.
const EXECUTABLE: u32 = 0o755;

/// A hook on disk.
struct Found {
    /// The file itself, no link to it.
    path: Utf8PathBuf,
    /// What it holds; `None` when it is not there.
    text: Option<Vec<u8>>,
}

fn find(staging: &Staging) -> Result<Found> {
    let path = staging.hooks().0.join("pre-commit");
    let path = if path.is_symlink() { path.canonicalize_utf8()? } else { path };
    if path.symlink_metadata().is_err() {
        return Ok(Found { path, text: None });
    }
    let text = files::read_plain(&path).map_err(Error::refused)?.contents;
    Ok(Found { path, text: Some(text) })
}

pub(super) fn install(session: &mut Session, flags: &Flags, staging: &Staging) -> Result<()> {
    let _lock = if flags.dry_run { None } else { Some(Lock::acquire(&staging.top)?) };
    let found = find(staging)?;
    if found.text.as_deref().is_some_and(hook::is_installed) {
        session.ui.say(&format!("`{}` looks for secrets already", paths::shown(&found.path)));
        return Ok(());
    }
    if let Some(obstacle) = hook::obstacle(staging.hooks().0.as_str(), found.text.as_deref()) {
        return Err(explain(session, &found, obstacle));
    }
    refuse_inactive(&found)?;
    let plan = plan(staging, &found, &own_path()?);
    if carry_out::carry_out(session, &plan, &Vault::default(), flags.plan())? == Outcome::Applied && !flags.json {
        session.ui.say("Each commit is looked at from now on; `git commit --no-verify` goes past it");
        session.ui.hint("take it out again with `nixstart env guard --uninstall`");
    }
    Ok(())
}

/// This program, for hooks that run where it is not on PATH.
fn own_path() -> Result<String> {
    let path = Utf8PathBuf::from_path_buf(std::env::current_exe()?);
    Ok(path.map_or_else(|_| "nixstart".to_owned(), Utf8PathBuf::into_string))
}

/// A hook that git does not run would begin to.
fn refuse_inactive(found: &Found) -> Result<()> {
    if found.text.is_none() || files::mode(&found.path)? & 0o100 != 0 {
        return Ok(());
    }
    let shown = paths::shown(&found.path);
    Err(Error::refused(format!("git does not run `{shown}`, because it is not executable"))
        .hint(format!("make it executable when it should run (`chmod +x {shown}`), or remove it, and try again")))
}

/// Says why the hook is left alone and what a person can do.
fn explain(session: &mut Session, found: &Found, obstacle: Obstacle) -> Error {
    let shown = paths::shown(&found.path);
    match obstacle {
        Obstacle::Managed(manager) => {
            let (file, lines) = manager.what_to_add();
            session.ui.verbatim(lines);
            Error::refused(format!("{} writes the hooks of this repository, and would write over ours", manager.name()))
                .hint(format!("add the lines above to `{file}`"))
        }
        Obstacle::NotShell => Error::refused(format!("`{shown}` is no script of a shell"))
            .hint("run `nixstart env guard` from it, and end with its exit code when that is not 0"),
        Obstacle::EndsBefore { line } => Error::refused(format!("line {line} of `{shown}` ends it, so lines after it never run"))
            .hint(format!("write `nixstart env guard || exit 1` above line {line}")),
    }
}

fn plan(staging: &Staging, found: &Found, program: &str) -> Plan {
    let shown = paths::shown(&found.path);
    let step = |id: &str, title: String, explanation: &str, action| Step::new(id, title, explanation, action, Undo::Restore);
    let path = || found.path.clone();
    let steps = if found.text.is_some() {
        let edit = Action::EditFile { path: path(), edit: hook::block(program) };
        let title = format!("Add nixstart's lines to `{shown}`");
        vec![step("hook", title, "What the hook does now it does first; when it stops a commit, it still does.", edit)]
    } else {
        let lines = String::from_utf8_lossy(&hook::fresh(program)).lines().map(str::to_owned).collect();
        let make = Action::EditFile { path: path(), edit: LineEdit::Add { lines } };
        let mode = Action::SetMode { path: path(), mode: EXECUTABLE };
        vec![
            step("hook", format!("Make the hook `{shown}`"), "git runs it before each commit.", make),
            step("mode", format!("Make `{shown}` executable"), "git runs executable hooks only.", mode),
        ]
    };
    let is_elsewhere = staging.hooks().1 && !found.path.starts_with(&staging.top);
    let note = is_elsewhere.then(|| format!("`core.hooksPath` names `{shown}`; it is the hook of every repository that does"));
    Plan {
        command: COMMAND.to_owned(),
        title: "Look for secrets before each commit".to_owned(),
        root: staging.top.clone(),
        steps,
        notes: note.into_iter().collect(),
    }
}

pub(super) fn uninstall(session: &mut Session, flags: &Flags, staging: &Staging) -> Result<()> {
    let found = find(staging)?;
    let Some(text) = found.text.as_deref().filter(|text| hook::is_installed(text)) else {
        session.ui.say(&format!("nothing of nixstart is in `{}`", paths::shown(&found.path)));
        return Ok(());
    };
    match journal::newest_of(&staging.top, |receipt| receipt.plan.command == COMMAND && receipt.status == Status::Completed)? {
        Some(stored) if is_as_made(&stored, &found.path, text) => undo::take_back_receipt(session, &stored.id, flags.plan()),
        Some(_) | None => take_lines_out(session, flags, staging, (&found.path, text)),
    }
}

/// Whether undoing a receipt leaves nothing of ours and everything of others: it is about this hook, and a hook that we made
/// is as we made it.
fn is_as_made(stored: &Stored, hook: &Utf8Path, text: &[u8]) -> bool {
    stored.receipt.plan.steps.iter().any(|step| match &step.action {
        Action::EditFile { path, edit: LineEdit::Add { lines } } => path == hook && (lines.join("\n") + "\n").as_bytes() == text,
        Action::EditFile { path, edit: edit @ LineEdit::Block { .. } } => path == hook && edit.is_applied(text),
        _ => false,
    })
}

/// Takes our lines out of a hook that has changed since, or that another machine's nixstart has written.
fn take_lines_out(session: &mut Session, flags: &Flags, staging: &Staging, (path, text): (&Utf8Path, &[u8])) -> Result<()> {
    let by_hand = || {
        Error::refused(format!("nixstart's lines in `{}` were changed", paths::shown(path)))
            .hint("take the lines between its two marks out by hand")
    };
    let rest = String::from_utf8(hook::without(text).ok_or_else(by_hand)?).map_err(|_not_text| by_hand())?;
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Err(by_hand()) };
    let action = Action::ReplaceFile {
        directory: directory.to_owned(),
        path: RelativePath::parse(name).map_err(Error::failed)?,
        file: File { executable: true, ..File::text(rest) },
        replaces: files::sha256(text),
    };
    let title = format!("Take nixstart's lines out of `{}`", paths::shown(path));
    let step = Step::new("hook", title, "The other lines stay.", action, Undo::Restore);
    let title = "Look for secrets no more".to_owned();
    let plan = Plan {
        command: format!("{COMMAND} --uninstall"),
        title,
        root: staging.top.clone(),
        steps: vec![step],
        notes: Vec::new(),
    };
    let _lock = if flags.dry_run { None } else { Some(Lock::acquire(&staging.top)?) };
    carry_out::carry_out(session, &plan, &Vault::default(), flags.plan()).map(drop)
}
