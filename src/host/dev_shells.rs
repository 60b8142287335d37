//! The dev shells of a flake, as a real Nix evaluates them. Nothing is built.

use std::time::Duration;

use camino::Utf8Path;

use super::nix::{self, Copies, Invocation};
use super::probe::flake::{self, Demands};
use crate::error::{Error, ErrorKind, Result};
use crate::nix::dev_shells::{self, DevShell};

/// How long Nix may take to evaluate the shells; the first time it downloads what they are made of.
const PATIENCE: Duration = Duration::from_secs(600);

/// The dev shells of the flake in a directory, for as long as somebody wants to know; `None` when there is no flake around it.
pub fn around(directory: &Utf8Path, is_wanted: &dyn Fn() -> bool) -> Result<Option<Vec<DevShell>>> {
    let Some(root) = nix::flake_around(directory) else { return Ok(None) };
    let program = nix::program()?;
    nix::refuse_to_copy_secrets(&root, Copies::KnownToGit)?;
    refuse_unknown(&flake::demands(&root))?;
    list(&program, &root, is_wanted).map(Some)
}

/// The dev shells of a flake.
pub fn list(program: &Utf8Path, root: &Utf8Path, is_wanted: &dyn Fn() -> bool) -> Result<Vec<DevShell>> {
    let attribute = format!(".#devShells.{}", nix::system());
    let words = ["eval", "--json", "--impure", &attribute, "--apply", dev_shells::EXPRESSION].map(str::to_owned);
    let json = match nix::ask_while(Invocation { program, directory: root, arguments: &words }, PATIENCE, is_wanted) {
        Err(error) if nix::is_missing_attribute(&error) => return Ok(Vec::new()),
        asked => asked?,
    };
    dev_shells::read(&json).ok_or_else(|| Error::new(ErrorKind::Tool, "`nix eval` printed something else than dev shells"))
}

/// Refuses a flake that needs files which Nix would not see. Its own message speaks of a store path.
pub fn refuse_unknown(demands: &Demands) -> Result<()> {
    let [first, rest @ ..] = demands.unknown_to_git.as_slice() else { return Ok(()) };
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let files = demands.unknown_to_git.iter().map(|path| crate::template::escape::sh(path)).collect::<Vec<_>>().join(" ");
    Err(Error::failed(format!("git does not know `{first}`{more}, so Nix does not see what the flake needs"))
        .hint(format!("run `git add --intent-to-add {files}` at the top of the repository"))
        .hint("or let `nixstart doctor --fix --check untracked-flake-files` do it"))
}
