//! Looks at the Nix store. What is slow, or leaves something in the store, happens only with `--deep`.

mod build;

use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::Vantage;
use super::nix::{call, places};
use crate::facts::store::{self, ChrootStore, Store};
use crate::facts::{Fact, Unknown};

/// How long the contents of the store may be read.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// How many links of the garbage collector are looked at.
const MOST_ROOTS: usize = 20_000;

pub(super) fn look(vantage: &Vantage) -> Store {
    let uid = rustix::process::geteuid().as_raw();
    thread::scope(|scope| {
        let build = scope.spawn(|| if vantage.reach.deep { build::look(vantage) } else { only_deep() });
        let damaged = scope.spawn(|| if vantage.reach.deep { damaged(vantage) } else { only_deep() });
        Store {
            bytes: bytes(vantage),
            stale_roots: stale_roots(vantage),
            foreign: foreign(vantage, uid).into(),
            chroot: chroot(vantage).into(),
            probe_build: build.join().unwrap_or_default(),
            damaged: damaged.join().unwrap_or_default(),
        }
    })
}

fn only_deep<T>() -> Fact<T> {
    Fact::not_looked("only with `--deep`")
}

/// Compares every path with its hash. `nix store verify` changes nothing, unlike `nix-store --verify`.
fn damaged(vantage: &Vantage) -> Fact<Vec<Utf8PathBuf>> {
    let patient = Vantage { timeout: PATIENCE.max(vantage.timeout), ..vantage.clone() };
    match call::nix(&patient, &["store", "verify", "--all", "--no-trust"]) {
        Fact::Known(output) => {
            let damaged = store::damaged(&output.stderr);
            if damaged.is_empty() && !output.is_success() {
                return Fact::failed(format!("`nix store verify` failed: {}", call::complaint(&output.stderr).join("; ")));
            }
            damaged.into()
        }
        Fact::Unknown(Unknown::TimedOut { .. }) => {
            Fact::not_looked("the store is too large to be read in two minutes; run `nix store verify --all --no-trust`")
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// What the store takes up: what is used of its own file system, or the sum that Nix knows.
fn bytes(vantage: &Vantage) -> Fact<u64> {
    let (nix, root) = (vantage.system("/nix"), vantage.system("/"));
    let Ok(metadata) = std::fs::metadata(&nix) else { return Fact::irrelevant("there is no store at `/nix`") };
    if std::fs::metadata(root).is_ok_and(|root| root.dev() != metadata.dev())
        && let Ok(space) = rustix::fs::statvfs(nix.as_std_path())
    {
        return space.f_blocks.saturating_sub(space.f_bfree).saturating_mul(space.f_frsize).into();
    }
    if !vantage.reach.deep {
        return only_deep();
    }
    match call::nix(vantage, &["path-info", "--all", "--size"]) {
        Fact::Known(output) if output.is_success() => store::bytes(&output.stdout).into(),
        Fact::Known(output) => Fact::failed(call::complaint(&output.stderr).join("; ")),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Roots that lead nowhere; what cannot be followed for want of permission is left out.
fn stale_roots(vantage: &Vantage) -> Fact<Vec<Utf8PathBuf>> {
    let directory = vantage.system("/nix/var/nix/gcroots/auto");
    let entries = match directory.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new().into(),
        Err(error) => return Fact::failed(format!("`{directory}`: {error}")),
    };
    let target = |link: &Utf8Path| link.read_link_utf8().ok();
    let is_gone =
        |target: &Utf8PathBuf| std::fs::symlink_metadata(target).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let targets = entries.flatten().take(MOST_ROOTS).filter_map(|entry| target(entry.path()));
    let mut gone: Vec<Utf8PathBuf> = targets.filter(is_gone).collect();
    gone.sort_unstable();
    gone.into()
}

/// What another user owns in the user's directories of Nix; root may write everywhere.
fn foreign(vantage: &Vantage, uid: u32) -> Vec<Utf8PathBuf> {
    if uid == 0 {
        return Vec::new();
    }
    let bases = [places::cache(vantage), places::state(vantage), places::share(vantage), places::config(vantage)];
    let directories = bases.into_iter().flatten().map(|base| base.join("nix"));
    let is_foreign = |path: &Utf8PathBuf| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.uid() != uid);
    let below = |directory: &Utf8Path| {
        let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
        entries.take(200).map(|entry| entry.path().to_owned()).filter(|path| is_foreign(path)).collect::<Vec<_>>()
    };
    directories.flat_map(|directory| if is_foreign(&directory) { vec![directory] } else { below(&directory) }).collect()
}

fn chroot(vantage: &Vantage) -> Option<ChrootStore> {
    let path = places::chroot_store(vantage).filter(|path| path.is_dir())?;
    Some(ChrootStore { path, has_other: vantage.system("/nix/var/nix").is_dir() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::tests::vantage;
    use super::*;

    #[test]
    fn an_empty_machine_has_no_store() {
        let (_root, vantage) = vantage();
        let found = look(&vantage);
        assert_eq!((found.stale_roots, found.chroot), (Vec::new().into(), None.into()));
        assert_eq!(found.bytes.get().unwrap_err().to_string(), "there is no store at `/nix`");
        assert_eq!(found.damaged.get().unwrap_err().to_string(), "only with `--deep`");
    }

    #[test]
    fn finds_roots_that_lead_nowhere() {
        let (root, vantage) = vantage();
        let auto = root.join("nix/var/nix/gcroots/auto");
        fs_err::create_dir_all(&auto).unwrap();
        symlink(root.join("home/user/result"), auto.join("a")).unwrap();
        symlink(root.join("home/user"), auto.join("b")).unwrap();
        assert_eq!(look(&vantage).stale_roots, vec![root.join("home/user/result")].into());
    }

    #[test]
    fn finds_what_another_user_owns() {
        let (root, vantage) = vantage();
        let cache = root.join("home/user/.cache/nix");
        fs_err::create_dir_all(&cache).unwrap();
        fs_err::write(cache.join("fetcher-cache-v3.sqlite"), "").unwrap();
        let owner = std::fs::metadata(&cache).unwrap().uid();
        assert_eq!(foreign(&vantage, 0), [""; 0]);
        if owner != 0 {
            assert_eq!(foreign(&vantage, owner), [""; 0]);
        }
        assert_eq!(foreign(&vantage, owner + 1), [cache]);
    }

    #[test]
    fn finds_a_store_below_home() {
        let (root, vantage) = vantage();
        let path = root.join("home/user/.local/share/nix/root");
        fs_err::create_dir_all(&path).unwrap();
        assert_eq!(look(&vantage).chroot, Some(ChrootStore { path, has_other: false }).into());
    }

    /// The `nix` of this machine and a store of our own; `None` where there is none.
    fn with_nix() -> Option<Vantage> {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), std::env::var("PATH").unwrap());
        vantage.environment.insert("NIX_REMOTE".into(), root.join("own").to_string());
        vantage.environment.insert("NIX_CONFIG".into(), "sandbox = false\nbuild-users-group =\nsubstituters =".into());
        vantage.reach.deep = true;
        vantage.find("nix").map(|_| vantage)
    }

    #[test]
    fn finds_a_path_that_was_modified() {
        use std::os::unix::fs::PermissionsExt as _;
        let Some(vantage) = with_nix() else { return };
        fs_err::write(vantage.directory.join("some-file"), "a").unwrap();
        let added = vantage.run("nix-store", &["--add", "some-file"]);
        let path = added.known().unwrap().stdout.trim().to_owned();
        assert_eq!(damaged(&vantage), Vec::new().into());
        let real = vantage.root.join("own").join(path.trim_start_matches('/'));
        fs_err::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
        fs_err::write(&real, "b").unwrap();
        assert_eq!(damaged(&vantage), vec![Utf8PathBuf::from(path)].into());
    }
}
