//! Looks at git and the repository of the project, through libgit2 and plain files.

pub(super) mod work_tree;

use std::os::unix::fs::MetadataExt;

use super::Vantage;
use crate::facts::Fact;
use crate::facts::git::{Asker, CarriageReturns, Git, Ownership, ProjectParts, Unignored, is_accepted, needed_rules};
use crate::facts::shell::user_name;
use camino::{Utf8Path, Utf8PathBuf};
use git2::{Config, ConfigLevel};
use work_tree::WorkTree;

/// How many scripts are read, and how much of each.
const MOST_SCRIPTS: usize = 300;
const MOST_BYTES: usize = 64 * 1024;

pub(super) fn look(vantage: &Vantage) -> Git {
    let program = vantage.find("git");
    let Some(top) = top(vantage) else {
        let why = || "this is no git repository".to_owned();
        let carriage_returns = carriage_returns(vantage, &vantage.directory, &[], None);
        return Git {
            program: program.into(),
            top: None.into(),
            ownership: Fact::irrelevant(why()),
            unignored: Fact::irrelevant(why()),
            carriage_returns: carriage_returns.into(),
        };
    };
    let work_tree = WorkTree::open(&top);
    let parts = parts(vantage);
    let scripts = |work_tree: &WorkTree| -> Vec<String> {
        let tracked = work_tree.tracked().into_iter().map(|(path, _)| path);
        tracked.filter(|path| path.ends_with(".sh") || path.ends_with(".envrc")).take(MOST_SCRIPTS).collect()
    };
    let config = config(vantage, &top);
    let autocrlf = config.as_ref().ok().and_then(|config| config.get_string("core.autocrlf").ok());
    let returns = work_tree.as_ref().map_or_else(|_| Vec::new(), scripts);
    Git {
        program: program.into(),
        ownership: ownership(vantage, &top, config.as_ref().ok()),
        unignored: match &work_tree {
            Ok(work_tree) => unignored(vantage, work_tree, parts).into(),
            Err(why) => Fact::failed(why),
        },
        carriage_returns: carriage_returns(vantage, &top, &returns, autocrlf).into(),
        top: Some(top).into(),
    }
}

/// The directory and those above it that can belong to the project: up to the top of a repository, or below the user's
/// directory.
pub(super) fn project_directories(vantage: &Vantage) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for directory in vantage.directory.ancestors() {
        if !found.is_empty() && Some(directory) == vantage.home() {
            break;
        }
        found.push(directory.to_owned());
        if Some(directory) == vantage.home() || directory.join(".git").symlink_metadata().is_ok() {
            break;
        }
    }
    found
}

/// The top of the work tree around the project.
pub(super) fn top(vantage: &Vantage) -> Option<Utf8PathBuf> {
    top_of(&vantage.directory)
}

/// The work tree around a directory.
pub(super) fn top_of(directory: &Utf8Path) -> Option<Utf8PathBuf> {
    let is_top = |directory: &&Utf8Path| directory.join(".git").symlink_metadata().is_ok();
    directory.ancestors().find(is_top).map(Utf8Path::to_owned)
}

/// Git's settings, from the files that git itself reads for this user and this repository.
fn config(vantage: &Vantage, top: &Utf8Path) -> Result<Config, git2::Error> {
    let mut config = Config::new()?;
    let user = vantage.home().map(|home| home.join(".gitconfig"));
    let xdg = vantage.variable("XDG_CONFIG_HOME").map(Utf8PathBuf::from).or_else(|| Some(vantage.home()?.join(".config")));
    let global = vantage.variable("GIT_CONFIG_GLOBAL").map(Utf8PathBuf::from);
    let is_replaced = global.is_some();
    let files = [
        (Some(vantage.system("/etc/gitconfig")), ConfigLevel::System),
        (xdg.map(|folder| folder.join("git/config")).filter(|_| !is_replaced), ConfigLevel::XDG),
        (global.or(user), ConfigLevel::Global),
        (Some(top.join(".git/config")), ConfigLevel::Local),
    ];
    for (file, level) in files {
        if let Some(file) = file.filter(|file| file.is_file()) {
            config.add_file(file.as_std_path(), level, true)?;
        }
    }
    Ok(config)
}

