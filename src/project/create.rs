//! Plans a new project: rendered files, the place they go to and what the user chose become steps.
//!
//! The order is a promise: the repository exists and everything is staged before `.env` is written, because a flake that
//! is no repository copies `.env` into the world-readable Nix store.

use std::collections::BTreeMap;

use camino::Utf8Path;
use ignore::gitignore::GitignoreBuilder;
use sha2::{Digest, Sha256};

use super::site::Site;
use crate::changeset::{Change, OnDisk, Resolution, beside, compare, merge_lines};
use crate::file_tree::{File, FileTree, RelativePath, hex};
use crate::plan::{Action, Plan, SecretEntry, SecretSource, Step, Undo};
use crate::template::escape::sh;

/// What is done with git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Git {
    /// Nothing.
    Leave,
    /// A repository is made and the files are staged.
    Stage,
    /// They are committed, too.
    Commit,
}

/// Everything the plan of a new project follows from.
#[derive(Debug)]
pub struct Request<'a> {
    /// Name of the template.
    pub template: &'a str,
    /// The rendered files.
    pub tree: &'a FileTree,
    /// The place they go to.
    pub site: &'a Site,
    /// What is on disk at the paths of the tree and beside them.
    pub on_disk: &'a BTreeMap<RelativePath, OnDisk>,
    /// What is done about files that differ.
    pub resolutions: &'a BTreeMap<RelativePath, Resolution>,
    /// What is done with git.
    pub git: Git,
    /// The declared variables and where their values come from.
    pub secrets: &'a [SecretEntry],
    /// Programs that are run in the project at the end.
    pub runs: &'a [ProgramRun],
}

/// A program that is run in the new project.
#[derive(Debug, Clone)]
pub struct ProgramRun {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it does, as a fragment.
    pub about: String,
    /// What it makes.
    pub produces: Vec<RelativePath>,
}

/// Why a project cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// Something stands where a file has to go.
    #[error("{0}")]
    Blocked(String),
    /// The `.env` that is there is tracked by git.
    #[error("git tracks `.env`, so no secret is written to it")]
    TrackedEnv,
}

/// The plan of a new project, and what a person has to be told besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// The plan.
    pub plan: Plan,
    /// Files of the template that do not take the place of the user's own.
    pub kept: Vec<RelativePath>,
    /// Why a `.env` in the project would not be private, as a fragment.
    pub exposure: Option<&'static str>,
}

/// The title of the plan of a new project.
pub fn title(path: &Utf8Path, template: &str) -> String {
    format!("Create `{}` from the template `{template}`", path.file_name().unwrap_or_default())
}

/// Plans a new project.
pub fn plan(request: &Request<'_>) -> Result<Creation, CreateError> {
    let files = file_steps(request)?;
    let mut plan = Plan {
        command: "new".to_owned(),
        title: title(&request.site.path, request.template),
        root: request.site.path.clone(),
        steps: files.steps,
        notes: files.notes,
    };
    add_git(request, &files.to_stage, &files.kept, &mut plan);
    let exposure = why_env_is_exposed(request.site, request.git, &files.gitignore).filter(|_| !request.secrets.is_empty());
    add_secrets(request, exposure, &mut plan)?;
    plan.steps.extend(request.runs.iter().enumerate().map(|(index, run)| run_step(request, index, run)));
    Ok(Creation { plan, kept: files.kept, exposure })
}

/// Why a `.env` in a project would not be private, as a fragment; `gitignore` is the text the project will have.
pub fn why_env_is_exposed(site: &Site, git: Git, gitignore: &str) -> Option<&'static str> {
    let will_be_repository = site.is_repository || git != Git::Leave || site.parent_repository.is_some();
    if !will_be_repository {
        return Some("no git repository ignores it here");
    }
    (!ignores_env(gitignore) && !site.env_is_ignored).then_some("no ignore rule covers it")
}

/// The steps that write files, and what follows from them.
struct FileSteps {
    steps: Vec<Step>,
    notes: Vec<String>,
    /// The files that are written, and in a repository that is new also those that are there with the same bytes.
    to_stage: Vec<RelativePath>,
    /// Files that stay the user's own.
    kept: Vec<RelativePath>,
    /// The `.gitignore` that the project will have.
    gitignore: String,
}

