//! Facts with which a check of the system finds something, and facts with which it does not.

use crate::doctor::{Example, Remedy, Verdict};
use crate::facts::system::{Init, Kernel, MacOs, Mount, Place, Purpose, Room, Selinux, System, Temporary, UserNamespaces, Wsl};
use crate::facts::{Fact, Facts};

fn with(set: impl FnOnce(&mut System)) -> Facts {
    let mut facts = Facts::default();
    set(&mut facts.system);
    facts
}

fn kernel(line: &str) -> Facts {
    with(|system| {
        system.kernel = Kernel::parse(line).unwrap().into();
        system.own_architecture = "x86_64".to_owned().into();
    })
}

fn wsl(version: u8, line: Option<&str>, has_boot_section: bool, init: Init) -> Facts {
    let systemd_line = line.map(str::to_owned);
    let wsl = Wsl { version, distribution: Some("Ubuntu 24".to_owned()), has_boot_section, systemd_line };
    with(|system| {
        system.wsl = wsl.into();
        system.init = init.into();
    })
}

fn project(path: &str, kind: &str) -> Facts {
    let mut facts = wsl(2, None, false, Init::Systemd);
    let mount = Mount { at: "/".into(), kind: kind.to_owned(), ..Mount::default() };
    facts.system.project = Place { path: path.into(), mount: Some(mount) }.into();
    facts
}

fn room(purpose: Purpose, gibibytes: u64, free_files: Option<u64>) -> Facts {
    let free_bytes = gibibytes << 30;
    let room = Room { purpose, path: "/nix".into(), free_bytes, free_files, all_files: 10_000_000 };
    with(|system| system.rooms = vec![room].into())
}

fn mount(at: &str, options: &str, kind_options: &str) -> Facts {
    let words = |text: &str| text.split(',').map(str::to_owned).collect();
    let mount = Mount {
        at: at.into(),
        kind: "ext4".to_owned(),
        source: "/dev/vdb".to_owned(),
        options: words(options),
        kind_options: words(kind_options),
    };
    with(|system| system.nix_mount = Some(mount).into())
}

fn folds(project: bool, store: bool) -> Facts {
    with(|system| {
        system.folds_case = project.into();
        system.store_folds_case = store.into();
    })
}

fn namespaces(works: Option<bool>, most: Option<u64>, restricted_by_apparmor: Option<bool>) -> Facts {
    let namespaces = UserNamespaces { works, most, restricted_by_apparmor, unprivileged_clone: None };
    with(|system| system.user_namespaces = namespaces.into())
}

fn labels(is_enforcing: bool, store: &str, socket: &str) -> Facts {
    let selinux =
        Selinux { is_enforcing, store_type: Some(store.to_owned()), socket_type: Some(socket.to_owned()), missing: vec![] };
    with(|system| system.selinux = selinux.into())
}

fn temporary(path: &str, exists: bool, is_writable: bool, is_executable: bool) -> Facts {
    let temporary = Temporary { path: path.into(), is_set: path != "/tmp", exists, is_writable, is_executable };
    with(|system| system.temporary = temporary.into())
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    platform().into_iter().chain(disks()).chain(limits()).collect()
}

fn platform() -> Vec<Example> {
    let linux = || kernel("Linux 6.1.0-18-amd64 x86_64");
    let mac = |version: &str, is_translated: bool| {
        let mut facts = kernel("Darwin 24.3.0 arm64");
        facts.system.macos = MacOs { version: Some(version.to_owned()), is_arm: true, is_translated }.into();
        facts.system.own_architecture = "aarch64".to_owned().into();
        facts
    };
    vec![
        Example { id: "os-supported", bad: kernel("SunOS 5.11 i86pc"), good: linux() },
        Example { id: "os-supported", bad: kernel("Linux 6.1.0 s390x"), good: kernel("FreeBSD 14.1 amd64") },
        Example { id: "os-supported", bad: kernel("Linux 6.1.21-v7+ armv7l"), good: linux() },
        Example { id: "os-supported", bad: mac("13.6", false), good: mac("15.3.1", false) },
        Example { id: "os-supported", bad: kernel("Darwin 24.3.0 x86_64"), good: linux() },
        Example { id: "arch-native", bad: mac("15.3.1", true), good: mac("15.3.1", false) },
        Example { id: "arch-native", bad: kernel("Linux 6.1.0 aarch64"), good: linux() },
        Example { id: "wsl-version", bad: wsl(1, None, false, Init::Other), good: wsl(2, None, false, Init::Other) },
        Example { id: "wsl-systemd", bad: wsl(2, None, false, Init::Other), good: wsl(2, None, false, Init::Systemd) },
        Example { id: "wsl-systemd", bad: wsl(2, None, true, Init::Other), good: wsl(2, None, true, Init::Systemd) },
        Example {
            id: "wsl-systemd",
            bad: wsl(2, Some("systemd = false"), true, Init::Other),
            good: wsl(2, Some("systemd=true"), true, Init::Systemd),
        },
        Example {
            id: "wsl-systemd",
            bad: wsl(2, Some("systemd=true"), true, Init::Other),
            good: wsl(2, Some("systemd=true"), true, Init::Systemd),
        },
        Example { id: "wsl-project-location", bad: project("/mnt/c/my work", "ext4"), good: project("/home/me/work", "ext4") },
        Example { id: "wsl-project-location", bad: project("/work", "9p"), good: project("/mnt/data/work", "ext4") },
    ]
}

