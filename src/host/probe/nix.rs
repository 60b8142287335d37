//! Looks for the `nix` programs of a machine: where they are, how they came there, what puts them on PATH.

pub(super) mod call;
mod origin;
pub(super) mod places;
mod profiles;
mod start_up;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::Vantage;
use crate::facts::Fact;
use crate::facts::nix::{Machine, Nix, NixVolume, StoreMode, SystemZshrc, lists_nix_volume};
use crate::nix::{NixVersion, start_up as shell_text};

/// Where installers put `nix`, besides the profiles of the user.
const PLACES: [&str; 4] =
    ["/nix/var/nix/profiles/default/bin/nix", "/run/current-system/sw/bin/nix", "/usr/bin/nix", "/opt/homebrew/bin/nix"];

pub(super) fn look(vantage: &Vantage) -> Nix {
    let machine = machine(vantage);
    let program = program(vantage);
    Nix {
        machine: machine.into(),
        on_path: vantage.find("nix").into(),
        elsewhere: elsewhere(vantage).into(),
        version: version(vantage),
        origin: match &program {
            Some(program) => origin::look(vantage, machine, program).into(),
            None => not_installed(),
        },
        store_mode: store_mode(vantage, rustix::process::geteuid().as_raw()).into(),
        directories: directories(vantage).into(),
        start_up: start_up::look(vantage).into(),
        profile_scripts: places::profile_scripts(vantage).into(),
        profiles: profiles::look(vantage).into(),
        leftovers: profiles::leftovers(vantage).into(),
        zshrc: if machine.is_macos() { zshrc(vantage) } else { Fact::irrelevant("this is not macOS") },
        volume: if machine.is_macos() { volume(vantage) } else { Fact::irrelevant("this is not macOS") },
    }
}

fn not_installed<T>() -> Fact<T> {
    Fact::irrelevant("Nix is not installed")
}

/// What looks after the machine.
pub(super) fn machine(vantage: &Vantage) -> Machine {
    if vantage.system("/System/Library/CoreServices/SystemVersion.plist").exists() {
        let has_nix_darwin = vantage.system("/run/current-system").exists() || vantage.find("darwin-rebuild").is_some();
        return Machine::MacOs { has_nix_darwin };
    }
    let is_nixos = |release: &str| release.lines().any(|line| matches!(line.trim(), "ID=nixos" | "ID=\"nixos\""));
    let release = vantage.read(&vantage.system("/etc/os-release"));
    if vantage.system("/etc/NIXOS").exists() || release.known().is_some_and(|text| text.as_deref().is_some_and(is_nixos)) {
        return Machine::NixOs;
    }
    Machine::Linux { has_systemd: vantage.system("/run/systemd/system").is_dir() }
}

/// The `nix` that is used: the one on PATH, else the first that an installer put somewhere.
pub(super) fn program(vantage: &Vantage) -> Option<Utf8PathBuf> {
    vantage.find("nix").or_else(|| elsewhere(vantage).into_iter().next())
}

fn elsewhere(vantage: &Vantage) -> Vec<Utf8PathBuf> {
    let system = PLACES.iter().map(|place| vantage.system(place));
    let user = places::profiles(vantage).map(|profile| profile.join("bin/nix"));
    system.chain(user).filter(|path| path.is_file()).collect()
}

