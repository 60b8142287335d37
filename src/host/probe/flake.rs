//! Looks at the flake of the project: its text and its lock by their syntax, its files through libgit2. It is evaluated
//! only in depth.

mod size;
mod sources;

use camino::{Utf8Path, Utf8PathBuf};

use super::Vantage;
use super::git::work_tree::{Changes, WorkTree};
use super::git::{project_directories, top, top_of};
use crate::facts::Fact;
use crate::facts::direnv::{Envrc, UseKind};
use crate::facts::flake::lock::LockFile;
use crate::facts::flake::{Flake, InstallerStep, Lock, NixpkgsAge, Untracked, is_manifest};
use crate::host::clock;
use crate::host::nix::{FEATURES, system};
use sources::Sources;

const NO_FLAKE: &str = "this is no flake project";
const NO_REPOSITORY: &str = "this is no git repository";

/// What a flake asks of whoever evaluates it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// Whether it has to see variables.
    pub is_impure: bool,
    /// Files that it cannot do without and that git does not know, so that Nix does not see them.
    pub unknown_to_git: Vec<String>,
}

/// Looks at a flake without evaluating it.
pub fn demands(root: &Utf8Path) -> Demands {
    let sources = Sources::read(root);
    let is_impure = sources.impurity.is_some();
    let Some(work_tree) = top_of(root).and_then(|top| WorkTree::open(&top).ok()) else {
        return Demands { is_impure, ..Demands::default() };
    };
    let changes = work_tree.changes().map_or_else(Fact::failed, Fact::Known);
    let unknown = untracked(&changes, &sources, root, Some(work_tree.top()));
    let needed = unknown.known().into_iter().flatten().filter(|file| file.is_needed);
    Demands { is_impure, unknown_to_git: needed.map(|file| file.path.clone()).collect() }
}

pub(super) fn look(vantage: &Vantage) -> Flake {
    let directories = project_directories(vantage);
    let root = directories.iter().find(|directory| directory.join("flake.nix").is_file()).cloned();
    let top = top(vantage);
    let installers = top.as_deref().map_or_else(Vec::new, installers);
    let common = Flake {
        expected_by: expected_by(vantage, &directories).into(),
        system: system().into(),
        installers: installers.into(),
        root: root.clone().into(),
        ..Flake::default()
    };
    match root {
        Some(root) => of_root(vantage, &root, top.as_deref(), common),
        None => Flake {
            syntax: Fact::irrelevant(NO_FLAKE),
            untracked: Fact::irrelevant(NO_FLAKE),
            ignored: Fact::irrelevant(NO_FLAKE),
            systems: Fact::irrelevant(NO_FLAKE),
            shells: Fact::irrelevant(NO_FLAKE),
            impurity: Fact::irrelevant(NO_FLAKE),
            lock: Fact::irrelevant(NO_FLAKE),
            nixpkgs_age: Fact::irrelevant(NO_FLAKE),
            changed: Fact::irrelevant(NO_FLAKE),
            size: Fact::irrelevant(NO_FLAKE),
            ..common
        },
    }
}

fn of_root(vantage: &Vantage, root: &Utf8Path, top: Option<&Utf8Path>, common: Flake) -> Flake {
    let work_tree = top.map(WorkTree::open);
    let changes = match &work_tree {
        Some(Ok(work_tree)) => work_tree.changes().map_or_else(Fact::failed, Fact::Known),
        Some(Err(why)) => Fact::failed(why),
        None => Fact::irrelevant(NO_REPOSITORY),
    };
    let work_tree = work_tree.and_then(Result::ok);
    let sources = Sources::read(root);
    let is_tracked = work_tree.as_ref().map(|tree| tree.is_tracked(&relative(&root.join("flake.lock"), tree.top())));
    let (lock, nixpkgs_age) = lock(vantage, root, &sources, is_tracked);
    Flake {
        ignored: match &work_tree {
            Some(work_tree) => ignored(&sources, work_tree).into(),
            None => Fact::irrelevant(NO_REPOSITORY),
        },
        untracked: untracked(&changes, &sources, root, top),
        changed: changes.map(|changes| changes.tracked),
        shells: shells(vantage, root, common.system.known().map_or("", String::as_str)),
        size: size::look(root, work_tree.as_ref()).into(),
        syntax: sources.confirmed_errors(vantage).into(),
        systems: sources.systems.clone().into(),
        impurity: sources.impurity.clone().into(),
        lock,
        nixpkgs_age,
        ..common
    }
}

