//! Looks at the operating system, disks, clock and limits. Files answer almost everything; where they do not, `uname`,
//! `unshare`, and `sysctl` and `mount` of macOS are asked.

mod places;
mod platform;
mod privilege;

use rustix::process::{Resource, getrlimit};

use super::Vantage;
use crate::facts::system::{Selinux, UserNamespaces, context_type};
use crate::facts::{Fact, System};

pub(super) fn look(vantage: &Vantage) -> System {
    std::thread::scope(|scope| {
        let user_namespaces = scope.spawn(|| user_namespaces(vantage));
        let kernel = platform::kernel(vantage);
        let macos = platform::macos(vantage);
        let mounts = places::mounts(vantage);
        let distribution = platform::distribution(vantage);
        let is_nixos = vantage.system("/etc/NIXOS").exists() || distribution.known().is_some_and(|known| known.id == "nixos");
        System {
            own_architecture: std::env::consts::ARCH.to_owned().into(),
            is_nixos: is_nixos.into(),
            wsl: platform::wsl(vantage, &kernel),
            init: platform::init(vantage, &macos).into(),
            container: platform::container(vantage).into(),
            ci: platform::ci(vantage).into(),
            immutable: platform::immutable(vantage, &distribution, &mounts).into(),
            selinux: selinux(vantage),
            privilege: privilege::look(vantage).into(),
            rooms: places::rooms(vantage),
            nix_mount: places::nix_mount(vantage, &mounts),
            closed_directory: vantage.closed.clone().into(),
            project: places::project(vantage, &mounts),
            folds_case: places::folds_case(&vantage.directory),
            store_folds_case: places::folds_case(&vantage.system("/nix/store")),
            open_files: open_files().into(),
            temporary: places::temporary(vantage, &mounts).into(),
            user_namespaces: user_namespaces.join().unwrap_or_default(),
            kernel,
            macos,
            distribution,
        }
    })
}