fn file_steps(request: &Request<'_>) -> Result<FileSteps, CreateError> {
    let text = |file: Option<&File>| file.map(|file| String::from_utf8_lossy(&file.contents).into_owned()).unwrap_or_default();
    if !request.site.exists {
        let to_stage = request.tree.iter().map(|(path, _)| path.clone()).collect();
        let gitignore = text(request.tree.get(".gitignore"));
        return Ok(FileSteps {
            steps: vec![create_directory(request)],
            notes: Vec::new(),
            to_stage,
            kept: Vec::new(),
            gitignore,
        });
    }
    let mut new = FileTree::default();
    let mut files = FileSteps {
        steps: Vec::new(),
        notes: Vec::new(),
        to_stage: Vec::new(),
        kept: Vec::new(),
        gitignore: request.site.gitignore.clone().unwrap_or_default(),
    };
    let mut same = 0;
    for (path, file, change) in compare(request.tree, request.on_disk) {
        match change {
            Change::Create => {
                new.insert(path.clone(), file.clone());
                files.to_stage.push(path.clone());
            }
            Change::Same => {
                same += 1;
                // Somebody who left it unstaged in a repository of theirs had a reason.
                if !request.site.is_repository {
                    files.to_stage.push(path.clone());
                }
            }
            Change::Blocked { reason } => return Err(CreateError::Blocked(reason)),
            Change::Conflict { existing } => resolve(request, (path, file, &existing), &mut new, &mut files)?,
        }
    }
    if same > 0 {
        files.notes.push(format!("{same} files are there already, byte for byte"));
    }
    if let Some(file) = new.get(".gitignore") {
        files.gitignore = text(Some(file));
    }
    if !new.is_empty() {
        files.steps.insert(0, create_files(request, new));
    }
    Ok(files)
}

/// Plans what was decided about a file that is there with other bytes.
fn resolve(
    request: &Request<'_>,
    (path, file, existing): (&RelativePath, &File, &File),
    new: &mut FileTree,
    files: &mut FileSteps,
) -> Result<(), CreateError> {
    let resolution = request.resolutions.get(path).copied().unwrap_or_else(|| Resolution::default_for(path));
    match resolution {
        Resolution::Keep => {
            files.kept.push(path.clone());
            files.notes.push(format!("`{path}` stays as it is"));
        }
        Resolution::Replace => {
            files.to_stage.push(path.clone());
            files.steps.push(replace_file(&request.site.path, path, (file.clone(), existing), "Replace"));
        }
        Resolution::Merge => {
            let merged = File { contents: merge_lines(&existing.contents, &file.contents), executable: existing.executable };
            files.to_stage.push(path.clone());
            if path.as_str() == ".gitignore" {
                files.gitignore = String::from_utf8_lossy(&merged.contents).into_owned();
            }
            files.steps.push(replace_file(&request.site.path, path, (merged, existing), "Add lines to"));
        }
        Resolution::Beside => {
            let state = |beside: &RelativePath| request.on_disk.get(beside).cloned().unwrap_or(OnDisk::Absent);
            let is_usable = |beside: &RelativePath| match state(beside) {
                OnDisk::Absent => true,
                OnDisk::File(found) => found.contents == file.contents,
                OnDisk::Blocked(_) => false,
            };
            files.kept.push(path.clone());
            let Some(beside) = beside(path).find(is_usable) else {
                return Err(CreateError::Blocked(format!("there is no free name beside `{path}`")));
            };
            files.notes.push(format!("`{path}` stays as it is; the template's is written to `{beside}`"));
            if state(&beside) == OnDisk::Absent {
                new.insert(beside, file.clone());
            }
        }
    }
    Ok(())
}

fn create_directory(request: &Request<'_>) -> Step {
    let action = Action::CreateDirectory { path: request.site.path.clone(), tree: request.tree.clone() };
    let title = format!("Create the directory with {} files", request.tree.len());
    Step::new(
        "files",
        title,
        "The directory appears all at once, with everything in it, or not at all.",
        action,
        undo_of_new_files(),
    )
}

