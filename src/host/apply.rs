//! Carries a plan out: one step after the other, each with a durable line in the journal before and after it.

mod file;
mod program;
mod repository;
mod secrets;
mod tree;

use super::interrupt::{self, Applying};
use super::journal::Journal;
use super::revert::{Effect, Mode};
use super::vault::Vault;
use super::{clock, files, git};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::receipt::{After, Before, Progress, Record};
use crate::plan::{Action, Step};

/// What happens while a plan is applied.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step begins.
    Started(&'a Step),
    /// A program printed a line.
    Line(&'a str),
    /// A step is done.
    Finished(&'a Step),
    /// A step was done already.
    Skipped(&'a Step),
}

/// Applies steps in order. On failure the error says how far it came; what is done stays done and is in the journal.
pub fn apply(
    steps: &[&Step],
    journal: &mut Journal,
    began: Option<Record>,
    vault: &Vault,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let _applying = Applying::begin();
    // Lines that are not durable yet: they become so with the next one, before anything else changes.
    let is_continued = began.is_none();
    let mut waiting: Vec<Record> = began.into_iter().collect();
    for (applied, step) in steps.iter().enumerate() {
        let outcome = apply_step(step, journal, &mut waiting, vault, on_event);
        if let Err(error) = outcome {
            waiting.push(Record::Failed { step: step.id.clone(), error: error.to_string() });
            let has_applied = applied > 0 || is_continued || !has_left_nothing(step);
            if !has_applied {
                waiting.push(Record::Reverted { at: clock::timestamp() });
            }
            let noted = journal.append(&waiting);
            return Err(explain(step, error, has_applied, journal.id(), noted.is_ok()));
        }
    }
    waiting.push(Record::Completed { at: clock::timestamp() });
    journal.append(&waiting)
}

fn apply_step(
    step: &Step,
    journal: &mut Journal,
    waiting: &mut Vec<Record>,
    vault: &Vault,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    if interrupt::is_interrupted() {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
    }
    if is_satisfied(&step.action) {
        on_event(Event::Skipped(step));
        waiting.push(Record::Finished { step: step.id.clone(), after: After::default() });
        return Ok(());
    }
    on_event(Event::Started(step));
    let before = prepare(step, journal)?;
    waiting.push(Record::Started { step: step.id.clone(), before: before.clone() });
    journal.append(waiting)?;
    waiting.clear();
    let mut on_progress = |progress: InStep<'_>| match progress {
        InStep::Line(line) => {
            on_event(Event::Line(line));
            Ok(())
        }
        InStep::Found(before) => journal.append(&[Record::Started { step: step.id.clone(), before }]),
    };
    let after = perform(&step.action, &before, vault, &mut on_progress)?;
    if !is_satisfied(&step.action) {
        return Err(Error::failed(format!("`{}` is done, but the result is not what was written", step.title)));
    }
    waiting.push(Record::Finished { step: step.id.clone(), after });
    on_event(Event::Finished(step));
    Ok(())
}

/// Whether a step that failed has cleaned up after itself, so that there is nothing to continue or to take back.
fn has_left_nothing(step: &Step) -> bool {
    revert(step, &Progress::default(), Mode::Preview).is_ok_and(|effects| effects.is_empty())
}

/// An interrupt before the first step, and a failure of it, leave nothing behind; later ones leave a part.
fn explain(step: &Step, error: Error, has_applied: bool, receipt: &str, is_noted: bool) -> Error {
    let was_interrupted = error.kind() == ErrorKind::Interrupted;
    if !has_applied && !was_interrupted {
        return error;
    }
    let kind = if was_interrupted { ErrorKind::Interrupted } else { ErrorKind::Partial };
    let message = if was_interrupted {
        format!("interrupted before `{}`", step.title)
    } else {
        format!("`{}` failed: {error}", step.title)
    };
    let explained = error.hints().iter().fold(Error::new(kind, message), super::super::error::Error::hint);
    let undo = if is_noted {
        format!("or take back what was done with `nixstart undo {receipt}`")
    } else {
        "the receipt could not be written either".to_owned()
    };
    explained.hint("continue with the same command and `--resume`").hint(undo)
}

/// Whether the machine is in the state the action would leave it in. The same test finds steps that are done already
/// and verifies those that were just applied.
pub fn is_satisfied(action: &Action) -> bool {
    match action {
        Action::CreateDirectory { path: directory, tree } | Action::CreateFiles { directory, tree } => {
            tree::is_satisfied(directory, tree)
        }
        Action::ReplaceFile { directory, path, file, .. } => file::is_satisfied(directory, path, file),
        Action::WriteSecrets { path, entries } => secrets::is_satisfied(path, entries),
        Action::InitRepository { directory } => git::is_repository(directory),
        Action::StageFiles { directory, paths } => git::is_staged(directory, paths),
        Action::Commit { directory, message } => git::head_has_message(directory, message),
        Action::Run { directory, produces, .. } => {
            !produces.is_empty() && produces.iter().all(|path| directory.join(path.as_str()).exists())
        }
    }
}

/// Removes what a killed run left half-written: staged directories, temporary files and git's own lock.
pub fn clear_leftovers(step: &Step, before: &Before) -> Result<()> {
    if let Some(staging) = before.staging.as_ref().filter(|staging| staging.exists()) {
        fs_err::remove_dir_all(staging)?;
    }
    match &step.action {
        Action::CreateFiles { directory, tree } => {
            for folder in tree.directories().into_iter().chain([""]) {
                files::remove_temporaries(&directory.join(folder))?;
            }
        }
        Action::ReplaceFile { directory, path, .. } => {
            files::remove_temporaries(directory.join(path.as_str()).parent().unwrap_or(directory))?;
        }
        Action::WriteSecrets { path, .. } => files::remove_temporaries(path.parent().unwrap_or(path))?,
        Action::StageFiles { directory, .. } => {
            let _absent_is_fine = fs_err::remove_file(directory.join(".git/index.lock"));
        }
        Action::InitRepository { directory } => git::remove_unborn(directory)?,
        Action::CreateDirectory { .. } | Action::Commit { .. } | Action::Run { .. } => {}
    }
    Ok(())
}

/// Looks at what is there before a step changes it, and keeps what the step replaces.
fn prepare(step: &Step, journal: &Journal) -> Result<Before> {
    match &step.action {
        Action::CreateDirectory { path, .. } => tree::prepare_directory(path),
        Action::CreateFiles { directory, tree } => Ok(tree::prepare_files(directory, tree)),
        Action::ReplaceFile { directory, path, replaces, .. } => file::prepare(directory, path, replaces, &step.id, journal),
        Action::WriteSecrets { path, .. } => secrets::prepare(path),
        Action::InitRepository { .. } | Action::StageFiles { .. } | Action::Commit { .. } => Ok(Before::default()),
        Action::Run { directory, produces, .. } => Ok(program::prepare(directory, produces)),
    }
}

/// What a step tells while it is performed.
enum InStep<'a> {
    /// A program printed a line.
    Line(&'a str),
    /// More that undo has to know, to be made durable before the step goes on.
    Found(Before),
}

fn perform(
    action: &Action,
    before: &Before,
    vault: &Vault,
    on_progress: &mut dyn FnMut(InStep<'_>) -> Result<()>,
) -> Result<After> {
    match action {
        Action::CreateDirectory { path, tree } => tree::create_directory(path, tree, before),
        Action::CreateFiles { directory, tree } => tree::create_files(directory, tree),
        Action::ReplaceFile { directory, path, file, .. } => file::replace(directory, path, file),
        Action::WriteSecrets { path, entries } => {
            secrets::write(path, entries, vault, &mut |found| on_progress(InStep::Found(found)))
        }
        Action::InitRepository { directory } => git::init(directory).map(|()| After::default()),
        Action::StageFiles { directory, paths } => git::stage(directory, paths).map(|()| After::default()),
        Action::Commit { directory, message } => Ok(After { commit: Some(git::commit(directory, message)?), ..After::default() }),
        Action::Run { directory, program, arguments, .. } => {
            // A line that cannot be shown is no reason to stop the program.
            let mut on_line = |line: &str| drop(on_progress(InStep::Line(line)));
            program::run(directory, program, arguments, before, &mut on_line)
        }
    }
}

/// Takes a step back, or only says what that would do.
pub(super) fn revert(step: &Step, progress: &Progress, mode: Mode) -> Result<Vec<Effect>> {
    let before = progress.before.clone().unwrap_or_default();
    if mode == Mode::Perform && progress.after.is_none() {
        clear_leftovers(step, &before)?;
    }
    let after = progress.after.clone().unwrap_or_default();
    match &step.action {
        Action::CreateDirectory { path, tree } => tree::revert_directory(path, tree, &before, mode),
        Action::CreateFiles { directory, tree } => tree::revert_files(directory, tree, &before, mode),
        Action::ReplaceFile { directory, path, file, .. } => file::revert(directory, path, file, &before, mode),
        Action::WriteSecrets { path, entries } => secrets::revert(path, entries, &before, mode),
        Action::InitRepository { directory } => repository::revert_init(directory, mode),
        Action::StageFiles { directory, paths } => repository::revert_stage(directory, paths, mode),
        Action::Commit { directory, .. } => repository::revert_commit(directory, &after, mode),
        Action::Run { directory, .. } => program::revert(directory, &before, &after, mode),
    }
}
