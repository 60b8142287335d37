//! What is known about the operating system, disks, clock and limits; also what a plan of an installation starts from.

pub mod mounts;
pub mod os_release;

use std::fmt;

use camino::Utf8PathBuf;

use super::Fact;
pub use mounts::Mount;
pub use os_release::Distribution;

/// What is known about the operating system, disks, clock and limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// The kernel.
    pub kernel: Fact<Kernel>,
    /// The architecture nixstart itself was built for, in Rust's words (`x86_64`, `aarch64`).
    pub own_architecture: Fact<String>,
    /// The Linux distribution; irrelevant on macOS.
    pub distribution: Fact<Distribution>,
    /// Whether this is NixOS.
    pub is_nixos: Fact<bool>,
    /// What is particular to a Mac; irrelevant elsewhere.
    pub macos: Fact<MacOs>,
    /// What is particular to Windows Subsystem for Linux; irrelevant elsewhere.
    pub wsl: Fact<Wsl>,
    /// What starts services.
    pub init: Fact<Init>,
    /// The container this is, as its kind (`docker`, `podman`, `lxc`); `None` when it is none.
    pub container: Fact<Option<String>>,
    /// Whether a CI service runs this, as its name.
    pub ci: Fact<Option<String>>,
    /// Why the system cannot be changed like others; `None` when it can.
    pub immutable: Fact<Option<Immutable>>,
    /// Security-Enhanced Linux; irrelevant where the kernel has none.
    pub selinux: Fact<Selinux>,
    /// What an unprivileged user may do with namespaces; irrelevant outside Linux.
    pub user_namespaces: Fact<UserNamespaces>,
    /// Who runs this and how that becomes root.
    pub privilege: Fact<Privilege>,
    /// The room on every file system that matters.
    pub rooms: Fact<Vec<Room>>,
    /// What is mounted where `/nix/store` is; `None` while there is no `/nix`.
    pub nix_mount: Fact<Option<Mount>>,
    /// The directory nixstart was started in, when it may not be read.
    pub closed_directory: Fact<Option<Utf8PathBuf>>,
    /// What is mounted where the project is.
    pub project: Fact<Place>,
    /// Whether names in the project that differ in case only are one file.
    pub folds_case: Fact<bool>,
    /// Whether names in the Nix store that differ in case only are one file.
    pub store_folds_case: Fact<bool>,
    /// How many files a process may hold open; `None` when there is no limit.
    pub open_files: Fact<Option<u64>>,
    /// Where temporary files go.
    pub temporary: Fact<Temporary>,
}

/// The kernel, as `uname` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// `Linux`, `Darwin`, …
    pub name: String,
    /// Its release (`6.1.0-18-amd64`).
    pub release: String,
    /// The machine (`x86_64`, `arm64`).
    pub machine: String,
}

impl Kernel {
    /// Reads the line that `uname -srm` prints.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (name, release, machine) = (words.next()?, words.next()?, words.next()?);
        Some(Self { name: name.to_owned(), release: release.to_owned(), machine: machine.to_owned() })
    }

    /// The machine in Rust's and Nix's words (`aarch64`, not `arm64`).
    pub fn architecture(&self) -> &str {
        match self.machine.as_str() {
            "arm64" => "aarch64",
            "amd64" => "x86_64",
            other => other,
        }
    }
}

/// A Mac.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacOs {
    /// Its version (`15.3.1`); `None` when nothing says.
    pub version: Option<String>,
    /// Whether its processor is Apple's own.
    pub is_arm: bool,
    /// Whether this process is translated by Rosetta.
    pub is_translated: bool,
}

impl MacOs {
    /// The first number of its version.
    pub fn major(&self) -> Option<u32> {
        self.version.as_deref()?.split('.').next()?.parse().ok()
    }
}

