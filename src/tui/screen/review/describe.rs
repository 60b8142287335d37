//! What an action does, for somebody who decides about it: the exact command or change, how it is verified, and what could
//! be typed instead. Everything that comes back is safe to show, except commands.

use camino::Utf8Path;

use super::entry::Tone;
use crate::changeset::unified_diff;
use crate::file_tree::{FileTree, RelativePath};
use crate::plan::{Action, Privilege, Step};
use crate::template::escape;
use crate::ui::plan_view::Current;
use crate::ui::visible;

/// Nobody reads more lines than this.
const MOST_LINES: usize = 2000;

/// What the changes are called.
pub(super) const fn label(step: &Step) -> &'static str {
    match (&step.action, step.privilege) {
        (Action::EditFile { .. } | Action::ReplaceFile { .. }, Privilege::User) => "Change",
        (Action::EditFile { .. } | Action::ReplaceFile { .. }, Privilege::Root) => "As root",
        (Action::CreateDirectory { .. } | Action::CreateFiles { .. } | Action::WriteSecrets { .. }, _) => "Writes",
        _ => "Runs",
    }
}

/// The command, the unified diff or the new files of a step.
pub(super) fn changes(step: &Step, current: &Current) -> Vec<(Tone, String)> {
    let mut lines = match &step.action {
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
        Action::Run { .. }
        | Action::InitRepository { .. }
        | Action::StageFiles { .. }
        | Action::Commit { .. }
        | Action::SetMode { .. }
        | Action::RemoveFile { .. } => commands(step).iter().map(|command| (Tone::Command, visible(command))).collect(),
    };
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push((Tone::Warning, format!("{more} more lines")));
    }
    lines
}

/// What a person could type instead, as it is; empty where no command does the same.
pub(super) fn commands(step: &Step) -> Vec<String> {
    let words = match &step.action {
        Action::Run { program, arguments, .. } => std::iter::once(program).chain(arguments).cloned().collect(),
        Action::SetMode { path, mode } => vec!["chmod".to_owned(), format!("{mode:04o}"), path.to_string()],
        Action::RemoveFile { path } => vec!["rm".to_owned(), path.to_string()],
        Action::InitRepository { directory } => vec!["git".to_owned(), "init".to_owned(), directory.to_string()],
        Action::StageFiles { directory, paths } => {
            let words = ["git", "-C", directory.as_str(), "add", "--"].map(str::to_owned);
            words.into_iter().chain(paths.iter().map(|path| path.as_str().to_owned())).collect()
        }
        Action::Commit { directory, message } => {
            ["git", "-C", directory.as_str(), "commit", "-m", message].map(str::to_owned).to_vec()
        }
        Action::CreateDirectory { .. }
        | Action::CreateFiles { .. }
        | Action::ReplaceFile { .. }
        | Action::WriteSecrets { .. }
        | Action::EditFile { .. } => Vec::new(),
    };
    if words.is_empty() {
        return Vec::new();
    }
    let line = words.iter().map(|word| escape::sh(word)).collect::<Vec<_>>().join(" ");
    vec![if step.privilege == Privilege::Root { format!("sudo {line}") } else { line }]
}

/// How it is made sure that the step did what it should.
pub(super) fn verification(action: &Action) -> String {
    match action {
        Action::CreateDirectory { .. } | Action::CreateFiles { .. } => "every file is compared with what it should be".to_owned(),
        Action::ReplaceFile { .. } | Action::EditFile { .. } => "the file is read again and compared".to_owned(),
        Action::WriteSecrets { .. } => "the file is read again; every variable is there, mode 0600".to_owned(),
        Action::InitRepository { .. } => "the repository can be opened".to_owned(),
        Action::StageFiles { .. } => "the index of the repository is read again".to_owned(),
        Action::Commit { .. } => "the commit is the head of the repository".to_owned(),
        Action::Run { produces, .. } if produces.is_empty() => "the program ends with exit code 0".to_owned(),
        Action::Run { produces, .. } => {
            let paths: Vec<&str> = produces.iter().map(RelativePath::as_str).collect();
            format!("afterwards there is {}", paths.join(", "))
        }
        Action::SetMode { mode, .. } => format!("the mode is looked at again and is {mode:04o}"),
        Action::RemoveFile { .. } => "the file is gone".to_owned(),
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
