//! Looks at direnv and nix-direnv. An `.envrc` is run only in depth, and only when it is allowed.

mod files;
mod nix_direnv;

use std::thread;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::Vantage;
use super::git::project_directories;
use crate::facts::Fact;
use crate::facts::direnv::status::{Status, milliseconds};
use crate::facts::direnv::{Bash, Direnv, Envrc, Permission, bash_version};
pub use files::standings;

pub(super) fn look(vantage: &Vantage) -> Direnv {
    let program = vantage.find("direnv");
    let envrc = envrc(vantage);
    // The bash that direnv takes unless it is told otherwise is asked meanwhile.
    let usual = program.as_ref().and_then(|_| vantage.find("bash"));
    let (version, status, usual) = thread::scope(|scope| {
        let usual = scope.spawn(|| usual.map(|path| asked_bash(vantage, path)));
        let version = scope.spawn(|| version(vantage, program.as_deref()));
        let status = scope.spawn(|| vantage.run("direnv", &["status"]).map(|output| Status::read(&output.stdout)));
        (version.join().unwrap_or_default(), status.join().unwrap_or_default(), usual.join().ok().flatten())
    });
    let permission = match &envrc {
        Fact::Known(Some((_, path, content))) => permission(vantage, path, content, &status),
        Fact::Known(None) => Fact::irrelevant("there is no `.envrc`"),
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
    };
    let bash = bash(vantage, &status, usual);
    let load_time = load_time(vantage, &permission);
    let reload = envrc.known().and_then(Option::as_ref).and_then(|(_, path, _)| reload(vantage, path));
    let script = nix_direnv::script(vantage);
    let loads_nix_direnv = nix_direnv::loaded_by(vantage, script.as_deref());
    let of_envrc = envrc.known().and_then(Option::as_ref).filter(|(envrc, ..)| envrc.brings_nix_direnv);
    Direnv {
        nix_direnv: of_envrc.map(|(envrc, ..)| envrc.path.clone()).or_else(|| loads_nix_direnv.clone()).into(),
        loads_nix_direnv: loads_nix_direnv.into(),
        nix_direnv_script: script.into(),
        direnvrc: nix_direnv::direnvrc(vantage).map_or_else(|| Fact::failed("HOME is not set"), Fact::Known),
        envrc: envrc.map(|found| found.map(|(envrc, ..)| envrc)),
        loaded: loaded_file(vantage).into(),
        did_fall_back: vantage.variable("NIX_DIRENV_DID_FALLBACK").is_some().into(),
        warn_timeout: warn_timeout(vantage, status),
        program: program.into(),
        version,
        bash,
        permission,
        reload: reload.into(),
        load_time,
    }
}

/// The `.envrc` that is loaded in the environment.
fn loaded_file(vantage: &Vantage) -> Option<Utf8PathBuf> {
    if let Some(file) = vantage.variable("DIRENV_FILE") {
        return Some(file.into());
    }
    let directory = vantage.variable("DIRENV_DIR")?.trim_start_matches('-');
    Some(Utf8Path::new(directory).join(".envrc"))
}