/// The version, out of the path where that tells it; a `nix.conf` with a fault in it is kept out of this.
fn version(vantage: &Vantage) -> Fact<NixVersion> {
    let Some(program) = program(vantage) else { return not_installed() };
    if let Some(version) = program.canonicalize_utf8().ok().and_then(|path| NixVersion::of_store_path(path.as_str())) {
        return version.into();
    }
    let mut undisturbed = vantage.clone();
    for (name, value) in [("NIX_CONF_DIR", "/var/empty"), ("NIX_USER_CONF_FILES", "/var/empty/nix.conf"), ("NIX_CONFIG", "")] {
        undisturbed.environment.insert(name.to_owned(), value.to_owned());
    }
    match undisturbed.run(program.as_str(), &["--version"]) {
        Fact::Known(output) => match NixVersion::parse(output.stdout.trim()) {
            Some(version) => version.into(),
            None => Fact::failed(format!("`{program} --version` says nothing that can be read")),
        },
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Who may write to the store; `uid` is who asks.
pub(super) fn store_mode(vantage: &Vantage, uid: u32) -> StoreMode {
    match std::fs::metadata(vantage.system("/nix/store")) {
        Ok(store) if store.uid() == 0 => StoreMode::MultiUser,
        Ok(store) => StoreMode::SingleUser { uid: store.uid(), is_own: store.uid() == uid },
        // The store comes with the first start of the daemon, and the socket may be for a group that this user is not in.
        Err(_) if vantage.system("/nix/var/nix/daemon-socket").is_dir() => StoreMode::MultiUser,
        Err(_) => places::chroot_store(vantage).filter(|path| path.is_dir()).map_or(StoreMode::Absent, StoreMode::Chroot),
    }
}

/// The directories on PATH that hold a Nix, without those that are the same by another name.
fn directories(vantage: &Vantage) -> Vec<Utf8PathBuf> {
    let mut seen = BTreeSet::new();
    let real = |directory: &str| {
        let program = ["nix-env", "nix"].iter().map(|name| Utf8Path::new(directory).join(name)).find(|path| path.is_file())?;
        Some(program.canonicalize_utf8().ok()?.parent()?.to_owned())
    };
    let path = vantage.variable("PATH").unwrap_or_default();
    path.split(':')
        .filter(|directory| directory.starts_with('/'))
        .filter_map(real)
        .filter(|real| seen.insert(real.clone()))
        .collect()
}

fn zshrc(vantage: &Vantage) -> Fact<SystemZshrc> {
    let has_backup = vantage.system("/etc/zshrc.backup-before-nix").exists();
    vantage.read(&vantage.system("/etc/zshrc")).map(|text| {
        let sources_nix = text.is_some_and(|text| shell_text::read(&text).sources_nix.is_some());
        SystemZshrc { sources_nix, has_backup }
    })
}

/// The volume of Nix: mounted when `/nix` is on another device than `/`; asked for only when it is not.
fn volume(vantage: &Vantage) -> Fact<NixVolume> {
    let device = |path: &str| std::fs::metadata(vantage.system(path)).ok().map(|metadata| metadata.dev());
    let is_filled = vantage.system("/nix/store").is_dir();
    if is_filled && device("/nix") != device("/") {
        return NixVolume { exists: true, is_mounted: true }.into();
    }
    let listed = vantage.run("diskutil", &["list"]);
    listed.map(|output| NixVolume { exists: lists_nix_volume(&output.stdout), is_mounted: is_filled })
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;
    use crate::facts::nix::Installer;
    use crate::host::probe::Vantage;

    /// A program below the root that prints a text, and the vantage that finds it.
    fn with_program(root: &Utf8Path, vantage: &mut Vantage, name: &str, prints: &str) -> Utf8PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = root.join("programs");
        fs_err::create_dir_all(&directory).unwrap();
        let path = directory.join(name);
        fs_err::write(&path, format!("#!/bin/sh\ncat <<'END'\n{prints}\nEND\n")).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        vantage.environment.insert("PATH".into(), format!("{directory}:/usr/bin:/bin"));
        path
    }

    #[test]
    fn finds_a_nix_that_is_not_on_path() {
        let (root, vantage) = vantage();
        let place = root.join("nix/var/nix/profiles/default/bin");
        fs_err::create_dir_all(&place).unwrap();
        fs_err::write(place.join("nix"), "").unwrap();
        let found = look(&vantage);
        assert_eq!(found.on_path, None.into());
        assert_eq!(found.elsewhere.known().unwrap().len(), 1);
    }

    #[test]
    fn finds_profiles_below_xdg_state_home() {
        let (root, mut vantage) = vantage();
        let state = root.join("state");
        fs_err::create_dir_all(state.join("nix/profile/bin")).unwrap();
        fs_err::write(state.join("nix/profile/bin/nix"), "").unwrap();
        vantage.environment.insert("XDG_STATE_HOME".into(), state.to_string());
        assert_eq!(look(&vantage).elsewhere, vec![state.join("nix/profile/bin/nix")].into());
    }

    #[test]
    fn an_empty_machine_has_no_nix() {
        let (_root, vantage) = vantage();
        let found = look(&vantage);
        assert_eq!(found.version.get().unwrap_err().to_string(), "Nix is not installed");
        assert_eq!((found.store_mode, found.directories), (StoreMode::Absent.into(), Vec::new().into()));
        assert_eq!(found.machine, Machine::Linux { has_systemd: false }.into());
    }

    #[test]
    fn asks_a_nix_for_its_version() {
        let (root, mut vantage) = vantage();
        let path = with_program(&root, &mut vantage, "nix", "nix (Determinate Nix 3.8.0) 2.30.2");
        let found = look(&vantage);
        assert!(found.version.known().unwrap().has_flakes_by_default());
        assert_eq!(found.on_path, Some(path).into());
        assert!(found.directories.known().unwrap().contains(&root.join("programs").canonicalize_utf8().unwrap()));
    }

    #[test]
    fn tells_who_may_write_to_the_store() {
        let (root, vantage) = vantage();
        fs_err::create_dir_all(root.join("nix/store")).unwrap();
        let owner = std::fs::metadata(root.join("nix/store")).unwrap().uid();
        let expected = if owner == 0 { StoreMode::MultiUser } else { StoreMode::SingleUser { uid: owner, is_own: true } };
        assert_eq!(store_mode(&vantage, owner), expected);
        fs_err::remove_dir(root.join("nix/store")).unwrap();
        fs_err::create_dir_all(root.join("home/user/.local/share/nix/root")).unwrap();
        assert_eq!(store_mode(&vantage, owner), StoreMode::Chroot(root.join("home/user/.local/share/nix/root")));
        // Debian makes the directory of the socket; the store comes with the first start of the daemon.
        fs_err::create_dir_all(root.join("nix/var/nix/daemon-socket")).unwrap();
        assert_eq!(store_mode(&vantage, owner), StoreMode::MultiUser);
    }

    #[test]
    fn looks_at_what_macos_puts_back() {
        let (root, mut vantage) = vantage();
        let library = root.join("System/Library/CoreServices");
        fs_err::create_dir_all(&library).unwrap();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(library.join("SystemVersion.plist"), "").unwrap();
        fs_err::write(root.join("etc/zshrc"), "# System-wide\n").unwrap();
        fs_err::write(root.join("etc/zshrc.backup-before-nix"), "").unwrap();
        with_program(&root, &mut vantage, "diskutil", "   7:   APFS Volume Nix Store   12.3 GB    disk3s7");
        let found = look(&vantage);
        assert_eq!(found.machine, Machine::MacOs { has_nix_darwin: false }.into());
        assert_eq!(found.zshrc, SystemZshrc { sources_nix: false, has_backup: true }.into());
        assert_eq!(found.volume, NixVolume { exists: true, is_mounted: false }.into());
    }

    #[test]
    fn tells_the_package_that_nix_came_with() {
        let (root, mut vantage) = vantage();
        let path = with_program(&root, &mut vantage, "nix", "nix (Nix) 2.26.3");
        fs_err::create_dir_all(root.join("var/lib/dpkg/info")).unwrap();
        fs_err::write(root.join("var/lib/dpkg/info/nix-bin.list"), format!("/.\n{path}\n")).unwrap();
        let origin = look(&vantage).origin;
        assert_eq!(origin.known().unwrap().installer, Installer::Package { manager: "dpkg" });
        fs_err::create_dir_all(root.join("nix")).unwrap();
        fs_err::write(root.join("nix/receipt.json"), "{}").unwrap();
        let origin = look(&vantage).origin;
        assert_eq!(origin.known().unwrap().installer, Installer::Package { manager: "dpkg" });
        fs_err::remove_file(root.join("var/lib/dpkg/info/nix-bin.list")).unwrap();
        assert_eq!(look(&vantage).origin.known().unwrap().installer, Installer::Receipt);
    }
}
