//! What git shows of a `.env` to others: that it is tracked, that only a rule of this machine ignores it, that a commit holds
//! it. `check` says all of it; the first write of a file says what does not stop it.

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Place};
use crate::facts::Fact;
use crate::facts::secrets::{History, Privacy};
use crate::host::env_file::EnvFile;
use crate::host::probe;

/// What is wrong, by the name under which the file is shown.
pub(super) fn to_git(file: &EnvFile, name: &str) -> Vec<Diagnostic> {
    let whole = || Place::new(name, 0);
    let (privacy, history) = probe::exposure(file.place());
    let rules = "add `.env` and `.env.*` and `!.env.example` to a `.gitignore` and commit it";
    let found = match privacy {
        Fact::Known(Privacy::Tracked) => Some(
            Diagnostic::error(whole(), "tracked", "git tracks it, so every commit holds its secrets")
                .hint(format!("run `git rm --cached {name}`, commit that, and change every secret in it")),
        ),
        Fact::Known(Privacy::NotIgnored) => Some(Diagnostic::error(whole(), "not-ignored", "git does not ignore it").hint(rules)),
        Fact::Known(Privacy::IgnoredHereOnly) => {
            let message = "only a rule of this machine ignores it, which nobody else has";
            Some(Diagnostic::warning(whole(), "ignored-here-only", message).hint(rules))
        }
        Fact::Known(Privacy::Ignored) | Fact::Unknown(_) => None,
    };
    found.into_iter().chain(in_history(&history, file.place(), name)).collect()
}

fn in_history(history: &Fact<History>, place: &Utf8Path, name: &str) -> Option<Diagnostic> {
    let found = history.known()?.files.iter().find(|file| Some(file.name.as_str()) == place.file_name())?;
    let variables = if found.variables.is_empty() { "it".to_owned() } else { found.variables.join(", ") };
    let message = format!("commit {} holds it, so its secrets are in the history", found.commit);
    Some(Diagnostic::warning(Place::new(name, 0), "in-history", message).hint(format!("change what it held: {variables}")))
}