/// The version, from the name of a store path where it is one.
fn version(vantage: &Vantage, program: Option<&Utf8Path>) -> Fact<Version> {
    let resolved = program.and_then(|path| path.canonicalize_utf8().ok());
    let of_path = |path: &Utf8PathBuf| {
        let name = path.components().find_map(|part| part.as_str().split_once("-direnv-"))?.1.to_owned();
        Version::parse(&name).ok()
    };
    if let Some(version) = resolved.as_ref().and_then(of_path) {
        return version.into();
    }
    match vantage.run("direnv", &["version"]) {
        Fact::Known(output) => match Version::parse(output.stdout.trim()) {
            Ok(version) => version.into(),
            Err(_) => Fact::failed("`direnv version` says nothing that can be read"),
        },
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// The `.envrc` of the project, what it activates, and its bytes.
fn envrc(vantage: &Vantage) -> Fact<Option<(Envrc, Utf8PathBuf, Vec<u8>)>> {
    let files = project_directories(vantage).into_iter().map(|directory| directory.join(".envrc"));
    let Some(path) = { files }.find(|path| path.exists() && !path.is_dir()) else { return None.into() };
    let read = |content: Vec<u8>| (Envrc::read(&path, &String::from_utf8_lossy(&content)), path.clone(), content);
    vantage.read_bytes(&path).map(|content| content.map(read))
}

/// Whether direnv may load an `.envrc`: the files by which it remembers and its settings say so, else it is asked itself.
fn permission(vantage: &Vantage, path: &Utf8Path, content: &[u8], status: &Fact<Status>) -> Fact<Permission> {
    if vantage.home().is_none() {
        return Fact::failed("HOME is not set");
    }
    if let Some(given) = files::given(vantage, path, content) {
        return given.into();
    }
    let status = match status {
        Fact::Known(status) => status,
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    };
    // Another `.envrc` than the project's says nothing about it.
    let of_project = |status: &Status| status.permission.filter(|_| status.found.as_deref() == Some(path));
    if let Some(permission) = of_project(status) {
        return permission.into();
    }
    match vantage.run("direnv", &["status", "--json"]) {
        Fact::Known(output) => of_project(&Status::read(&output.stdout))
            .map_or_else(|| Fact::failed("`direnv status` says nothing about the `.envrc`"), Fact::Known),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// The bash that direnv runs `.envrc` with: the one it names, or the `usual` one.
fn bash(vantage: &Vantage, status: &Fact<Status>, usual: Option<(Utf8PathBuf, Fact<Bash>)>) -> Fact<Bash> {
    let status = match status {
        Fact::Known(status) => status,
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    };
    match (&status.bash, usual) {
        (None, None) => Fact::failed("direnv finds no bash"),
        (Some(named), Some((path, bash))) if *named == path => bash,
        (None, Some((_, bash))) => bash,
        (Some(named), _) => asked_bash(vantage, named.clone()).1,
    }
}

fn asked_bash(vantage: &Vantage, path: Utf8PathBuf) -> (Utf8PathBuf, Fact<Bash>) {
    let bash = version_of_bash(vantage, path.clone());
    (path, bash)
}

fn version_of_bash(vantage: &Vantage, path: Utf8PathBuf) -> Fact<Bash> {
    match vantage.run(path.as_str(), &["--version"]) {
        Fact::Known(output) => match bash_version(&output.stdout) {
            Some(version) => Bash { path, version }.into(),
            None => Fact::failed(format!("`{path} --version` says nothing that can be read")),
        },
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// The program with which nix-direnv evaluates a project anew.
fn reload(vantage: &Vantage, envrc: &Utf8Path) -> Option<Utf8PathBuf> {
    let own = envrc.parent()?.join(".direnv/bin/nix-direnv-reload");
    if own.is_file() { Some(own) } else { vantage.find("nix-direnv-reload") }
}

fn warn_timeout(vantage: &Vantage, status: Fact<Status>) -> Fact<u64> {
    if let Some(set) = vantage.variable("DIRENV_WARN_TIMEOUT").and_then(milliseconds) {
        return set.into();
    }
    // direnv waits five seconds when nobody says otherwise.
    status.map(|status| status.warn_timeout.unwrap_or(5000))
}

fn load_time(vantage: &Vantage, permission: &Fact<Permission>) -> Fact<u64> {
    if !vantage.reach.deep {
        return Fact::not_looked("only with `--deep`");
    }
    match permission {
        Fact::Known(Permission::Allowed | Permission::Whitelisted) => {}
        Fact::Known(Permission::NotAllowed | Permission::Denied) => return Fact::irrelevant("the `.envrc` is not allowed"),
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    }
    let mut fresh = vantage.clone();
    fresh.environment.retain(|name, _| !name.starts_with("DIRENV_"));
    let start = Instant::now();
    let loaded = fresh.run("direnv", &["export", "json"]);
    let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    match loaded {
        Fact::Known(output) if output.is_success() => took.into(),
        Fact::Known(_) => Fact::failed("the `.envrc` does not load"),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::git::tests::repository;
    use super::*;
    use crate::facts::direnv::deny_name;

    fn with(text: &str) -> (Utf8PathBuf, Vantage) {
        let (project, vantage) = repository();
        fs_err::write(project.join(".envrc"), text).unwrap();
        (project, vantage)
    }

    fn direnv(vantage: &Vantage, command: &str) {
        assert!(vantage.run("direnv", &[command]).known().unwrap().is_success());
    }

    #[test]
    fn agrees_with_the_real_direnv_about_permission() {
        let (project, vantage) = with("export A=1\n");
        let found = look(&vantage);
        assert_eq!(found.permission, Permission::NotAllowed.into());
        assert!(found.version.known().is_some() && found.bash.known().unwrap().version >= (4, 4));
        assert_eq!(found.warn_timeout, 5000.into());
        direnv(&vantage, "allow");
        assert_eq!(look(&vantage).permission, Permission::Allowed.into());
        // Found out without direnv.
        let (_, path, content) = envrc(&vantage).known().cloned().unwrap().unwrap();
        assert_eq!(permission(&vantage, &path, &content, &Fact::failed("no direnv")), Permission::Allowed.into());
        fs_err::write(project.join(".envrc"), "export A=2\n").unwrap();
        assert_eq!(look(&vantage).permission, Permission::NotAllowed.into());
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_said_and_not_waited_for() {
        let (project, mut vantage) = repository();
        let library = vantage.home().unwrap().join(".config/direnv/lib");
        fs_err::create_dir_all(&library).unwrap();
        for path in [project.join(".envrc"), library.join("a.sh")] {
            assert!(vantage.run("mkfifo", &[path.as_str()]).known().unwrap().is_success());
        }
        vantage.timeout = std::time::Duration::from_millis(300);
        let found = look(&vantage);
        let why = format!("`{}` is no plain file", project.join(".envrc"));
        assert_eq!(
            (found.envrc.get().unwrap_err().to_string(), found.permission.get().unwrap_err().to_string()),
            (why.clone(), why)
        );
        assert_eq!(found.loads_nix_direnv, None.into());
    }

    #[test]
    fn a_whitelist_of_direnv_counts() {
        let (project, vantage) = with("export A=1\n");
        let config = vantage.home().unwrap().join(".config/direnv");
        fs_err::create_dir_all(&config).unwrap();
        fs_err::write(config.join("direnv.toml"), format!("[whitelist]\nprefix = [ \"{project}\" ]\n")).unwrap();
        assert_eq!(look(&vantage).permission, Permission::Whitelisted.into());
        // direnv itself sees it so, too.
        let status = vantage.run("direnv", &["status"]).known().cloned().unwrap();
        assert_eq!(Status::read(&status.stdout).permission, Some(Permission::Allowed));
    }

    #[test]
    fn a_denied_file_is_denied_whatever_it_says() {
        let (project, vantage) = with("export A=1\n");
        let folder = vantage.home().unwrap().join(".local/share/direnv/deny");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(deny_name(&project.join(".envrc"))), "").unwrap();
        assert_eq!(look(&vantage).permission, Permission::Denied.into());
    }

    #[test]
    fn finds_nix_direnv_where_it_can_be() {
        let (project, vantage) = with("use flake\n");
        assert_eq!(look(&vantage).nix_direnv, None.into());
        let config = vantage.home().unwrap().join(".config/direnv");
        fs_err::create_dir_all(config.join("lib")).unwrap();
        let file = config.join("lib/hm-nix-direnv.sh");
        fs_err::write(&file, "source /nix/store/x-nix-direnv-3.1.0/share/nix-direnv/direnvrc\n").unwrap();
        assert_eq!(look(&vantage).nix_direnv, Some(file.clone()).into());
        let text = "if ! has nix_direnv_version || ! nix_direnv_version 3.1.0; then\n  source_url x y\nfi\nuse flake\n";
        fs_err::write(project.join(".envrc"), text).unwrap();
        let found = look(&vantage);
        assert_eq!(found.nix_direnv, Some(project.join(".envrc")).into());
        assert_eq!(found.loads_nix_direnv, Some(file).into());
    }

    #[test]
    fn measures_a_load_in_depth() {
        let (_project, mut vantage) = with("sleep 0.05\n");
        assert_eq!(look(&vantage).load_time, Fact::not_looked("only with `--deep`"));
        vantage.reach.deep = true;
        assert_eq!(look(&vantage).load_time, Fact::irrelevant("the `.envrc` is not allowed"));
        direnv(&vantage, "allow");
        assert!(*look(&vantage).load_time.known().unwrap() >= 50);
    }

    #[test]
    fn a_flake_that_reads_pwd_evaluates_once_its_line_is_made_impure() {
        let (project, mut vantage) = with("use flake\n");
        let system = format!("{}-linux", std::env::consts::ARCH);
        let shell = format!("derivation {{ name = \"shell\"; builder = \"/bin/bash\"; system = \"{system}\"; }}");
        let text = format!(
            "{{ outputs = {{ self }}: {{ devShells.{system}.default = if builtins.getEnv \"PWD\" == \"\" then throw \"PWD not set\" else {shell}; }}; }}"
        );
        fs_err::write(project.join("flake.nix"), text).unwrap();
        super::super::git::tests::git(&vantage, &["add", "--all"]);
        vantage.environment.insert("NIX_CONFIG".into(), "experimental-features = nix-command flakes\nsubstitute = false".into());
        vantage.timeout = std::time::Duration::from_secs(60);
        direnv(&vantage, "allow");
        let pure = vantage.run("direnv", &["export", "json"]).known().cloned().unwrap();
        if !pure.stderr.contains("PWD not set") {
            // A machine without a usable store cannot tell.
            return;
        }
        let envrc = look(&vantage).envrc.known().cloned().unwrap().unwrap();
        fs_err::write(project.join(".envrc"), envrc.uses[0].made_impure()).unwrap();
        direnv(&vantage, "allow");
        let impure = vantage.run("direnv", &["export", "json"]).known().cloned().unwrap();
        // What comes after the evaluation is not about variables: this derivation is no shell that Nix could enter.
        assert!(impure.stderr.contains("using flake . --impure") && !impure.stderr.contains("PWD not set"), "{}", impure.stderr);
    }

    #[test]
    fn without_direnv_files_still_speak() {
        let (_project, mut vantage) = with("use flake . --impure\n");
        vantage.environment.insert("PATH".into(), String::new());
        vantage.environment.insert("NIX_DIRENV_DID_FALLBACK".into(), "1".into());
        let found = look(&vantage);
        assert_eq!((found.program, found.did_fall_back), (None.into(), true.into()));
        assert!(found.envrc.known().unwrap().as_ref().unwrap().uses[0].is_impure());
        assert_eq!(found.permission.get().unwrap_err().to_string(), "`direnv` is not installed");
    }
}
