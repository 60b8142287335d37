//! What an action does, for somebody who decides about it: the exact command or change, how it is verified, and what could
//! be typed instead. Everything that comes back is safe to show, except commands.

use camino::Utf8Path;

use super::entry::Tone;
use crate::changeset::unified_diff;
use crate::file_tree::FileTree;
use crate::plan::{Action, Privilege, SecretChange, Step};
use crate::ui::plan_view::Current;
use crate::ui::visible;

/// Nobody reads more lines than this.
const MOST_LINES: usize = 2000;

/// What the changes are called.
pub(super) const fn label(step: &Step) -> &'static str {
    match (&step.action, step.privilege) {
        (Action::EditFile { .. } | Action::ReplaceFile { .. }, Privilege::Root) => "As root",
        (Action::EditFile { .. } | Action::ReplaceFile { .. } | Action::ChangeSecrets { .. }, _) => "Change",
        (Action::CreateDirectory { .. } | Action::CreateFiles { .. } | Action::WriteSecrets { .. }, _) => "Writes",
        (Action::Download { .. }, _) => "From",
        _ => "Runs",
    }
}

/// The command, the unified diff or the new files of a step.
pub(super) fn changes(step: &Step, current: &Current) -> Vec<(Tone, String)> {
    let mut lines = match &step.action {
        Action::Download { url, check, .. } => {
            [url.clone(), check.describe()].iter().map(|line| (Tone::Plain, visible(line))).collect()
        }
        Action::CreateDirectory { path: directory, tree } | Action::CreateFiles { directory, tree } => new_files(directory, tree),
        Action::ReplaceFile { directory, path, file, .. } => {
            let path = directory.join(path.as_str());
            diff(&path, current.get(path.as_str()).map(Vec::as_slice), &file.contents)
        }
        Action::EditFile { path, edit } => {
            let old = current.get(path.as_str()).map(Vec::as_slice);
            match edit.apply(old.unwrap_or_default()) {
                Ok(new) => diff(path, old, &new),
                Err(error) => vec![(Tone::Warning, visible(&format!("{path}: {error}")))],
            }
        }
        Action::WriteSecrets { path, entries } => {
            let variables = entries.iter().map(|entry| format!("{}  {}", entry.name, entry.source.describe()));
            let lines = std::iter::once(path.to_string()).chain(variables);
            lines.map(|line| (Tone::Plain, visible(&line))).collect()
        }
        Action::ChangeSecrets { path, changes, replaced, .. } => {
            let lines = std::iter::once(path.to_string()).chain(SecretChange::lines(path, changes, replaced));
            lines.map(|line| (Tone::Plain, visible(&line))).collect()
        }
        Action::Run { .. }
        | Action::InitRepository { .. }
        | Action::StageFiles { .. }
        | Action::Commit { .. }
        | Action::SetMode { .. }
        | Action::RemoveFile { .. } => step.command_line().iter().map(|command| (Tone::Command, visible(command))).collect(),
    };
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push((Tone::Warning, format!("{more} more lines")));
    }
    lines
}

/// How it is made sure that the step did what it should.
pub(super) fn verification(action: &Action) -> String {
    match action {
        Action::CreateDirectory { .. } | Action::CreateFiles { .. } => "every file is compared with what it should be".to_owned(),
        Action::ReplaceFile { .. } | Action::EditFile { .. } => "the file is read again and compared".to_owned(),
        Action::WriteSecrets { .. } => "the file is read again; every variable is there, mode 0600".to_owned(),
        Action::ChangeSecrets { .. } => "the file is read again; every variable is as it should be".to_owned(),
        Action::InitRepository { .. } => "the repository can be opened".to_owned(),
        Action::StageFiles { .. } => "the index of the repository is read again".to_owned(),
        Action::Commit { .. } => "the commit is the head of the repository".to_owned(),
        Action::Run { produces, .. } if produces.is_empty() => "the program ends with exit code 0".to_owned(),
        Action::Run { directory, produces, .. } => {
            let paths: Vec<String> = produces.iter().map(|path| directory.join(path.as_str()).to_string()).collect();
            format!("afterwards there is {}", paths.join(", "))
        }
        Action::SetMode { mode, .. } => format!("the mode is looked at again and is {mode:04o}"),
        Action::RemoveFile { .. } => "the file is gone".to_owned(),
        Action::Download { .. } => "before anything of it runs, its digest is compared".to_owned(),
    }
}

/// How much is downloaded at most, where the action says it.
pub(super) fn download(action: &Action) -> Option<String> {
    action.summary().get("most_bytes")?.as_u64().map(at_most)
}

fn at_most(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("max {} kB", bytes.div_ceil(1000)),
        _ => format!("max {} MB", bytes.div_ceil(1_000_000)),
    }
}

fn new_files(directory: &Utf8Path, tree: &FileTree) -> Vec<(Tone, String)> {
    tree.iter().flat_map(|(path, file)| diff(&directory.join(path.as_str()), None, &file.contents)).collect()
}

fn diff(path: &Utf8Path, old: Option<&[u8]>, new: &[u8]) -> Vec<(Tone, String)> {
    let diff = unified_diff(path.as_str().trim_start_matches('/'), old, new);
    diff.split_terminator('\n').map(|line| (tone(line), visible(line))).collect()
}

fn tone(line: &str) -> Tone {
    match line.chars().next() {
        Some('+') => Tone::Added,
        Some('-') => Tone::Removed,
        Some('@') => Tone::Place,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_never_too_small() {
        assert_eq!(
            [at_most(0), at_most(1), at_most(999_999), at_most(12_000_001)],
            ["max 0 kB", "max 1 kB", "max 1000 kB", "max 13 MB"]
        );
    }

    #[test]
    fn a_change_of_line_ends_is_seen() {
        let lines = diff("/h/a".into(), Some(b"a\r\n"), b"a\n");
        let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["--- a/h/a", "+++ b/h/a", "@@ -1 +1 @@", "-a\\r", "+a"]);
    }
}