fn selinux(vantage: &Vantage) -> Fact<Selinux> {
    let enforce = vantage.read(&vantage.system("/sys/fs/selinux/enforce"));
    let label = |path: &str| {
        let mut buffer = [0; 256];
        let length = rustix::fs::getxattr(vantage.system(path).as_std_path(), "security.selinux", &mut buffer).ok()?;
        context_type(&String::from_utf8_lossy(buffer.get(..length)?))
    };
    match enforce {
        Fact::Known(None) => Fact::irrelevant("the kernel runs without SELinux"),
        Fact::Known(Some(enforce)) => Fact::Known(Selinux {
            is_enforcing: enforce.trim() == "1",
            store_type: label("/nix/store"),
            socket_type: label("/nix/var/nix/daemon-socket"),
            missing: ["semodule", "restorecon"].into_iter().filter(|name| !is_program_of_system(vantage, name)).collect(),
        }),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Whether there is a program of the system, which need not be on the PATH of a user.
fn is_program_of_system(vantage: &Vantage, name: &str) -> bool {
    let is_there = |directory: &&str| vantage.system(directory).join(name).is_file();
    vantage.find(name).is_some() || ["/usr/sbin", "/sbin", "/usr/bin"].iter().any(is_there)
}

/// Switches of the kernel say why it does not work; only trying says that it does.
fn user_namespaces(vantage: &Vantage) -> Fact<UserNamespaces> {
    let number = |path: &str| vantage.read(&vantage.system(path)).known().cloned().flatten()?.trim().parse::<u64>().ok();
    let most = number("/proc/sys/user/max_user_namespaces");
    if most.is_none() && !vantage.system("/proc/sys/kernel").exists() {
        return Fact::irrelevant("this is not Linux");
    }
    let is_on = |path: &str| number(path).map(|value| value != 0);
    let tried = vantage.run("unshare", &["--user", "--map-root-user", "true"]);
    Fact::Known(UserNamespaces {
        most,
        unprivileged_clone: is_on("/proc/sys/kernel/unprivileged_userns_clone"),
        restricted_by_apparmor: is_on("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        works: tried.known().map(super::Output::is_success),
    })
}

fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;
    use crate::facts::system::{Immutable, Init, Kernel, MacOs, Purpose, Wsl};

    fn put(root: &camino::Utf8Path, path: &str, text: &str) {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn reads_a_linux_from_its_files() {
        let (root, vantage) = vantage();
        put(&root, "proc/sys/kernel/ostype", "Linux\n");
        put(&root, "proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n");
        put(&root, "proc/sys/kernel/arch", "x86_64\n");
        put(&root, "proc/sys/user/max_user_namespaces", "0\n");
        put(&root, "etc/os-release", "ID=ubuntu\nVERSION_ID=\"24.04\"\nID_LIKE=debian\n");
        put(&root, "etc/wsl.conf", "[boot]\nsystemd=false\n");
        put(&root, "run/.containerenv", "");
        put(&root, "run/openrc/softlevel", "");
        put(&root, "run/ostree-booted", "");
        put(&root, "sys/fs/selinux/enforce", "1");
        put(&root, "usr/sbin/semodule", "");
        let found = look(&vantage);
        assert_eq!(found.kernel.known().unwrap().architecture(), "x86_64");
        assert_eq!(found.distribution.known().unwrap().version.as_deref(), Some("24.04"));
        assert_eq!(found.is_nixos, false.into());
        let wsl = Wsl { version: 2, distribution: None, has_boot_section: true, systemd_line: Some("systemd=false".to_owned()) };
        assert_eq!(found.wsl, wsl.into());
        assert_eq!(found.init, Init::OpenRc.into());
        assert_eq!(found.container, Some("podman".to_owned()).into());
        assert_eq!(found.immutable, Some(Immutable::Ostree).into());
        let selinux = found.selinux.known().unwrap();
        assert_eq!((selinux.is_enforcing, selinux.missing.as_slice()), (true, ["restorecon"].as_slice()));
        assert_eq!(found.user_namespaces.known().unwrap().most, Some(0));
        assert_eq!(found.macos.get().unwrap_err().to_string(), "this is not macOS");
        assert_eq!(found.nix_mount, None.into());
    }

    #[test]
    fn reads_a_mac_from_its_files_and_programs() {
        let (root, mut vantage) = vantage();
        let plist = "<key>ProductVersion</key><string>15.3.1</string>";
        put(&root, "System/Library/CoreServices/SystemVersion.plist", plist);
        let programs = root.join("bin");
        for (name, script) in [
            ("uname", "echo Darwin 24.3.0 x86_64"),
            ("sysctl", "case $2 in sysctl.proc_translated|hw.optional.arm64) echo 1;; esac"),
            ("mount", "echo '/dev/disk3s7 on / (apfs, local, read-only)'"),
        ] {
            program(&programs, name, script);
        }
        vantage.environment.insert("PATH".into(), programs.to_string());
        let found = look(&vantage);
        assert_eq!(found.macos, MacOs { version: Some("15.3.1".into()), is_arm: true, is_translated: true }.into());
        assert_eq!(found.kernel, Kernel::parse("Darwin 24.3.0 x86_64").unwrap().into());
        assert_eq!(found.init, Init::Launchd.into());
        assert_eq!(found.distribution.get().unwrap_err().to_string(), "this is macOS");
        assert_eq!(found.immutable, None.into());
    }

    fn program(directory: &camino::Utf8Path, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = directory.join(name);
        put(directory, name, &format!("#!/bin/sh\n{script}\n"));
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    #[test]
    fn reads_this_machine() {
        let (_root, mut vantage) = vantage();
        vantage.root = "/".into();
        vantage.environment.insert("PATH".into(), "/usr/bin:/bin".into());
        let found = look(&vantage);
        assert!(found.kernel.get().is_ok());
        let rooms = found.rooms.get().unwrap();
        assert!(rooms.iter().any(|room| room.purpose == Purpose::Store && room.path.exists()));
        assert!(found.project.known().unwrap().mount.is_some());
        assert!(found.temporary.known().unwrap().exists);
        assert!(!found.privilege.known().unwrap().groups.is_empty());
    }
}