/// What makes one expect a flake.
fn expected_by(vantage: &Vantage, directories: &[Utf8PathBuf]) -> Option<String> {
    directories.iter().find_map(|directory| {
        if directory.join("flake.lock").is_file() {
            return Some(format!("`{directory}` holds a `flake.lock`"));
        }
        if directory.join("nixstart.toml").is_file() {
            return Some(format!("`{directory}` holds a `nixstart.toml`"));
        }
        let path = directory.join(".envrc");
        let envrc = Envrc::read(&path, vantage.read(&path).known()?.as_deref()?);
        let used = envrc.uses.iter().find(|used| used.kind == UseKind::Flake && used.is_local())?;
        Some(format!("`{path}` says `{}`", used.line.trim()))
    })
}

fn relative(path: &Utf8Path, top: &Utf8Path) -> String {
    path.strip_prefix(top).map_or_else(|_| path.to_string(), ToString::to_string)
}

fn untracked(changes: &Fact<Changes>, sources: &Sources, root: &Utf8Path, top: Option<&Utf8Path>) -> Fact<Vec<Untracked>> {
    let changes = match changes {
        Fact::Known(changes) => changes,
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    };
    let top = top.unwrap_or(root);
    let mut found = Vec::new();
    for path in &changes.untracked {
        let full = top.join(path);
        if !full.starts_with(root) {
            continue;
        }
        let name = full.file_name().unwrap_or_default();
        let is_needed = is_manifest(name) || sources.mentions(&full);
        if is_needed || name.ends_with(".nix") {
            found.push(Untracked { path: path.clone(), is_needed });
        }
    }
    found.into()
}

/// Files that the flake mentions and git ignores.
fn ignored(sources: &Sources, work_tree: &WorkTree) -> Vec<String> {
    let paths = sources.mentioned.iter().filter(|path| path.exists()).map(|path| relative(path, work_tree.top()));
    paths.filter(|path| !path.is_empty() && work_tree.is_ignored(path) && !work_tree.is_tracked(path)).collect()
}

fn lock(vantage: &Vantage, root: &Utf8Path, sources: &Sources, is_tracked: Option<bool>) -> (Fact<Lock>, Fact<NixpkgsAge>) {
    let text = match vantage.read(&root.join("flake.lock")) {
        Fact::Known(Some(text)) => text,
        Fact::Known(None) => {
            let inputs = sources.inputs.as_ref().map_or(1, Vec::len);
            return (Lock::Missing { inputs }.into(), Fact::irrelevant("there is no `flake.lock`"));
        }
        Fact::Unknown(why) => return (Fact::Unknown(why.clone()), Fact::Unknown(why)),
    };
    match LockFile::read(&text) {
        Ok(lock) => {
            let differences = sources.inputs.as_ref().map_or_else(Vec::new, |inputs| lock.differences(inputs));
            (Lock::Read { is_tracked, differences }.into(), age(&lock))
        }
        Err(why) => (Lock::Broken(why).into(), Fact::irrelevant("`flake.lock` cannot be read")),
    }
}

fn age(lock: &LockFile) -> Fact<NixpkgsAge> {
    let Some(time) = lock.nixpkgs_time else { return Fact::irrelevant("`flake.lock` pins no nixpkgs") };
    let seconds = (clock::now_milliseconds() / 1000).saturating_sub(time);
    NixpkgsAge { input: lock.nixpkgs.clone(), days: seconds / 86_400 }.into()
}

