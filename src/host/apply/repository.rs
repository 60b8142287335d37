//! Takes back what was done to a repository, as long as nobody has built on it.

use camino::Utf8Path;

use super::super::git;
use super::super::revert::{Effect, Mode};
use crate::error::Result;
use crate::file_tree::RelativePath;
use crate::plan::receipt::After;

pub(super) fn revert_init(directory: &Utf8Path, mode: Mode) -> Result<Vec<Effect>> {
    let git_directory = directory.join(".git");
    if !git_directory.is_dir() {
        return Ok(Vec::new());
    }
    if mode == Mode::Perform {
        if git::has_commits(directory) {
            return Ok(vec![Effect::Keep { what: git_directory.to_string(), why: "the repository has commits".to_owned() }]);
        }
        let others = git::staged_besides(directory, &[]);
        if let Some(first) = others.first() {
            let why = format!("`{first}` was staged since");
            return Ok(vec![Effect::Keep { what: git_directory.to_string(), why }]);
        }
        fs_err::remove_dir_all(&git_directory)?;
    }
    Ok(vec![Effect::Remove(format!("{git_directory}/"))])
}

pub(super) fn revert_stage(directory: &Utf8Path, paths: &[RelativePath], mode: Mode) -> Result<Vec<Effect>> {
    if mode == Mode::Perform && directory.join(".git").is_dir() {
        git::unstage(directory, paths)?;
    }
    Ok(Vec::new())
}

pub(super) fn revert_commit(directory: &Utf8Path, after: &After, mode: Mode) -> Result<Vec<Effect>> {
    let Some(id) = &after.commit else { return Ok(Vec::new()) };
    let short: String = id.chars().take(10).collect();
    if mode == Mode::Perform && !git::uncommit(directory, id)? {
        return Ok(vec![Effect::Keep { what: format!("commit {short}"), why: "the repository has gained commits".to_owned() }]);
    }
    Ok(vec![Effect::Remove(format!("commit {short}"))])
}