/// Reads `ProductVersion` out of `SystemVersion.plist`.
pub fn product_version(plist: &str) -> Option<String> {
    let after = plist.split_once("<key>ProductVersion</key>")?.1;
    let value = after.split_once("<string>")?.1.split_once("</string>")?.0.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Windows Subsystem for Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wsl {
    /// 1 or 2.
    pub version: u8,
    /// The name Windows has for this distribution.
    pub distribution: Option<String>,
    /// Whether `/etc/wsl.conf` has a `[boot]` section already.
    pub has_boot_section: bool,
    /// The line `systemd=…` of its `[boot]` section, as it is.
    pub systemd_line: Option<String>,
}

impl Wsl {
    /// The version of WSL that a kernel of this release belongs to; `None` when it is none of Windows'. Version 1 says it
    /// is Linux 4.4; where the release does not tell, a distribution without interop is version 1, which is the rule of the
    /// Nix installer.
    pub fn version_of(release: &str, is_named: bool, has_interop: bool) -> Option<u8> {
        let release = release.to_ascii_lowercase();
        if !release.contains("microsoft") {
            return None;
        }
        let is_first = release.starts_with("4.4.") || (!release.contains("wsl2") && is_named && !has_interop);
        Some(if is_first { 1 } else { 2 })
    }
}

/// The lines of `[boot]` in `/etc/wsl.conf`: whether the section is there, and its `systemd=…`.
pub fn boot_section(conf: &str) -> (bool, Option<String>) {
    let mut section = String::new();
    let mut is_there = false;
    let mut systemd = None;
    for line in conf.lines() {
        let text = line.trim();
        if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_ascii_lowercase();
            is_there |= section == "boot";
        } else if section == "boot" && text.split('=').next().is_some_and(|key| key.trim().eq_ignore_ascii_case("systemd")) {
            systemd = Some(line.to_owned());
        }
    }
    (is_there, systemd)
}

/// What starts services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// systemd.
    Systemd,
    /// launchd.
    Launchd,
    /// `OpenRC`.
    OpenRc,
    /// runit.
    Runit,
    /// None of these.
    Other,
}

impl fmt::Display for Init {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::OpenRc => "OpenRC",
            Self::Runit => "runit",
            Self::Other => "no service manager that is known",
        })
    }
}

/// Why a system cannot be changed like others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Immutable {
    /// ostree makes it from an image.
    Ostree,
    /// It is `SteamOS`.
    SteamOs,
    /// `/` is mounted read-only.
    ReadOnlyRoot,
}

impl fmt::Display for Immutable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ostree => "ostree makes this system from an image",
            Self::SteamOs => "SteamOS keeps its system as it is",
            Self::ReadOnlyRoot => "`/` is mounted read-only",
        })
    }
}

/// Security-Enhanced Linux.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selinux {
    /// Whether it forbids, and not only warns.
    pub is_enforcing: bool,
    /// The type of `/nix/store` (`default_t`); `None` without store or label.
    pub store_type: Option<String>,
    /// The type of `/nix/var/nix/daemon-socket`; `None` without daemon or label.
    pub socket_type: Option<String>,
    /// Programs that label what is installed and that are not there.
    pub missing: Vec<&'static str>,
}

/// The type of a security context such as `system_u:object_r:usr_t:s0`.
pub fn context_type(context: &str) -> Option<String> {
    context.trim_end_matches('\0').split(':').nth(2).filter(|kind| !kind.is_empty()).map(str::to_owned)
}

/// What an unprivileged user may do with namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserNamespaces {
    /// `user.max_user_namespaces`.
    pub most: Option<u64>,
    /// `kernel.unprivileged_userns_clone`, a switch of Debian's kernels.
    pub unprivileged_clone: Option<bool>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, a switch of Ubuntu's.
    pub restricted_by_apparmor: Option<bool>,
    /// Whether `unshare --user --map-root-user true` works; `None` when it could not be tried.
    pub works: Option<bool>,
}

/// Who runs this and how that becomes root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privilege {
    /// The effective user.
    pub user_id: u32,
    /// Its name in `/etc/passwd`, or what the environment says.
    pub user: Option<String>,
    /// Programs found that can become root: `sudo`, `doas`, `run0`, `pkexec`, in that order.
    pub ways: Vec<String>,
    /// The groups this process has, by name where there is one.
    pub groups: Vec<String>,
    /// The groups `/etc/group` gives the user; more than `groups` when a login is older than a change.
    pub groups_on_file: Vec<String>,
}

impl Privilege {
    /// Whether this is root.
    pub const fn is_root(&self) -> bool {
        self.user_id == 0
    }

    /// Whether the user is in a group that this session does not have yet, because the login is older.
    pub fn joined_since_login(&self, group: &str) -> bool {
        let has = |groups: &[String]| groups.iter().any(|own| own == group);
        has(&self.groups_on_file) && !has(&self.groups)
    }
}

/// A line of `/etc/group` or `/etc/passwd`: name, id, and the last field (members of a group).
pub fn account(line: &str) -> Option<(&str, u32, &str)> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let id = fields.nth(1)?.parse().ok()?;
    Some((name, id, fields.next().unwrap_or_default()))
}