/// How files that are new are taken back.
pub(super) fn undo_of_new_files() -> Undo {
    Undo::Inverse { by: "remove every file that is still as it was written".to_owned() }
}

fn create_files(request: &Request<'_>, tree: FileTree) -> Step {
    let title = format!("Create {} files in the directory", tree.len());
    let action = Action::CreateFiles { directory: request.site.path.clone(), tree };
    Step::new("files", title, "The directory exists; only files that are not there are made.", action, undo_of_new_files())
}

/// The step that puts a file in the place of another.
pub(super) fn replace_file(directory: &Utf8Path, path: &RelativePath, (file, existing): (File, &File), verb: &str) -> Step {
    // A digest, because any two paths must have two ids: what the file holds now is kept under it.
    let id: String = hex(&Sha256::digest(path.as_str())).chars().take(16).collect();
    let replaces = hex(&Sha256::digest(&existing.contents));
    let action = Action::ReplaceFile { directory: directory.to_owned(), path: path.clone(), file, replaces };
    Step::new(
        &format!("file-{id}"),
        format!("{verb} `{path}`"),
        "What it holds now is kept beside the receipt.",
        action,
        Undo::Restore,
    )
}

fn add_git(request: &Request<'_>, to_stage: &[RelativePath], kept: &[RelativePath], plan: &mut Plan) {
    let site = request.site;
    if request.git == Git::Leave {
        if site.is_repository || site.parent_repository.is_some() {
            plan.notes.push("nothing is staged; Nix sees a file only after `git add --intent-to-add`".to_owned());
        } else {
            let note =
                "without a repository Nix copies the whole directory to its store, which everybody on the machine can read";
            plan.notes.push(note.to_owned());
        }
        return;
    }
    let directory = site.path.clone();
    if !site.is_repository {
        if let Some(parent) = &site.parent_repository {
            plan.notes.push(format!("the directory lies in the work tree of `{parent}`; it becomes a repository of its own"));
        }
        let action = Action::InitRepository { directory: directory.clone() };
        let explanation = "Nix copies only files that git knows; without a repository it would copy everything, secrets too.";
        plan.steps.push(Step::new(
            "repository",
            "Make it a git repository",
            explanation,
            action,
            Undo::Inverse { by: "remove the repository while it has no other commits".to_owned() },
        ));
    }
    let has_new_files = plan.steps.iter().any(|step| {
        matches!(step.action, Action::CreateDirectory { .. } | Action::CreateFiles { .. } | Action::ReplaceFile { .. })
    });
    if !site.is_repository || has_new_files {
        let action = Action::StageFiles { directory: directory.clone(), paths: to_stage.to_vec() };
        if !kept.is_empty() && !site.is_repository {
            let names = kept.iter().map(RelativePath::as_str).collect::<Vec<_>>().join(" ");
            plan.notes.push(format!("your own files are not staged; Nix sees them only after `git add {names}`"));
        }
        let title = format!("Stage {} files", to_stage.len());
        plan.steps.push(Step::new(
            "stage",
            title,
            "A flake sees a file only once git knows it.",
            action,
            Undo::Inverse { by: "put back what the index held".to_owned() },
        ));
    }
    if request.git == Git::Commit && plan.steps.iter().any(|step| step.id == "stage") {
        let message = format!("Start from the {} template", request.template);
        let title = format!("Commit as \"{message}\"");
        let action = Action::Commit { directory, message };
        let undo = if site.is_repository {
            Undo::Manual { instruction: "run `git revert HEAD`".to_owned() }
        } else {
            Undo::Inverse { by: "take the commit back while it is the only one".to_owned() }
        };
        plan.steps.push(Step::new(
            "commit",
            title,
            "You asked for it with `--commit`. Hooks do not run, and it is not signed.",
            action,
            undo,
        ));
    }
}

