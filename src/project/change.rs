//! Plans a change to a project that exists: files that were merged with what is on disk become steps.

use camino::Utf8Path;

use super::create::{replace_file, undo_of_new_files};
use crate::file_tree::{File, FileTree, RelativePath};
use crate::plan::{Action, Plan, Step, Undo};
use crate::template::update::Merge;

/// What is changed.
#[derive(Debug)]
pub struct Request<'a> {
    /// The project, as an absolute path.
    pub root: &'a Utf8Path,
    /// The command, as receipts name it.
    pub command: &'a str,
    /// What it does, as a sentence without period.
    pub title: String,
    /// What becomes of which file; what is left to a person is not planned.
    pub merges: Vec<(RelativePath, Merge)>,
    /// Whether git has to be told of new files.
    pub is_repository: bool,
}

/// Plans the change.
pub fn plan(request: Request<'_>) -> Plan {
    let Request { root, command, title, merges, is_repository } = request;
    let (mut new, mut steps) = (FileTree::default(), Vec::new());
    for (path, merge) in merges {
        match merge {
            Merge::Create(file) => {
                new.insert(path, file);
            }
            Merge::Replace { existing, file } => steps.push(replace_file(root, &path, (file, &existing), "Change")),
            Merge::Refuse { .. } => {}
        }
    }
    if !new.is_empty() {
        let staged = is_repository.then(|| stage(root, &new));
        steps.insert(0, create(root, new));
        steps.extend(staged);
    }
    Plan { command: command.to_owned(), title, root: root.to_owned(), steps, notes: Vec::new() }
}

/// The plan that changes one file.
pub fn of_one_file(
    root: &Utf8Path,
    command: &str,
    title: String,
    (path, existing, contents): (RelativePath, File, Vec<u8>),
) -> Plan {
    let file = File { contents, executable: existing.executable };
    let merges = vec![(path, Merge::Replace { existing, file })];
    plan(Request { root, command, title, merges, is_repository: false })
}

fn create(root: &Utf8Path, tree: FileTree) -> Step {
    let title = format!("Create {} {}", tree.len(), if tree.len() == 1 { "file" } else { "files" });
    let action = Action::CreateFiles { directory: root.to_owned(), tree };
    Step::new("files", title, "Only files that are not there are made.", action, undo_of_new_files())
}

fn stage(root: &Utf8Path, tree: &FileTree) -> Step {
    let paths: Vec<RelativePath> = tree.iter().map(|(path, _)| path.clone()).collect();
    let title = format!("Stage {} {}", paths.len(), if paths.len() == 1 { "file" } else { "files" });
    let action = Action::StageFiles { directory: root.to_owned(), paths };
    let undo = Undo::Inverse { by: "put back what the index held".to_owned() };
    Step::new("stage", title, "A flake sees a file only once git knows it.", action, undo)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    #[test]
    fn new_files_come_first_and_git_is_told_last() {
        let refuse = Merge::Refuse { why: "x".into(), wanted: String::new() };
        let replace = Merge::Replace { existing: File::text("a"), file: File::text("b") };
        let merges = vec![(path("a"), replace), (path("b"), Merge::Create(File::text("b"))), (path("c"), refuse)];
        let request = |is_repository| Request {
            root: Utf8Path::new("/p"),
            command: "add",
            title: "x".into(),
            merges: merges.clone(),
            is_repository,
        };
        let titles = |is_repository| plan(request(is_repository)).steps.into_iter().map(|step| step.title).collect::<Vec<_>>();
        assert_eq!(titles(true), ["Create 1 file", "Change `a`", "Stage 1 file"]);
        assert_eq!(titles(false), ["Create 1 file", "Change `a`"]);
    }
}