/// The dev shells for a system.
fn shells(vantage: &Vantage, root: &Utf8Path, system: &str) -> Fact<Vec<String>> {
    if !vantage.reach.deep {
        return Fact::not_looked("only with `--deep`");
    }
    let installable = format!("{root}#devShells.{system}");
    let mut arguments = FEATURES.to_vec();
    arguments.extend(["eval", "--json", "--impure", "--no-write-lock-file"]);
    if !vantage.reach.network {
        arguments.push("--offline");
    }
    arguments.extend([installable.as_str(), "--apply", "builtins.attrNames"]);
    match vantage.run("nix", &arguments) {
        Fact::Known(output) if output.is_success() => serde_json::from_str::<Vec<String>>(&output.stdout)
            .map_or_else(|_| Fact::failed("`nix eval` says nothing that can be read"), Fact::Known),
        Fact::Known(output) if output.stderr.contains("does not provide attribute") => Vec::new().into(),
        Fact::Known(output) => {
            let line = output.stderr.lines().map(str::trim).find(|line| line.starts_with("error:") && line.len() > 7);
            Fact::failed(format!("the flake does not evaluate: {}", line.unwrap_or("`nix eval` says no reason")))
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Steps of workflows that install Nix.
fn installers(top: &Utf8Path) -> Vec<InstallerStep> {
    let Ok(entries) = top.join(".github/workflows").read_dir_utf8() else { return Vec::new() };
    let mut files: Vec<Utf8PathBuf> = entries.flatten().map(|entry| entry.path().to_owned()).collect();
    files.retain(|path| matches!(path.extension(), Some("yml" | "yaml")) && path.is_file());
    files.sort_unstable();
    let steps = |path: &Utf8PathBuf| {
        let text = fs_err::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        InstallerStep::read(&relative(path, top), &text)
    };
    files.iter().flat_map(steps).collect()
}

#[cfg(test)]
mod tests {
    use super::super::git::tests::{git, repository};
    use super::*;

    fn write(project: &Utf8Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let file = project.join(path);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, text).unwrap();
        }
    }

    const FLAKE: &str = "{ outputs = { self }: { devShells.x86_64-linux.web = import ./nix/web.nix; local = ./local.nix; }; }\n";

    #[test]
    fn finds_files_that_nix_does_not_see() {
        let (project, vantage) = repository();
        write(
            &project,
            &[
                ("flake.nix", FLAKE),
                ("nix/web.nix", "{ self }: { src = ../apps/web; other = \"${self}/other\"; }"),
                ("apps/web/index.html", ""),
                ("other/data.json", "{}"),
                ("apps/api/package.json", "{}"),
                ("apps/api/index.js", ""),
                ("scratch.nix", "1"),
                ("local.nix", "1"),
                (".gitignore", "local.nix\nnode_modules\n"),
                ("node_modules/x/package.json", "{}"),
            ],
        );
        let found = look(&vantage);
        let shown: Vec<_> = found.untracked.known().unwrap().iter().map(|file| (file.path.as_str(), file.is_needed)).collect();
        let expected = [
            ("apps/api/package.json", true),
            ("apps/web/index.html", true),
            ("flake.nix", true),
            ("nix/web.nix", true),
            ("other/data.json", true),
            ("scratch.nix", false),
        ];
        assert_eq!(shown, expected);
        assert_eq!(found.ignored.known().unwrap(), &["local.nix"]);
        git(&vantage, &["add", "--all", "--intent-to-add"]);
        assert_eq!(look(&vantage).untracked, Vec::new().into());
        git(&vantage, &["add", "--all"]);
        git(&vantage, &["commit", "--quiet", "--message", "first"]);
        assert_eq!(look(&vantage).changed, 0.into());
        write(&project, &[("flake.nix", "{ outputs = { self }: { }; }")]);
        assert_eq!(look(&vantage).changed, 1.into());
    }

    #[test]
    fn the_lock_is_compared_with_the_flake() {
        let (project, vantage) = repository();
        write(&project, &[("flake.nix", "{ inputs.nixpkgs.url = \"github:NixOS/nixpkgs\"; outputs = { self, nixpkgs }: { }; }")]);
        assert_eq!(look(&vantage).lock, Lock::Missing { inputs: 1 }.into());
        let lock = r#"{"nodes":{"nixpkgs":{"locked":{"lastModified":1700000000},"original":{"type":"github","owner":"NixOS","repo":"nixpkgs"}},"root":{"inputs":{"nixpkgs":"nixpkgs"}}},"root":"root","version":7}"#;
        write(&project, &[("flake.lock", lock)]);
        let found = look(&vantage);
        assert_eq!(found.lock, Lock::Read { is_tracked: Some(false), differences: Vec::new() }.into());
        assert!(found.nixpkgs_age.known().unwrap().days > 700);
        git(&vantage, &["add", "--all"]);
        assert_eq!(look(&vantage).lock, Lock::Read { is_tracked: Some(true), differences: Vec::new() }.into());
        write(&project, &[("flake.lock", "{")]);
        assert!(matches!(look(&vantage).lock, Fact::Known(Lock::Broken(_))));
    }

    #[test]
    fn broken_files_are_named_with_their_line() {
        let (project, vantage) = repository();
        write(&project, &[("flake.nix", "{ outputs = { self }: import ./x.nix; }"), ("x.nix", "{\n  a = 1\n  b = 2;\n}\n")]);
        let found = look(&vantage);
        let errors = found.syntax.known().unwrap();
        assert_eq!((errors[0].path.as_str(), errors[0].line), ("x.nix", Some(3)));
    }

    #[test]
    fn a_flake_above_is_found_and_a_missing_one_is_expected() {
        let (project, mut vantage) = repository();
        write(&project, &[(".envrc", "use flake\n")]);
        let found = look(&vantage);
        assert_eq!(found.root, None.into());
        assert_eq!(found.expected_by, Some(format!("`{project}/.envrc` says `use flake`")).into());
        write(&project, &[("flake.nix", FLAKE), ("apps/web/x", "")]);
        vantage.directory = project.join("apps/web");
        assert_eq!(look(&vantage).root, Some(project).into());
    }

    #[test]
    fn shells_are_evaluated_by_the_real_nix_in_depth() {
        let (project, mut vantage) = repository();
        let system = system();
        let shell = |name: &str| {
            format!("devShells.{system}.{name} = derivation {{ name = \"x\"; builder = \"/bin/sh\"; system = \"{system}\"; }};")
        };
        write(&project, &[("flake.nix", &format!("{{ outputs = {{ self }}: {{ {} {} }}; }}", shell("default"), shell("web")))]);
        git(&vantage, &["add", "--all"]);
        assert_eq!(look(&vantage).shells, Fact::not_looked("only with `--deep`"));
        vantage.reach.deep = true;
        match look(&vantage).shells {
            Fact::Known(shells) => assert_eq!(shells, ["default", "web"]),
            // A machine without a usable store has nothing to say.
            Fact::Unknown(why) => assert!(!why.to_string().is_empty()),
        }
    }

    #[test]
    fn workflows_are_read() {
        let (project, vantage) = repository();
        write(&project, &[(".github/workflows/ci.yml", "    uses: DeterminateSystems/nix-installer-action@v13\n")]);
        assert!(look(&vantage).installers.known().unwrap()[0].is_stale());
    }

    #[test]
    fn looking_at_a_project_of_this_size_is_quick() {
        let (project, vantage) = repository();
        for number in 0..400 {
            write(&project, &[(&format!("src/{number}/mod.nix"), "{ a = [ 1 2 3 ]; }")]);
        }
        write(&project, &[("flake.nix", FLAKE)]);
        git(&vantage, &["add", "--all"]);
        let start = std::time::Instant::now();
        let found = look(&vantage);
        assert!(found.size.known().unwrap().is_complete);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