fn add_secrets(request: &Request<'_>, exposure: Option<&'static str>, plan: &mut Plan) -> Result<(), CreateError> {
    let site = request.site;
    let present = site.env_keys.as_deref().unwrap_or_default();
    let (there, missing): (Vec<_>, Vec<_>) = request.secrets.iter().cloned().partition(|entry| present.contains(&entry.name));
    let has_value = |entry: &&SecretEntry| entry.source != SecretSource::Later;
    plan.notes.extend(there.iter().filter(has_value).map(|entry| format!("{} stays as it is in `.env`", entry.name)));
    let given: Vec<&SecretEntry> = missing.iter().filter(has_value).collect();
    if site.env_is_tracked && !given.is_empty() {
        return Err(CreateError::TrackedEnv);
    }
    if let Some(why) = exposure {
        let held_back =
            if given.is_empty() { "do not make one before" } else { "it is held back, and nothing you brought is written" };
        plan.notes.push(format!("`.env` would not be private, because {why}; {held_back}"));
        return Ok(());
    }
    if given.is_empty() {
        return Ok(());
    }
    let names = given.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
    let is_new = site.env_keys.is_none();
    let title = if is_new { format!("Write `.env` with {names}") } else { format!("Add {names} to `.env`") };
    let undo = if is_new {
        Undo::Inverse { by: "remove the file while it is as it was written".to_owned() }
    } else {
        Undo::Manual { instruction: format!("take {names} out of `.env`; old values are never kept") }
    };
    let entries = if is_new { missing } else { given.into_iter().cloned().collect() };
    let action = Action::WriteSecrets { path: site.path.join(".env"), entries };
    plan.steps.push(Step::new("secrets", title, "Only you can read it (mode 0600), and git ignores it.", action, undo));
    Ok(())
}

/// Whether the rules of a `.gitignore` cover `.env` beside it.
pub fn ignores_env(gitignore: &str) -> bool {
    let mut builder = GitignoreBuilder::new("/");
    for line in gitignore.lines() {
        if builder.add_line(None, line).is_err() {
            return false;
        }
    }
    builder.build().is_ok_and(|rules| rules.matched("/.env", false).is_ignore())
}

