//! How the `.envrc` files of a project stand, from files alone: quick enough to be looked at again and again. Neither direnv nor
//! Nix is run.

use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use super::{loaded_file, nix_direnv};
use crate::facts::Fact;
use crate::facts::direnv::cache::{self, Cache, Changed};
use crate::facts::direnv::standing::{Loaded, Standing};
use crate::facts::direnv::whitelist::Whitelist;
use crate::facts::direnv::{Envrc, Permission, Use, UseKind, allow_name, deny_name};
use crate::host::probe::Vantage;
use crate::host::probe::git::project_directories;
use crate::project::WORKSPACES;

/// How every `.envrc` of the project stands: the one that is loaded in its directory, and those of the apps of a monorepo.
pub fn standings(vantage: &Vantage) -> Vec<Standing> {
    let of_project = project_directories(vantage).into_iter().map(|directory| directory.join(".envrc"));
    let own = of_project.into_iter().find(|path| is_there(path));
    let mut paths: Vec<Utf8PathBuf> = own.into_iter().collect();
    paths.extend(of_apps(&vantage.directory).into_iter().filter(|path| is_there(path)));
    paths.dedup();
    paths.iter().filter_map(|path| standing(vantage, path)).collect()
}

fn is_there(path: &Utf8Path) -> bool {
    path.is_file()
}

fn of_apps(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let folders = WORKSPACES.iter().filter_map(|folder| root.join(folder).read_dir_utf8().ok());
    let mut found: Vec<Utf8PathBuf> =
        folders.flat_map(|entries| entries.flatten().map(|entry| entry.path().join(".envrc"))).collect();
    found.sort_unstable();
    found
}

fn standing(vantage: &Vantage, path: &Utf8Path) -> Option<Standing> {
    let Fact::Known(Some(content)) = vantage.read_bytes(path) else { return None };
    let envrc = Envrc::read(path, &String::from_utf8_lossy(&content));
    let loaded = Loaded::of(path, loaded_file(vantage));
    let permission = given(vantage, path, &content).unwrap_or(Permission::NotAllowed);
    let cache = cache_of(vantage, &envrc, &loaded);
    Some(Standing { envrc, permission, cache, loaded })
}

/// What the files say by which direnv remembers, and its whitelist; `None` when they say nothing.
pub(super) fn given(vantage: &Vantage, path: &Utf8Path, content: &[u8]) -> Option<Permission> {
    let data = data_directory(vantage)?;
    if data.join("deny").join(deny_name(path)).exists() {
        return Some(Permission::Denied);
    }
    if data.join("allow").join(allow_name(path, content)).exists() {
        return Some(Permission::Allowed);
    }
    let settings = nix_direnv::configuration(vantage)?;
    // The older name is read only while the newer one is not there (direnv `config.go`, 2.32).
    let file = ["direnv.toml", "config.toml"].map(|name| settings.join(name)).into_iter().find(|path| is_there(path))?;
    let text = vantage.read(&file).known().cloned().flatten()?;
    Whitelist::read(&text, vantage.home()).has(path).then_some(Permission::Whitelisted)
}

/// Where direnv remembers what was allowed.
pub(super) fn data_directory(vantage: &Vantage) -> Option<Utf8PathBuf> {
    let data = vantage.variable("XDG_DATA_HOME").map(Utf8PathBuf::from);
    Some(data.or_else(|| Some(vantage.home()?.join(".local/share")))?.join("direnv"))
}

fn cache_of(vantage: &Vantage, envrc: &Envrc, loaded: &Loaded) -> Fact<Cache> {
    let is_used = || envrc.brings_nix_direnv || nix_direnv::loaded_by(vantage, nix_direnv::script(vantage).as_deref()).is_some();
    if !cache::is_kept(envrc) || !is_used() {
        return Cache::None.into();
    }
    if *loaded == Loaded::Here && vantage.variable("NIX_DIRENV_DID_FALLBACK").is_some() {
        return Cache::FellBack.into();
    }
    let direnvrc = nix_direnv::direnvrc(vantage).map(|file| file.path);
    let moves =
        |path: &Utf8PathBuf| vantage.read(path).known().cloned().flatten().is_some_and(|text| text.contains("direnv_layout_dir"));
    if direnvrc.as_ref().is_some_and(moves) {
        return Fact::not_looked("the `direnvrc` keeps environments in another place");
    }
    let Some(directory) = envrc.path.parent() else { return Cache::None.into() };
    let kept = envrc.uses.iter().filter_map(|used| kept(&directory.join(".direnv"), used)).max();
    let watched = watched(vantage, envrc, directory).into_iter().filter_map(|path| Some((path.clone(), changed(&path)?)));
    cache::judge(kept, watched).into()
}

/// When a shell was kept last; `None` when it is not. A refresh removes all others, so there is one at most.
fn kept(layout: &Utf8Path, used: &Use) -> Option<Changed> {
    let profile = match (cache::profile(used), used.kind) {
        (Some(name), _) => layout.join(name),
        (None, UseKind::Nix) => {
            let entries = layout.read_dir_utf8().ok()?.flatten().map(|entry| entry.path().to_owned());
            entries.into_iter().find(|path| is_profile_of_nix(path))?.with_extension("")
        }
        (None, UseKind::Flake | UseKind::Devenv) => return None,
    };
    changed(&profile)?;
    changed(&Utf8PathBuf::from(format!("{profile}.rc")))
}

