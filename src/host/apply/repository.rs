//! What is staged and committed, and how it is taken back, as long as nobody has built on it.

use camino::Utf8Path;

use super::super::git::index::{self, Entries};
use super::super::revert::{Effect, Mode, Undoing};
use super::super::{files, git, random};
use super::Note;
use crate::error::{Error, Result};
use crate::file_tree::RelativePath;
use crate::plan::receipt::{After, Before};

pub(super) fn prepare_stage(directory: &Utf8Path, paths: &[RelativePath]) -> Result<Before> {
    Ok(Before { index: index::entries(directory, paths)?, ..Before::default() })
}

pub(super) fn stage(directory: &Utf8Path, paths: &[RelativePath], before: &Before, note: Note<'_>) -> Result<()> {
    index::stage(directory, paths, &mut |stamp| note(Before { stamp: Some(stamp), ..before.clone() }))
}

/// The settings of a repository that was just made, so that undo sees what somebody changed in it.
pub(super) fn initialised(directory: &Utf8Path) -> After {
    let digest = |name: &str| {
        let contents = files::read_plain(&directory.join(name)).ok()?.contents;
        Some((name.to_owned(), files::sha256(&contents)))
    };
    After { settings: git::SETTINGS.into_iter().filter_map(digest).collect(), ..After::default() }
}

/// What we staged: a repository that cannot be read any more holds nothing of ours.
pub(super) fn staged(directory: &Utf8Path, paths: &[RelativePath], before: &Before) -> After {
    let index = index::newly_staged(directory, paths, &before.index).unwrap_or_default();
    After { index, ..After::default() }
}

pub(super) fn prepare_commit(directory: &Utf8Path, earlier: Option<&Before>) -> Result<Before> {
    let commit = earlier.and_then(|earlier| earlier.commit.clone());
    Ok(Before { head: git::head(directory)?, commit, ..Before::default() })
}

/// Makes the commit, notes which one it is, and lets HEAD lead to it. What a run that was cut short had made is taken up again.
pub(super) fn commit(directory: &Utf8Path, message: &str, before: &Before, note: Note<'_>) -> Result<()> {
    let id = git::write_commit(directory, message, before.commit.as_deref())?;
    note(Before { commit: Some(id.clone()), ..before.clone() })?;
    git::advance_head(directory, &id)
}

/// What we committed.
pub(super) fn committed(directory: &Utf8Path, message: &str, before: &Before) -> After {
    let commit = git::commit_on(directory, before.head.as_deref(), message).or_else(|| before.commit.clone());
    After { commit, ..After::default() }
}

pub(super) fn revert_init(
    directory: &Utf8Path,
    after: &After,
    before: &Before,
    undoing: &Undoing<'_>,
    note: Note<'_>,
) -> Result<Vec<Effect>> {
    let git_directory = directory.join(".git");
    if !git_directory.is_dir() {
        return Ok(Vec::new());
    }
    let keep = |why: String| Ok(vec![Effect::Keep { what: git_directory.to_string(), why }]);
    let ours = undoing.own_commit;
    if git::has_other_commits(directory, ours) {
        return keep("the repository has commits".to_owned());
    }
    if let Some(why) = git::drift(directory, ours, |name| after.settings.get(name).cloned()) {
        return keep(why);
    }
    // A repository that was never finished cannot be opened, and nobody has staged anything in it.
    let staged = index::paths(directory).unwrap_or_default();
    let is_ours = |path: &String| undoing.earlier.iter().any(|effect| matches!(effect, Effect::Unstage(ours) if ours == path));
    if let Some(other) = staged.iter().find(|path| !is_ours(path)) {
        return keep(format!("`{other}` was staged since"));
    }
    if undoing.mode == Mode::Perform {
        // It goes all at once: half a repository could not be told from one that somebody has built on.
        let aside = directory.join(format!(".nixstart-{}", random::suffix()?));
        note(Before { staging: Some(aside.clone()), ..before.clone() })?;
        fs_err::rename(&git_directory, &aside)?;
        fs_err::remove_dir_all(&aside)?;
    }
    Ok(vec![Effect::Remove(format!("{git_directory}/"))])
}

pub(super) fn revert_stage(
    directory: &Utf8Path,
    ours: &Entries,
    before: &Before,
    undoing: &Undoing<'_>,
    note: Note<'_>,
) -> Result<Vec<Effect>> {
    if !git::is_repository(directory) {
        return Ok(Vec::new());
    }
    let unstaged = match undoing.mode {
        Mode::Preview => index::still_staged(directory, ours)?,
        Mode::Perform => {
            index::clear_leftovers(directory, before.stamp.as_deref())?;
            let mut note = |stamp| note(Before { stamp: Some(stamp), ..before.clone() });
            index::restore(directory, ours, &before.index, &mut note)?
        }
    };
    Ok(unstaged.into_iter().map(|path| Effect::Unstage(path.to_string())).collect())
}

pub(super) fn revert_commit(directory: &Utf8Path, before: &Before, after: &After, mode: Mode) -> Result<Vec<Effect>> {
    let Some(id) = &after.commit else { return Ok(Vec::new()) };
    let head = git::head(directory)?;
    let keep = |why: String| Ok(vec![Effect::Keep { what: format!("commit {id}"), why }]);
    match head {
        _ if before.head.is_some() => {
            return keep("take it back with `git revert`, because the repository had commits before".to_owned());
        }
        None if !git::has_other_commits(directory, Some(id)) => return Ok(Vec::new()),
        _ if git::has_other_commits(directory, Some(id)) => return keep("the repository has gained commits".to_owned()),
        _ => {}
    }
    if mode == Mode::Perform {
        git::uncommit(directory)?;
    }
    Ok(vec![Effect::Uncommit(id.clone())])
}

/// A repository that was made by us and has gained commits is somebody's work: it is kept, with all that is in it.
pub(super) fn refuse_when_built_on(directory: &Utf8Path, ours: Option<&str>) -> Result<()> {
    if !directory.join(".git").exists() || !git::has_other_commits(directory, ours) {
        return Ok(());
    }
    Err(Error::refused(format!("the repository in `{directory}` has gained commits since, so it is kept"))
        .hint("delete the directory yourself if you are sure that nothing in it is needed"))
}

/// What is committed in a repository of the user's is theirs: taking its files away would leave a half of it.
pub(super) fn refuse_when_committed(directory: &Utf8Path, ours: &Entries) -> Result<()> {
    match git::head_holds(directory, ours) {
        None => Ok(()),
        Some(commit) => Err(Error::refused(format!("what was staged in `{directory}` is committed, so nothing is taken back"))
            .hint(format!("take it back with git: it is in `{commit}`, and `git revert` undoes a commit"))),
    }
}