fn run_step(request: &Request<'_>, index: usize, run: &ProgramRun) -> Step {
    let command = std::iter::once(&run.program).chain(&run.arguments).map(|word| sh(word)).collect::<Vec<_>>().join(" ");
    let made = run.produces.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(" and ");
    let undo = if run.produces.is_empty() {
        Undo::Irreversible { reason: "nixstart does not know what the program changes".to_owned() }
    } else {
        Undo::Inverse { by: format!("remove {made}, as far as it did not exist before") }
    };
    let action = Action::Run {
        directory: request.site.path.clone(),
        program: run.program.clone(),
        arguments: run.arguments.clone(),
        produces: run.produces.clone(),
        takes_back: Vec::new(),
        settles: Vec::new(),
    };
    Step::new(&format!("run-{index}"), format!("Run `{command}`"), &run.about, action, undo)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn tree() -> FileTree {
        let file = |path: &str, text: &str| (RelativePath::parse(path).unwrap(), File::text(text));
        [file(".gitignore", ".env\n.env.*\n"), file("README.md", "ours\n")].into_iter().collect()
    }

    fn entry(name: &str, source: SecretSource) -> SecretEntry {
        SecretEntry { name: name.into(), comment: String::new(), source }
    }

    struct Case {
        site: Site,
        on_disk: BTreeMap<RelativePath, OnDisk>,
        resolutions: BTreeMap<RelativePath, Resolution>,
        git: Git,
    }

    impl Default for Case {
        fn default() -> Self {
            Self {
                site: Site { path: "/w/bot".into(), ..Site::default() },
                on_disk: BTreeMap::new(),
                resolutions: BTreeMap::new(),
                git: Git::Stage,
            }
        }
    }

    impl Case {
        fn plan(&self) -> Result<Plan, CreateError> {
            self.creation().map(|creation| creation.plan)
        }

        fn creation(&self) -> Result<Creation, CreateError> {
            let secrets = [entry("TOKEN", SecretSource::Entered), entry("ID", SecretSource::Later)];
            plan(&Request {
                template: "t",
                tree: &tree(),
                site: &self.site,
                on_disk: &self.on_disk,
                resolutions: &self.resolutions,
                git: self.git,
                secrets: &secrets,
                runs: &[],
            })
        }

        fn titles(&self) -> Vec<String> {
            self.plan().unwrap().steps.into_iter().map(|step| step.title).collect()
        }
    }

    #[test]
    fn stages_everything_before_secrets_are_written() {
        assert_eq!(
            Case::default().titles(),
            ["Create the directory with 2 files", "Make it a git repository", "Stage 2 files", "Write `.env` with TOKEN"]
        );
        let case = Case { git: Git::Commit, ..Case::default() };
        assert_eq!(case.titles()[3..], ["Commit as \"Start from the t template\"", "Write `.env` with TOKEN"]);
    }

    #[test]
    fn holds_secrets_back_where_nothing_ignores_them() {
        let case = Case { git: Git::Leave, ..Case::default() };
        let plan = case.plan().unwrap();
        assert_eq!(plan.steps.len(), 1);
        assert_eq!(
            plan.notes[1],
            "`.env` would not be private, because no git repository ignores it here; it is held back, and nothing you brought is written"
        );
        assert_eq!(case.creation().unwrap().exposure, Some("no git repository ignores it here"));
    }

    fn existing(readme: &str, gitignore: &str) -> Case {
        let file = |path: &str, text: &str| (RelativePath::parse(path).unwrap(), OnDisk::File(File::text(text)));
        Case {
            site: Site {
                path: "/w/bot".into(),
                exists: true,
                is_repository: true,
                gitignore: Some(gitignore.into()),
                ..Site::default()
            },
            on_disk: [file("README.md", readme), file(".gitignore", gitignore)].into_iter().collect(),
            ..Case::default()
        }
    }

    #[test]
    fn keeps_what_differs_and_merges_ignore_rules_by_default() {
        let case = existing("theirs\n", "dist\n");
        assert_eq!(case.titles(), ["Add lines to `.gitignore`", "Stage 1 files", "Write `.env` with TOKEN"]);
        assert_eq!(case.plan().unwrap().notes, ["`README.md` stays as it is"]);
    }

    #[test]
    fn does_nothing_the_second_time() {
        let mut case = existing("ours\n", ".env\n.env.*\n");
        case.site.env_keys = Some(vec!["TOKEN".into(), "ID".into()]);
        assert_eq!(case.titles(), Vec::<String>::new());
    }

    #[test]
    fn writes_beside_under_a_free_name() {
        let mut case = existing("theirs\n", ".env\n.env.*\n");
        let readme = RelativePath::parse("README.md").unwrap();
        case.resolutions.insert(readme, Resolution::Beside);
        case.on_disk.insert(RelativePath::parse("README.md.new").unwrap(), OnDisk::File(File::text("old")));
        let plan = case.plan().unwrap();
        assert_eq!(plan.notes[0], "`README.md` stays as it is; the template's is written to `README.md.new.2`");
    }

    #[test]
    fn a_kept_gitignore_that_misses_env_holds_secrets_back() {
        let mut case = existing("ours\n", "dist\n");
        case.resolutions.insert(RelativePath::parse(".gitignore").unwrap(), Resolution::Keep);
        assert!(case.plan().unwrap().notes.iter().any(|note| note.contains("because no ignore rule covers it; it is held back")));
    }

    #[test]
    fn refuses_a_tracked_env_and_what_stands_in_the_way() {
        let mut case = existing("ours\n", ".env\n");
        case.site.env_is_tracked = true;
        assert_eq!(case.plan().unwrap_err(), CreateError::TrackedEnv);
        case.on_disk
            .insert(RelativePath::parse("README.md").unwrap(), OnDisk::Blocked("`README.md` is a directory, not a file".into()));
        assert_eq!(case.plan().unwrap_err().to_string(), "`README.md` is a directory, not a file");
    }

    #[test]
    fn reads_ignore_rules_as_git_does() {
        assert!(ignores_env(".env\n"));
        assert!(ignores_env(".env*\n!.env.example\n"));
        assert!(!ignores_env("*.log\n"));
        assert!(!ignores_env(".env\n!.env\n"));
    }
}
