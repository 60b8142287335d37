//! Carries a plan out: one step after the other, each with a durable line in the journal before and after it.

mod change_secrets;
pub mod download;
mod edit;
mod file;
mod program;
mod repository;
mod secrets;
mod settle;
mod tree;

pub use change_secrets::{Wanted, edited, explained};

use super::exec::held::Heard;
use super::interrupt::{self, Applying};
use super::journal::Journal;
use super::revert::{Effect, Mode, Undoing};
use super::vault::Vault;
use super::{clock, files, git, http};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::receipt::{After, Before, Progress, Receipt, Record};
use crate::plan::{Action, Step, Undo};

/// A step that has to be applied.
#[derive(Debug)]
pub struct Pending<'a> {
    /// The step.
    pub step: &'a Step,
    /// What a run that was cut short in it had found.
    pub earlier: Option<Before>,
}

impl<'a> Pending<'a> {
    /// A step that nobody has begun.
    pub const fn fresh(step: &'a Step) -> Self {
        Self { step, earlier: None }
    }
}

/// Makes more that undo has to know durable, before a step goes on.
type Note<'a> = &'a mut dyn FnMut(Before) -> Result<()>;

/// What happens while a plan is applied.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step begins.
    Started(&'a Step),
    /// A program printed a line.
    Line(&'a str),
    /// Somebody asked to stop, and this is what happens.
    Notice(&'a str),
    /// A step is done.
    Finished(&'a Step),
    /// A step was done already.
    Skipped(&'a Step),
}

/// Applies steps in order. On failure the error says how far it came; what is done stays done and is in the journal.
pub fn apply(
    steps: &[Pending<'_>],
    journal: &mut Journal,
    began: Option<Record>,
    vault: &Vault,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let _applying = Applying::begin();
    // Lines that are not durable yet: they become so with the next one, before anything else changes.
    let is_continued = began.is_none();
    let mut waiting: Vec<Record> = began.into_iter().collect();
    for (applied, pending) in steps.iter().enumerate() {
        let step = pending.step;
        let outcome = apply_step(pending, journal, &mut waiting, vault, on_event);
        if let Err(error) = outcome {
            waiting.push(Record::Failed { step: step.id.clone(), error: error.to_string() });
            let has_applied = applied > 0 || is_continued || !has_left_nothing(step, vault);
            if !has_applied {
                waiting.push(Record::Reverted { at: clock::timestamp() });
            }
            let noted = journal.append(&waiting);
            return Err(explain(step, error, has_applied, journal.id(), noted.is_ok()));
        }
    }
    waiting.push(Record::Completed { at: clock::timestamp() });
    journal.append(&waiting)?;
    if interrupt::is_interrupted() {
        let undo = format!("take back what was done with `nixstart undo {}`", journal.id());
        return Err(Error::new(ErrorKind::Interrupted, "interrupted after the last step; every step is done").hint(undo));
    }
    Ok(())
}

fn apply_step(
    pending: &Pending<'_>,
    journal: &mut Journal,
    waiting: &mut Vec<Record>,
    vault: &Vault,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    if interrupt::is_interrupted() {
        return Err(Error::new(ErrorKind::Interrupted, format!("interrupted before `{}`", pending.step.title)));
    }
    let step = pending.step;
    if is_satisfied(&step.action, vault) && !settle::is_needed(pending) {
        on_event(Event::Skipped(step));
        // What a run that was cut short had done is ours all the same, as far as it cannot be somebody else's by now.
        let after = pending.earlier.as_ref().map(|before| made_by_then(&step.action, before)).unwrap_or_default();
        waiting.push(Record::Finished { step: step.id.clone(), after });
        return Ok(());
    }
    on_event(Event::Started(step));
    let before = prepare(pending, journal)?;
    waiting.push(Record::Started { step: step.id.clone(), before: before.clone() });
    if !notes_first(&step.action) {
        make_durable(journal, waiting)?;
    }
    let mut stamp = None;
    let mut note = |found: Before| {
        stamp.clone_from(&found.stamp);
        waiting.push(Record::Started { step: step.id.clone(), before: found });
        make_durable(journal, waiting)
    };
    let mut on_heard = |heard: Heard<'_>| match heard {
        Heard::Line(line) => on_event(Event::Line(line)),
        Heard::Notice(text) => on_event(Event::Notice(text)),
    };
    settle::settle(pending, &mut on_heard)?;
    if !(settle::is_needed(pending) && is_satisfied(&step.action, vault)) {
        perform(step, &before, vault, &mut note, &mut on_heard)?;
    }
    let before = Before { stamp: stamp.or(before.stamp), ..before };
    if !has_its_result(&step.action, vault) {
        return Err(Error::failed(format!("`{}` is done, but the result is not what was written", step.title)));
    }
    waiting.push(Record::Finished { step: step.id.clone(), after: made(&step.action, &before) });
    on_event(Event::Finished(step));
    Ok(())
}

/// Whether a step changes nothing that stays before it notes what it is about to do; then its beginning is durable with that.
const fn notes_first(action: &Action) -> bool {
    matches!(action, Action::ChangeSecrets { backup: None, .. })
}

fn make_durable(journal: &mut Journal, waiting: &mut Vec<Record>) -> Result<()> {
    journal.append(waiting)?;
    waiting.clear();
    Ok(())
}

/// Whether a step that failed has cleaned up after itself, so that there is nothing to continue or to take back. What a
/// program did that only a person can take back is not ours to see.
fn has_left_nothing(step: &Step, vault: &Vault) -> bool {
    // It takes place as a whole or not at all.
    if matches!(step.action, Action::ChangeSecrets { .. }) {
        return !is_satisfied(&step.action, vault);
    }
    if matches!((&step.action, &step.undo), (Action::Run { .. }, Undo::Manual { .. })) {
        return false;
    }
    let undoing = Undoing { mode: Mode::Preview, earlier: &[], own_commit: None };
    revert(step, &Progress::default(), &undoing, &mut |_| Ok(())).is_ok_and(|effects| effects.is_empty())
}

/// A failure of the first step, and an interrupt before it, leave nothing behind; later ones leave a part.
fn explain(step: &Step, error: Error, has_applied: bool, receipt: &str, is_noted: bool) -> Error {
    if !has_applied {
        return error;
    }
    let (kind, message) = match error.kind() {
        ErrorKind::Interrupted => (ErrorKind::Interrupted, error.message()),
        _ => (ErrorKind::Partial, format!("`{}` failed: {}", step.title, error.message())),
    };
    let explained = error.hints().iter().fold(Error::new(kind, message).with_output(error.output()), Error::hint);
    let undo = if is_noted {
        format!("or take back what was done with `nixstart undo {receipt}`")
    } else {
        "the receipt could not be written either".to_owned()
    };
    // A change of variables is one step, and `env` takes no `--resume`: the same command does what is left.
    let again = match step.action {
        Action::ChangeSecrets { .. } => "run the same command again",
        _ => "continue with the same command and `--resume`",
    };
    explained.hint(again).hint(undo)
}

/// Whether an action that was just applied left what it should. A program that makes nothing we know of is taken by its
/// exit code; whoever planned it looks at what it did.
fn has_its_result(action: &Action, vault: &Vault) -> bool {
    match action {
        Action::Run { produces, .. } if produces.is_empty() => true,
        // It was checked before it got its name.
        Action::Download { path, .. } => download::is_in_place(path),
        _ => is_satisfied(action, vault),
    }
}

/// Whether the machine is in the state the action would leave it in. The same test finds steps that are done already
/// and verifies those that were just applied.
pub fn is_satisfied(action: &Action, vault: &Vault) -> bool {
    match action {
        Action::CreateDirectory { path: directory, tree } | Action::CreateFiles { directory, tree } => {
            tree::is_satisfied(directory, tree)
        }
        Action::ReplaceFile { directory, path, file, .. } => file::is_satisfied(directory, path, file),
        Action::WriteSecrets { path, entries } => secrets::is_satisfied(path, entries, vault),
        Action::ChangeSecrets { path, changes, consumers, backup, .. } => {
            change_secrets::is_satisfied(Wanted { path, changes, consumers, backup: backup.as_deref() }, vault)
        }
        Action::InitRepository { directory } => git::is_repository(directory),
        Action::StageFiles { directory, paths } => git::index::is_staged(directory, paths),
        Action::Commit { directory, message } => git::is_committed(directory, message),
        Action::Run { directory, produces, .. } => program::is_satisfied(directory, produces),
        Action::EditFile { path, edit } => edit::is_satisfied(path, edit),
        Action::SetMode { path, mode } => files::mode(path).is_ok_and(|found| found == *mode),
        Action::RemoveFile { path } => path.symlink_metadata().is_err(),
        Action::Download { path, check, .. } => download::is_satisfied(path, check),
    }
}

/// Removes what a killed run left half-written: staged directories, temporary files and its locks in a repository.
pub fn clear_leftovers(step: &Step, progress: &Progress) -> Result<()> {
    let Some(before) = &progress.before else { return Ok(()) };
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
        Action::ChangeSecrets { path, .. } => super::env_file::clear_leftovers(path)?,
        Action::WriteSecrets { path, .. } | Action::EditFile { path, .. } | Action::Download { path, .. } => {
            files::remove_temporaries(path.parent().unwrap_or(path))?;
        }
        Action::StageFiles { directory, .. } => {
            git::index::clear_leftovers(directory, before.stamp.as_deref())?;
        }
        // One that was finished is looked at before anything of it goes.
        Action::InitRepository { directory } if progress.after.is_none() => git::remove_unborn(directory)?,
        Action::Commit { directory, .. } => git::clear_reference_locks(directory)?,
        Action::CreateDirectory { .. }
        | Action::InitRepository { .. }
        | Action::Run { .. }
        | Action::SetMode { .. }
        | Action::RemoveFile { .. } => {}
    }
    Ok(())
}

/// Looks at what is there before a step changes it, and keeps what the step replaces.
fn prepare(pending: &Pending<'_>, journal: &Journal) -> Result<Before> {
    let step = pending.step;
    match &step.action {
        Action::CreateDirectory { path, .. } => tree::prepare_directory(path),
        Action::CreateFiles { directory, tree } => Ok(tree::prepare_files(directory, tree)),
        Action::ReplaceFile { directory, path, replaces, .. } => file::prepare(directory, path, replaces, &step.id, journal),
        Action::WriteSecrets { path, .. } => secrets::prepare(path),
        Action::ChangeSecrets { path, .. } => change_secrets::prepare(path),
        Action::InitRepository { .. } => Ok(Before::default()),
        Action::StageFiles { directory, paths } => repository::prepare_stage(directory, paths),
        Action::Commit { directory, .. } => repository::prepare_commit(directory, pending.earlier.as_ref()),
        Action::Run { directory, produces, .. } => {
            let earlier = pending.earlier.as_ref().filter(|_| settle::is_needed(pending));
            Ok(earlier.cloned().unwrap_or_else(|| program::prepare(directory, produces)))
        }
        Action::EditFile { path, .. } => edit::prepare(path, &step.id, journal),
        Action::SetMode { path, .. } => edit::prepare_mode(path),
        Action::RemoveFile { path } => edit::prepare_removal(path),
        Action::Download { path, .. } => download::prepare(path, pending.earlier.as_ref()),
    }
}

fn perform(step: &Step, before: &Before, vault: &Vault, note: Note<'_>, on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
    match &step.action {
        Action::CreateDirectory { path, tree } => tree::create_directory(path, tree, before),
        Action::CreateFiles { directory, tree } => tree::create_files(directory, tree),
        Action::ReplaceFile { directory, path, file, .. } => file::replace(directory, path, file),
        Action::WriteSecrets { path, entries } => secrets::write(path, entries, before, vault, note),
        Action::ChangeSecrets { path, changes, consumers, backup, .. } => {
            let wanted = Wanted { path, changes, consumers, backup: backup.as_deref() };
            change_secrets::change(wanted, before, vault, note)
        }
        Action::InitRepository { directory } => git::init(directory),
        Action::StageFiles { directory, paths } => repository::stage(directory, paths, before, note),
        Action::Commit { directory, message } => repository::commit(directory, message, before, note),
        Action::Run { program, arguments, .. } => {
            let words: Vec<String> = std::iter::once(program).chain(arguments).cloned().collect();
            program::run(step, &words, on_heard)
        }
        Action::EditFile { path, edit } => edit::edit(path, edit, step.privilege),
        Action::SetMode { path, mode } => edit::set_mode(path, *mode, step.privilege),
        Action::RemoveFile { path } => Ok(fs_err::remove_file(path)?),
        Action::Download { url, path, check, most_bytes } => {
            let wanted = download::Wanted { url, path, check, most_bytes: *most_bytes };
            download::fetch(wanted, &http::Trust::from_environment(), note, &mut |line| on_heard(Heard::Line(line)))
        }
    }
}

/// What a step made, told from the disk: the same whether it was just applied or by a run that was cut short.
fn made(action: &Action, before: &Before) -> After {
    match action {
        Action::StageFiles { directory, paths } => repository::staged(directory, paths, before),
        Action::Commit { directory, message } => repository::committed(directory, message, before),
        Action::Run { directory, .. } => program::made(directory, before),
        Action::Download { path, .. } => download::made(path, before),
        Action::CreateDirectory { .. }
        | Action::CreateFiles { .. }
        | Action::ReplaceFile { .. }
        | Action::WriteSecrets { .. }
        | Action::ChangeSecrets { .. }
        | Action::EditFile { .. }
        | Action::SetMode { .. }
        | Action::RemoveFile { .. } => After::default(),
        Action::InitRepository { directory } => repository::initialised(directory),
    }
}

/// What a run that was cut short in a step made, as far as that can be told: files that a program makes could be somebody
/// else's by now.
fn made_by_then(action: &Action, before: &Before) -> After {
    if matches!(action, Action::Run { .. }) { After::default() } else { made(action, before) }
}

/// What is known to be made by a step, also when a crash came before its last line.
fn made_so_far(step: &Step, progress: &Progress) -> After {
    match (&progress.after, &progress.before) {
        // The first receipts of format 1 do not say what was staged.
        (Some(after), Some(before)) if after.index.is_empty() && matches!(step.action, Action::StageFiles { .. }) => {
            made(&step.action, before)
        }
        (Some(after), _) => after.clone(),
        (None, Some(before)) => made_by_then(&step.action, before),
        (None, None) => After::default(),
    }
}

/// The commit that a receipt made, taken back or not: the log of the repository names it in either case.
pub(super) fn own_commit(receipt: &Receipt) -> Option<String> {
    receipt.plan.steps.iter().find_map(|step| made_so_far(step, &receipt.progress(&step.id)).commit)
}

/// Refuses when somebody has built on a repository that a receipt made.
pub(super) fn refuse_when_built_on(receipt: &Receipt, own_commit: Option<&str>) -> Result<()> {
    let to_undo = receipt.steps_to_undo();
    let made = to_undo.iter().find_map(|step| match &step.action {
        Action::InitRepository { directory } => Some(directory),
        _ => None,
    });
    match made {
        Some(directory) => repository::refuse_when_built_on(directory, own_commit),
        None => refuse_when_committed(receipt, &to_undo),
    }
}

fn refuse_when_committed(receipt: &Receipt, to_undo: &[&Step]) -> Result<()> {
    for step in to_undo {
        if let Action::StageFiles { directory, .. } = &step.action {
            repository::refuse_when_committed(directory, &made_so_far(step, &receipt.progress(&step.id)).index)?;
        }
    }
    Ok(())
}

/// Takes a step back, or only says what that would do.
pub(super) fn revert(step: &Step, progress: &Progress, undoing: &Undoing<'_>, note: Note<'_>) -> Result<Vec<Effect>> {
    let mode = undoing.mode;
    let before = progress.before.clone().unwrap_or_default();
    let after = made_so_far(step, progress);
    if mode == Mode::Perform {
        clear_leftovers(step, progress)?;
    }
    match &step.action {
        Action::CreateDirectory { path, tree } => tree::revert_directory(path, tree, &before, undoing),
        Action::CreateFiles { directory, tree } => tree::revert_files(directory, tree, &before, undoing),
        Action::ReplaceFile { directory, path, file, .. } => file::revert(directory, path, file, &before, undoing),
        Action::WriteSecrets { path, entries } => secrets::revert(path, entries, &before, mode),
        Action::ChangeSecrets { path, changes, .. } => change_secrets::revert(path, changes, &before, mode),
        Action::InitRepository { directory } => repository::revert_init(directory, &after, &before, undoing, note),
        Action::StageFiles { directory, .. } => repository::revert_stage(directory, &after.index, &before, undoing, note),
        Action::Commit { directory, .. } => repository::revert_commit(directory, &before, &after, mode),
        Action::Run { takes_back, .. } if !takes_back.is_empty() => {
            let effects = program::take_back(step, &before, mode);
            // It may never have come to the point where there is something to take back.
            effects.or_else(|error| if progress.after.is_some() { Err(error) } else { program::could_not(takes_back, error) })
        }
        Action::Run { directory, .. } => program::revert(directory, &before, &after, mode),
        Action::EditFile { path, edit } => edit::revert(path, edit, &before, step.privilege, mode),
        Action::SetMode { path, mode: ours } => edit::revert_mode(path, *ours, &before, step.privilege, mode),
        Action::RemoveFile { .. } => Ok(Vec::new()),
        Action::Download { path, .. } => download::revert(path, &before, &after, mode),
    }
}