fn is_profile_of_nix(path: &Utf8Path) -> bool {
    path.extension() == Some("rc") && path.file_name().is_some_and(|name| name.starts_with("nix-profile-"))
}

/// What nix-direnv compares with what it keeps.
fn watched(vantage: &Vantage, envrc: &Envrc, directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut files = vec![envrc.path.clone()];
    for used in envrc.uses.iter().filter(|used| used.kind != UseKind::Devenv) {
        if used.kind == UseKind::Nix {
            files.extend(["shell.nix", "default.nix"].map(|name| directory.join(name)));
            continue;
        }
        let reference = used.reference().split(['#', '?']).next().unwrap_or_default();
        let place = reference.strip_prefix("path:").unwrap_or(reference);
        let place = if used.is_local() { directory.to_owned() } else { directory.join(place) };
        files.extend(["flake.nix", "flake.lock", "devshell.toml"].map(|name| place.join(name)));
    }
    files.extend(envrc.watched.iter().map(|name| directory.join(name)));
    files.extend(vantage.home().map(|home| home.join(".direnvrc")));
    files.extend(nix_direnv::configuration(vantage).map(|settings| settings.join("direnvrc")));
    files.sort_unstable();
    files.dedup();
    files
}

/// When a file was changed; `None` when there is none. Links are followed, as `-nt` of bash does.
fn changed(path: &Utf8Path) -> Option<Changed> {
    let metadata = path.metadata().ok()?;
    let seconds = u128::try_from(metadata.mtime()).ok()?;
    Some(seconds * 1_000_000_000 + u128::try_from(metadata.mtime_nsec()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::super::git::tests::repository;
    use super::*;

    fn write(path: &Utf8Path, text: &str) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    /// Sets when a file was changed, in seconds since 1970.
    fn date(path: &Utf8Path, seconds: u64) {
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        std::fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    }

    fn one(vantage: &Vantage) -> Standing {
        let mut all = standings(vantage);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_project_without_an_envrc_has_none_and_each_app_has_its_own() {
        let (project, vantage) = repository();
        assert_eq!(standings(&vantage), []);
        write(&project.join("apps/web/.envrc"), "use flake ../..#web\n");
        write(&project.join("apps/api/.envrc"), "dotenv\n");
        write(&project.join(".envrc"), "use flake\n");
        let paths: Vec<String> =
            standings(&vantage).iter().map(|found| found.envrc.path.strip_prefix(&project).unwrap().to_string()).collect();
        assert_eq!(paths, [".envrc", "apps/api/.envrc", "apps/web/.envrc"]);
    }

    #[test]
    fn what_is_kept_is_stale_when_something_watched_is_newer() {
        let (project, mut vantage) = repository();
        let (envrc, flake, module) = (project.join(".envrc"), project.join("flake.nix"), project.join("devenv.nix"));
        write(
            &envrc,
            "# nix-direnv is sourced\nif ! has nix_direnv_version; then :; fi\nwatch_file devenv.nix\nuse flake . --impure\n",
        );
        for path in [&flake, &module] {
            write(path, "{ }");
        }
        assert_eq!(one(&vantage).cache, Cache::Missing.into());
        let kept = project.join(".direnv/flake-profile-a5d5b61aa8a61b7d9d765e1daf971a9a578f1cfa");
        let rc = Utf8PathBuf::from(format!("{kept}.rc"));
        for path in [&kept, &rc] {
            write(path, "");
        }
        for path in [&envrc, &flake, &module] {
            date(path, 1_000_000);
        }
        date(&rc, 1_000_000);
        assert_eq!(one(&vantage).cache, Cache::Fresh.into());
        date(&module, 1_000_001);
        assert_eq!(one(&vantage).cache, Cache::Stale(vec![module]).into());
        vantage.environment.insert("DIRENV_FILE".into(), envrc.to_string());
        vantage.environment.insert("NIX_DIRENV_DID_FALLBACK".into(), "1".into());
        let found = one(&vantage);
        assert_eq!((found.cache, found.loaded), (Cache::FellBack.into(), Loaded::Here));
        vantage.environment.insert("DIRENV_FILE".into(), "/other/.envrc".into());
        assert_eq!(one(&vantage).loaded, Loaded::Elsewhere("/other/.envrc".into()));
    }

    #[test]
    fn without_nix_direnv_nothing_is_kept() {
        let (project, vantage) = repository();
        write(&project.join(".envrc"), "use flake\n");
        assert_eq!(one(&vantage).cache, Cache::None.into());
    }

    #[test]
    fn agrees_with_the_real_direnv_without_asking_it() {
        let (project, vantage) = repository();
        let envrc = project.join(".envrc");
        write(&envrc, "export A=1\n");
        let direnv = |command: &str| assert!(vantage.run("direnv", &[command]).known().unwrap().is_success());
        assert_eq!(one(&vantage).permission, Permission::NotAllowed);
        direnv("allow");
        assert_eq!(one(&vantage).permission, Permission::Allowed);
        write(&envrc, "export A=2\n");
        assert_eq!(one(&vantage).permission, Permission::NotAllowed);
        direnv("allow");
        direnv("deny");
        assert!(!one(&vantage).permission.is_given());
    }
}
