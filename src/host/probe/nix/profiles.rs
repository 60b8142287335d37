//! Looks at the profiles of the user and at what the search path of Nix names.

use camino::{Utf8Path, Utf8PathBuf};

use super::places;
use crate::facts::nix::{Leftover, Profiles, paths_of_nix_path};
use crate::host::probe::Vantage;

pub(super) fn look(vantage: &Vantage) -> Profiles {
    let target = |path: Option<Utf8PathBuf>| path.and_then(|path| path.canonicalize_utf8().ok());
    let has = |manifest: &str| places::profiles(vantage).any(|profile| profile.join(manifest).is_file());
    let is_of_nix_profile = has("manifest.json");
    Profiles {
        legacy: target(vantage.home().map(|home| home.join(".nix-profile"))),
        xdg: target(places::state(vantage).map(|state| state.join("nix/profile"))),
        is_of_nix_profile,
        is_of_nix_env: !is_of_nix_profile && has("manifest.nix"),
        without_root: without_root(vantage),
    }
}

/// What `nix config check` calls profiles that are no roots: environments of `nix-env` that no link below a directory
/// `profiles` leads to.
fn without_root(vantage: &Vantage) -> Vec<Utf8PathBuf> {
    let path = vantage.variable("PATH").unwrap_or_default();
    let absolute = path.split(':').filter(|directory| directory.starts_with('/')).map(Utf8Path::new);
    absolute.filter(|directory| is_without_root(vantage, directory)).map(Utf8Path::to_owned).collect()
}

fn is_without_root(vantage: &Vantage, directory: &Utf8Path) -> bool {
    let Some(profile) = directory.parent() else { return false };
    let Ok(environment) = profile.canonicalize_utf8() else { return false };
    let is_in_store = environment.parent() == vantage.system("/nix/store").canonicalize_utf8().ok().as_deref();
    if !is_in_store || !environment.as_str().ends_with("user-environment") {
        return false;
    }
    let mut link = profile.to_owned();
    // A link that leads to itself cannot be: it has been followed to its end above.
    while !link.as_str().contains("/profiles/") {
        let Ok(target) = link.read_link_utf8() else { return true };
        link = link.parent().map_or_else(|| target.clone(), |parent| parent.join(&target));
    }
    false
}

pub(super) fn leftovers(vantage: &Vantage) -> Vec<Leftover> {
    let entries = paths_of_nix_path(vantage.variable("NIX_PATH").unwrap_or_default());
    let is_gone = |path: &str| !vantage.system(path).exists() && !Utf8Path::new(path).exists();
    let named = entries.into_iter().filter(|(_, path)| is_gone(path)).map(|(entry, _)| Leftover::NixPath(entry.to_owned()));
    let Some(home) = vantage.home() else { return named.collect() };
    let expressions = home.join(".nix-defexpr").read_dir_utf8().into_iter().flatten().flatten();
    let is_dangling = |path: &Utf8PathBuf| path.is_symlink() && !path.exists();
    let links = expressions.map(|entry| entry.path().to_owned()).filter(is_dangling).map(Leftover::Link);
    named.chain(links).chain(unfetched(vantage, home)).collect()
}

/// `~/.nix-channels` names channels, and none was ever fetched.
fn unfetched(vantage: &Vantage, home: &Utf8Path) -> Option<Leftover> {
    let list = home.join(".nix-channels");
    let text = vantage.read(&list).known().cloned().flatten()?;
    let names_one = text.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
    let places = [home.join(".nix-defexpr/channels"), places::state(vantage)?.join("nix/defexpr/channels")];
    (names_one && !places.iter().any(|place| place.exists())).then_some(Leftover::Channels(list))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn finds_both_profiles_and_what_no_root_protects() {
        let (root, mut vantage) = vantage();
        let environment = root.join("nix/store/0123-user-environment");
        fs_err::create_dir_all(environment.join("bin")).unwrap();
        fs_err::write(environment.join("manifest.json"), "{}").unwrap();
        let profiles = root.join("nix/var/nix/profiles/per-user");
        fs_err::create_dir_all(&profiles).unwrap();
        symlink(&environment, profiles.join("profile")).unwrap();
        let home = root.join("home/user");
        symlink(profiles.join("profile"), home.join(".nix-profile")).unwrap();
        symlink(&environment, home.join("mine")).unwrap();
        vantage.environment.insert("PATH".into(), format!("{home}/.nix-profile/bin:{home}/mine/bin:/usr/bin"));
        let found = look(&vantage);
        assert_eq!((found.legacy, found.xdg), (environment.canonicalize_utf8().ok(), None));
        assert!(found.is_of_nix_profile && !found.is_of_nix_env);
        fs_err::rename(environment.join("manifest.json"), environment.join("manifest.nix")).unwrap();
        assert!(look(&vantage).is_of_nix_env && !look(&vantage).is_of_nix_profile);
        assert_eq!(found.without_root, [home.join("mine/bin")]);
    }

    #[test]
    fn finds_what_is_gone() {
        let (root, mut vantage) = vantage();
        let home = root.join("home/user");
        vantage.environment.insert("NIX_PATH".into(), format!("nixpkgs=/no/such/place:{home}:x=flake:y"));
        fs_err::create_dir_all(home.join(".nix-defexpr")).unwrap();
        symlink("/no/such/place", home.join(".nix-defexpr/channels_root")).unwrap();
        fs_err::write(home.join(".nix-channels"), "https://nixos.org/channels/nixpkgs-unstable nixpkgs\n").unwrap();
        assert_eq!(
            leftovers(&vantage),
            [
                Leftover::NixPath("nixpkgs=/no/such/place".into()),
                Leftover::Link(home.join(".nix-defexpr/channels_root")),
                Leftover::Channels(home.join(".nix-channels")),
            ]
        );
    }
}