/// The room on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// What goes there.
    pub purpose: Purpose,
    /// The nearest directory that exists.
    pub path: Utf8PathBuf,
    /// Bytes this user can still write.
    pub free_bytes: u64,
    /// Files this user can still make; `None` on a file system that does not count them.
    pub free_files: Option<u64>,
    /// Files it can hold.
    pub all_files: u64,
}

impl Room {
    /// Bytes below which the next build fails.
    pub const LEAST_BYTES: u64 = 1 << 30;
    /// Files below which the next unpacked package fails.
    pub const LEAST_FILES: u64 = 10_000;
}

/// What needs room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The Nix store.
    Store,
    /// The project.
    Project,
    /// Temporary files.
    Temporary,
    /// Nix's downloads and evaluations of this user.
    Cache,
    /// What is installed for this user alone.
    Home,
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Store => "the Nix store",
            Self::Project => "the project",
            Self::Temporary => "temporary files",
            Self::Cache => "your cache",
            Self::Home => "your directory",
        })
    }
}

/// A directory and what is mounted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The directory, without links.
    pub path: Utf8PathBuf,
    /// What is mounted there; `None` when that is not known.
    pub mount: Option<Mount>,
}

/// Where temporary files go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Temporary {
    /// The directory.
    pub path: Utf8PathBuf,
    /// Whether `TMPDIR` names it; `/tmp` otherwise.
    pub is_set: bool,
    /// Whether it is a directory.
    pub exists: bool,
    /// Whether files can be made in it.
    pub is_writable: bool,
    /// Whether programs in it can be started.
    pub is_executable: bool,
}

impl Temporary {
    /// How many directories of Nix shells it is in; more than one when shells are nested.
    pub fn depth(&self) -> usize {
        self.path.components().filter(|part| part.as_str().starts_with("nix-shell")).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_the_versions_of_wsl_apart() {
        assert_eq!(Wsl::version_of("6.1.0-18-amd64", false, false), None);
        assert_eq!(Wsl::version_of("4.4.0-19041-Microsoft", true, true), Some(1));
        assert_eq!(Wsl::version_of("5.15.90.1-microsoft-standard-WSL2", true, false), Some(2));
        assert_eq!(Wsl::version_of("4.19.0-microsoft-custom", true, false), Some(1));
        assert_eq!(Wsl::version_of("4.19.0-microsoft-custom", true, true), Some(2));
    }

    #[test]
    fn reads_the_boot_section_of_wsl_conf() {
        assert_eq!(boot_section("[user]\nsystemd=no\n"), (false, None));
        assert_eq!(boot_section("[Boot]\n systemd = false\n[user]\n"), (true, Some(" systemd = false".to_owned())));
    }

    #[test]
    fn reads_what_uname_and_a_mac_say() {
        let kernel = Kernel::parse("Darwin 24.3.0 arm64\n").unwrap();
        assert_eq!((kernel.name.as_str(), kernel.architecture()), ("Darwin", "aarch64"));
        assert_eq!(Kernel::parse("Linux"), None);
        let plist = "<dict>\n<key>ProductVersion</key>\n\t<string>15.3.1</string>\n</dict>";
        assert_eq!(product_version(plist).as_deref(), Some("15.3.1"));
    }

    #[test]
    fn reads_accounts_and_contexts() {
        assert_eq!(account("nixbld:x:30000:nixbld1,nixbld2"), Some(("nixbld", 30000, "nixbld1,nixbld2")));
        assert_eq!(account("+::::::"), None);
        assert_eq!(context_type("system_u:object_r:var_run_t:s0\0").as_deref(), Some("var_run_t"));
        assert_eq!(context_type("unlabeled"), None);
    }

    #[test]
    fn counts_nested_shells() {
        let temporary = |path: &str| Temporary { path: path.into(), ..Temporary::default() };
        assert_eq!(temporary("/tmp").depth(), 0);
        assert_eq!(temporary("/tmp/nix-shell.aB3/nix-shell-1-0").depth(), 2);
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_reader(text in "[\\[\\]a-z=: \n\0.<>/]{0,80}") {
            let _boot = boot_section(&text);
            let _account = account(&text);
            let _context = context_type(&text);
            let _version = product_version(&text);
            let _wsl = Wsl::version_of(&text, true, false);
        }
    }
}
