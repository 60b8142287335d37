//! What others can see of a `.env`: what git shows of it (that it is tracked, that only a rule of this machine ignores it, that
//! a commit holds it), and what Nix copies. `check` says all of it; the first write of a file says what does not stop it.

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Place};
use crate::facts::Fact;
use crate::facts::secrets::{History, Privacy};
use crate::host::env_file::EnvFile;
use crate::host::{git, paths, probe};

/// The code of a finding that is no news where a project begins.
pub(super) const RULE_NOT_COMMITTED: &str = "rule-not-committed";

/// What is wrong, by the name under which the file is shown.
pub(super) fn to_git(file: &EnvFile, name: &str) -> Vec<Diagnostic> {
    let (whole, typed) = (|| Place::new(name, 0), paths::shown(file.path()));
    let (privacy, history) = probe::exposure(file.place());
    let rules = "add `.env` and `.env.*` and `!.env.example` to a `.gitignore` and commit it";
    let found = match privacy {
        Fact::Known(Privacy::Tracked) => Some(
            Diagnostic::error(whole(), "tracked", "git tracks it, so every commit holds its secrets")
                .hint(format!("run `git rm --cached {typed}`, commit that, and change every secret in it")),
        ),
        Fact::Known(Privacy::NotIgnored) => Some(Diagnostic::error(whole(), "not-ignored", "git does not ignore it").hint(rules)),
        Fact::Known(Privacy::IgnoredHereOnly) => {
            let message = "only a rule of this machine ignores it, which nobody else has";
            Some(Diagnostic::warning(whole(), "ignored-here-only", message).hint(rules))
        }
        Fact::Known(Privacy::IgnoredFromNextCommit) => {
            let message = "the rule that ignores it is not committed, so nobody else has it yet";
            let finding = Diagnostic::warning(whole(), RULE_NOT_COMMITTED, message);
            Some(finding.hint("run `git add` for the `.gitignore` with the rule, and commit it"))
        }
        Fact::Known(Privacy::Ignored) | Fact::Unknown(_) => None,
    };
    found.into_iter().chain(in_history(&history, file.place(), name)).collect()
}

/// A flake that is in no repository is copied into the store with everything beside it (Nix 2.8 to 2.31, `path:` flakes).
pub(super) fn to_store(file: &EnvFile, root: &Utf8Path, name: &str) -> Option<Diagnostic> {
    let is_below = |directory: &&Utf8Path| directory.starts_with(root);
    let mut around = file.path().ancestors().skip(1).take_while(is_below);
    let has_flake = around.any(|directory| directory.join("flake.nix").is_file());
    if !has_flake || file.privacy() != git::Privacy::NoRepository {
        return None;
    }
    let message = "the flake is in no git repository, so Nix copies this file into the store, where everybody can read it";
    let hint = "ignore it in a `.gitignore`, then run `git init && git add .` before the next `nix` command";
    Some(Diagnostic::warning(Place::new(name, 0), "in-store", message).hint(hint))
}

/// Others who may change the directory can put another file in the place of this one.
pub(super) fn to_replacement(file: &EnvFile, name: &str) -> Option<Diagnostic> {
    let directory = file.place().parent().filter(|directory| probe::is_open_directory(directory))?;
    let message = "others can put another file in its place, because they may write to its directory";
    let hint = format!("run `chmod go-w {}`", paths::shown(directory));
    Some(Diagnostic::warning(Place::new(name, 0), "open-directory", message).hint(hint))
}

fn in_history(history: &Fact<History>, place: &Utf8Path, name: &str) -> Option<Diagnostic> {
    let found = history.known()?.files.iter().find(|file| Some(file.name.as_str()) == place.file_name())?;
    let variables = if found.variables.is_empty() { "it".to_owned() } else { found.variables.join(", ") };
    let message = format!("commit {} holds it, so its secrets are in the history", found.commit);
    Some(Diagnostic::warning(Place::new(name, 0), "in-history", message).hint(format!("change what it held: {variables}")))
}
