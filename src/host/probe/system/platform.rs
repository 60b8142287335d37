//! What a machine runs: kernel, distribution, macOS, WSL, init, container.

use super::super::Vantage;
use crate::facts::system::{Distribution, Immutable, Init, Kernel, MacOs, Mount, Wsl, boot_section, mounts, product_version};
use crate::facts::{Fact, Unknown};

const PLIST_OF_VERSION: &str = "/System/Library/CoreServices/SystemVersion.plist";

/// Services of CI and the variable each sets; the general one last.
const CI: [(&str, &str); 6] = [
    ("GITHUB_ACTIONS", "GitHub Actions"),
    ("GITLAB_CI", "GitLab CI"),
    ("CIRCLECI", "CircleCI"),
    ("BUILDKITE", "Buildkite"),
    ("FORGEJO_ACTIONS", "Forgejo Actions"),
    ("CI", "CI"),
];

pub(super) fn text(vantage: &Vantage, path: &str) -> Option<String> {
    vantage.read(&vantage.system(path)).known().cloned().flatten()
}

pub(super) fn kernel(vantage: &Vantage) -> Fact<Kernel> {
    let file = |name: &str| Some(text(vantage, &format!("/proc/sys/kernel/{name}"))?.trim().to_owned());
    if let (Some(name), Some(release), Some(machine)) = (file("ostype"), file("osrelease"), file("arch")) {
        return Fact::Known(Kernel { name, release, machine });
    }
    match vantage.run("uname", &["-srm"]) {
        Fact::Known(output) => match Kernel::parse(&output.stdout) {
            Some(kernel) => Fact::Known(kernel),
            None => Fact::failed("`uname -srm` says nothing that can be read"),
        },
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

pub(super) fn macos(vantage: &Vantage) -> Fact<MacOs> {
    let Some(plist) = text(vantage, PLIST_OF_VERSION) else { return Fact::irrelevant("this is not macOS") };
    let is_one = |name: &str| vantage.run("sysctl", &["-n", name]).known().is_some_and(|output| output.stdout.trim() == "1");
    Fact::Known(MacOs {
        version: product_version(&plist),
        is_arm: is_one("hw.optional.arm64"),
        is_translated: is_one("sysctl.proc_translated"),
    })
}

pub(super) fn distribution(vantage: &Vantage) -> Fact<Distribution> {
    if vantage.system(PLIST_OF_VERSION).exists() {
        return Fact::irrelevant("this is macOS");
    }
    match text(vantage, "/etc/os-release").or_else(|| text(vantage, "/usr/lib/os-release")) {
        Some(text) => Fact::Known(Distribution::parse(&text)),
        None => Fact::irrelevant("there is no `/etc/os-release`"),
    }
}

pub(super) fn wsl(vantage: &Vantage, kernel: &Fact<Kernel>) -> Fact<Wsl> {
    let release = match kernel.get() {
        Ok(kernel) => kernel.release.as_str(),
        Err(why) => return Fact::Unknown(why),
    };
    let name = vantage.variable("WSL_DISTRO_NAME").map(str::to_owned);
    let has_interop = vantage.variable("WSL_INTEROP").is_some();
    let Some(version) = Wsl::version_of(release, name.is_some(), has_interop) else {
        return Fact::Unknown(Unknown::Irrelevant("this is not WSL".to_owned()));
    };
    let (has_boot_section, systemd_line) = boot_section(&text(vantage, "/etc/wsl.conf").unwrap_or_default());
    Fact::Known(Wsl { version, distribution: name, has_boot_section, systemd_line })
}

pub(super) fn init(vantage: &Vantage, macos: &Fact<MacOs>) -> Init {
    let is_there = |path: &str| vantage.system(path).is_dir();
    if macos.known().is_some() {
        Init::Launchd
    } else if is_there("/run/systemd/system") {
        Init::Systemd
    } else if is_there("/run/openrc") {
        Init::OpenRc
    } else if is_there("/run/runit") {
        Init::Runit
    } else {
        Init::Other
    }
}

/// The kind of container. Only root may read the environment of process 1, so the files that tools leave come first.
pub(super) fn container(vantage: &Vantage) -> Option<String> {
    let has = |path: &str| vantage.system(path).exists();
    if has("/run/.containerenv") {
        return Some("podman".to_owned());
    }
    if has("/.dockerenv") {
        return Some("docker".to_owned());
    }
    let named = |text: String| Some(text.trim().to_owned()).filter(|name| !name.is_empty() && name != "wsl");
    let of_first_process = || {
        let environment = text(vantage, "/proc/1/environ")?;
        environment.split('\0').find_map(|assignment| assignment.strip_prefix("container=")).map(str::to_owned)
    };
    text(vantage, "/run/systemd/container").or_else(of_first_process).and_then(named)
}

pub(super) fn ci(vantage: &Vantage) -> Option<String> {
    CI.into_iter()
        .find(|(variable, _)| vantage.variable(variable).is_some_and(|value| value != "false"))
        .map(|(_, name)| name.to_owned())
}

pub(super) fn immutable(vantage: &Vantage, distribution: &Fact<Distribution>, mounts: &Fact<Vec<Mount>>) -> Option<Immutable> {
    let is_writable_mac = vantage.system(PLIST_OF_VERSION).exists();
    if vantage.system("/run/ostree-booted").exists() {
        return Some(Immutable::Ostree);
    }
    if distribution.known().is_some_and(|known| known.id == "steamos") {
        return Some(Immutable::SteamOs);
    }
    // The system volume of every Mac is read-only; `/nix` is a volume of its own there.
    let root = mounts.known().and_then(|mounts| mounts::mount_of(mounts, "/".into()));
    root.filter(|root| root.is_read_only() && !is_writable_mac).map(|_| Immutable::ReadOnlyRoot)
}