/// Safe directories; git does not read them from the repository itself.
fn safe_directories(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    // A setting that cannot be read is one that is not there.
    let _ended = config.multivar("safe.directory", None).and_then(|entries| {
        entries.for_each(|entry| {
            if entry.level() != ConfigLevel::Local {
                found.push(entry.value().map(str::to_owned).unwrap_or_default());
            }
        })
    });
    found
}

fn ownership(vantage: &Vantage, top: &Utf8Path, config: Option<&Config>) -> Fact<Ownership> {
    let asker = Asker {
        uid: rustix::process::geteuid().as_raw(),
        sudo_uid: vantage.variable("SUDO_UID").and_then(|uid| uid.parse().ok()),
    };
    let safe = config.map(safe_directories).unwrap_or_default();
    let passwd = vantage.read(&vantage.system("/etc/passwd")).known().cloned().flatten().unwrap_or_default();
    let named = |uid: u32| user_name(&passwd, uid).unwrap_or_else(|| format!("user {uid}"));
    let mut found = None;
    // git looks at the work tree, and at `.git` itself.
    for path in [top.to_owned(), top.join(".git")] {
        let owner = match fs_err::metadata(&path) {
            Ok(metadata) => metadata.uid(),
            Err(error) => return Fact::failed(error),
        };
        let is_accepted = is_accepted(owner, asker, top, &safe);
        if found.is_none() || !is_accepted {
            found = Some(Ownership { path, owner: named(owner), user: named(asker.uid), is_accepted });
        }
        if !is_accepted {
            break;
        }
    }
    found.map_or_else(|| Fact::failed("the repository has no owner"), Fact::Known)
}

fn parts(vantage: &Vantage) -> ProjectParts {
    let directories = project_directories(vantage);
    let has = |name: &str| directories.iter().any(|directory| directory.join(name).exists());
    let text_of = |name: &str| {
        let file = directories.iter().map(|directory| directory.join(name)).find(|file| file.is_file());
        file.and_then(|file| fs_err::read_to_string(file).ok()).unwrap_or_default()
    };
    ProjectParts {
        flake: has("flake.nix"),
        envrc: has(".envrc"),
        variables: [".env", ".env.example", ".env.local"].into_iter().any(has) || text_of(".envrc").contains("dotenv"),
        devenv: has("devenv.nix") || has("devenv.yaml") || text_of("flake.nix").contains("devenv"),
        node: has("package.json"),
        turbo: has("turbo.json"),
    }
}

fn unignored(vantage: &Vantage, work_tree: &WorkTree, parts: ProjectParts) -> Unignored {
    let directories = project_directories(vantage);
    let is_project =
        |directory: &&Utf8PathBuf| ["flake.nix", ".envrc", "package.json"].iter().any(|name| directory.join(name).is_file());
    let project = directories.iter().find(is_project).filter(|project| project.starts_with(work_tree.top())).cloned();
    let project = project.unwrap_or_else(|| work_tree.top().to_owned());
    let below = project.strip_prefix(work_tree.top()).map(Utf8Path::to_owned).unwrap_or_default();
    let is_missing = |path: &str| !work_tree.is_ignored(below.join(path).as_str());
    let missing = needed_rules(&parts).into_iter().filter(|(_, path)| is_missing(path));
    Unignored { file: project.join(".gitignore"), rules: missing.map(|(rule, _)| rule.to_owned()).collect() }
}

fn carriage_returns(vantage: &Vantage, directory: &Utf8Path, scripts: &[String], autocrlf: Option<String>) -> CarriageReturns {
    let envrc = project_directories(vantage).into_iter().map(|directory| directory.join(".envrc"));
    let relative = |path: Utf8PathBuf| path.strip_prefix(directory).map_or_else(|_| path.to_string(), ToString::to_string);
    let mut paths: Vec<String> = envrc.filter(|path| path.is_file()).map(relative).collect();
    paths.extend(scripts.iter().cloned());
    paths.sort_unstable();
    paths.dedup();
    let files = paths.into_iter().filter(|path| ends_with_returns(&directory.join(path))).collect();
    CarriageReturns { directory: directory.to_owned(), files, autocrlf }
}