fn disks() -> Vec<Example> {
    let plenty = || room(Purpose::Store, 50, Some(5_000_000));
    vec![
        Example { id: "disk-space", bad: room(Purpose::Store, 0, None), good: plenty() },
        Example { id: "disk-space", bad: room(Purpose::Project, 4, None), good: plenty() },
        Example { id: "disk-space", bad: room(Purpose::Temporary, 0, None), good: plenty() },
        Example { id: "disk-inodes", bad: room(Purpose::Store, 50, Some(9_999)), good: plenty() },
        Example { id: "disk-inodes", bad: room(Purpose::Store, 50, Some(400_000)), good: plenty() },
        Example { id: "nix-mount-flags", bad: mount("/nix", "ro,relatime", "rw"), good: mount("/nix", "rw,nosuid", "rw") },
        Example { id: "nix-mount-flags", bad: mount("/nix/store", "rw", "ro"), good: mount("/nix/store", "ro,nodev", "rw") },
        Example { id: "nix-mount-flags", bad: mount("/nix", "rw,noexec", "rw"), good: mount("/", "rw", "rw") },
        Example { id: "fs-case-insensitive", bad: folds(true, true), good: folds(false, false) },
        Example { id: "fs-case-insensitive", bad: folds(true, false), good: folds(false, true) },
    ]
}

fn limits() -> Vec<Example> {
    let closed = |path: Option<&str>| with(|system| system.closed_directory = path.map(Into::into).into());
    let open = |most: Option<u64>| with(|system| system.open_files = most.into());
    vec![
        Example { id: "directory-open", bad: closed(Some("/root")), good: closed(None) },
        Example { id: "userns", bad: namespaces(Some(false), None, None), good: namespaces(Some(true), Some(0), None) },
        Example { id: "userns", bad: namespaces(Some(false), Some(7), Some(true)), good: namespaces(None, Some(7), None) },
        Example { id: "userns", bad: namespaces(None, Some(0), None), good: namespaces(None, Some(7), Some(false)) },
        Example {
            id: "selinux-context",
            bad: labels(true, "user_home_t", "default_t"),
            good: labels(true, "default_t", "var_run_t"),
        },
        Example {
            id: "selinux-context",
            bad: labels(true, "default_t", "unlabeled_t"),
            good: labels(false, "default_t", "unlabeled_t"),
        },
        Example { id: "open-files-limit", bad: open(Some(256)), good: open(Some(1024)) },
        Example { id: "open-files-limit", bad: open(Some(1023)), good: open(None) },
        Example { id: "tmpdir-sane", bad: temporary("/gone", false, false, true), good: temporary("/tmp", true, true, true) },
        Example { id: "tmpdir-sane", bad: temporary("/tmp", true, false, true), good: temporary("/t", true, true, true) },
        Example { id: "tmpdir-sane", bad: temporary("/x", true, true, false), good: temporary("/x", true, true, true) },
        Example {
            id: "tmpdir-sane",
            bad: temporary("/tmp/nix-shell.a/nix-shell.b", true, true, true),
            good: temporary("/tmp/nix-shell.a", true, true, true),
        },
    ]
}

#[test]
fn a_mount_that_is_read_only_by_itself_is_remounted_by_itself() {
    let advised = |facts: Facts| {
        let Ok(Verdict::Fail(problem)) = super::disk::is_nix_mounted_well(&facts) else { panic!("it passes") };
        let Remedy::ByHand { commands } = &problem.fixes[0].remedy else { panic!("{problem:?}") };
        commands[0].clone()
    };
    assert_eq!(advised(mount("/nix", "ro,relatime", "rw")), "sudo mount -o remount,bind,rw /nix");
    assert_eq!(advised(mount("/nix", "rw,noexec", "rw")), "sudo mount -o remount,bind,exec /nix");
    assert_eq!(advised(mount("/nix", "ro", "ro")), "sudo mount -o remount,rw /nix");
}

#[test]
fn a_check_of_another_platform_says_nothing() {
    let mut facts = Facts::default();
    facts.system.wsl = Fact::irrelevant("this is not WSL");
    for check in super::CHECKS.iter().filter(|check| check.platform == crate::doctor::Platform::Wsl) {
        assert_eq!((check.look)(&facts).unwrap_err().to_string(), "this is not WSL", "{}", check.id);
    }
}