fn ends_with_returns(path: &Utf8Path) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    let bytes = if is_file { fs_err::read(path).unwrap_or_default() } else { Vec::new() };
    let head: Vec<u8> = bytes.into_iter().take(MOST_BYTES).collect();
    head.windows(2).any(|pair| pair == b"\r\n")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::vantage;
    use super::*;

    /// A repository below the home of an empty machine, made by the real git.
    pub(in crate::host::probe) fn repository() -> (Utf8PathBuf, Vantage) {
        let (root, mut vantage) = vantage();
        let project = root.join("home/user/project");
        fs_err::create_dir_all(&project).unwrap();
        vantage.directory.clone_from(&project);
        vantage.environment.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
        git(&vantage, &["init", "--quiet"]);
        (project, vantage)
    }

    pub(in crate::host::probe) fn git(vantage: &Vantage, arguments: &[&str]) {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.autocrlf=false"];
        let output = vantage.run("git", &[&identity, arguments].concat()).known().cloned().unwrap();
        assert!(output.is_success(), "{}", output.stderr);
    }

    #[test]
    fn finds_what_is_not_ignored() {
        let (project, vantage) = repository();
        fs_err::write(project.join("flake.nix"), "{ inputs.devenv = { }; }").unwrap();
        fs_err::write(project.join("package.json"), "{}").unwrap();
        fs_err::write(project.join(".envrc"), "use flake\ndotenv_if_exists\n").unwrap();
        fs_err::write(project.join(".gitignore"), "result\n.env\n").unwrap();
        let found = look(&vantage);
        assert_eq!(found.unignored.known().unwrap().rules, ["result-*", ".direnv/", ".devenv*", ".env.local", "node_modules/"]);
        let parts = ProjectParts { flake: true, envrc: true, variables: true, devenv: true, node: true, turbo: true };
        let rules: Vec<&str> = needed_rules(&parts).into_iter().map(|(rule, _)| rule).collect();
        fs_err::write(project.join(".gitignore"), rules.join("\n")).unwrap();
        assert_eq!(look(&vantage).unignored.known().unwrap().rules, [] as [&str; 0]);
    }

    #[test]
    fn finds_scripts_with_the_line_ends_of_windows() {
        let (project, vantage) = repository();
        fs_err::write(project.join(".envrc"), "use flake\r\n").unwrap();
        fs_err::write(project.join("run.sh"), "#!/bin/sh\r\ntrue\r\n").unwrap();
        fs_err::write(project.join("ok.sh"), "#!/bin/sh\ntrue\n").unwrap();
        git(&vantage, &["add", "--all"]);
        let found = look(&vantage);
        assert_eq!(found.carriage_returns.known().unwrap().files, [".envrc", "run.sh"]);
        assert_eq!(found.top, Some(project).into());
    }

    #[test]
    fn a_repository_of_somebody_else_is_not_accepted_until_it_is_safe() {
        let (project, vantage) = repository();
        assert!(look(&vantage).ownership.known().unwrap().is_accepted);
        if !rustix::process::geteuid().is_root() {
            return;
        }
        std::os::unix::fs::chown(&project, Some(4242), None).unwrap();
        let found = look(&vantage).ownership.known().cloned().unwrap();
        assert_eq!((found.owner.as_str(), found.is_accepted), ("user 4242", false));
        let refused = vantage.run("git", &["status"]).known().cloned().unwrap();
        assert!(refused.stderr.contains("detected dubious ownership"), "{}", refused.stderr);
        let home = vantage.home().unwrap();
        fs_err::write(home.join(".gitconfig"), format!("[safe]\n\tdirectory = {project}\n")).unwrap();
        assert!(look(&vantage).ownership.known().unwrap().is_accepted);
        assert!(vantage.run("git", &["status"]).known().unwrap().is_success());
    }

    #[test]
    fn a_project_ends_at_its_repository_or_below_the_users_directory() {
        let (project, mut vantage) = repository();
        vantage.directory = project.join("apps/web");
        assert_eq!(project_directories(&vantage), [project.join("apps/web"), project.join("apps"), project.clone()]);
        fs_err::remove_dir_all(project.join(".git")).unwrap();
        assert_eq!(project_directories(&vantage).last(), Some(&project));
        vantage.directory = vantage.home().unwrap().to_owned();
        assert_eq!(project_directories(&vantage), [vantage.directory.clone()]);
    }

    #[test]
    fn without_a_repository_there_is_only_the_program() {
        let (_root, vantage) = vantage();
        let found = look(&vantage);
        assert_eq!((found.program, found.top), (None.into(), None.into()));
        assert_eq!(found.ownership.get().unwrap_err().to_string(), "this is no git repository");
    }
}
