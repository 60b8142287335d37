//! What is known about the user's shells: which there are, what their start-up files look like and what those do.

mod direnv_hook;
pub mod startup;

use std::collections::BTreeMap;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::Fact;
use super::text_file::TextFile;

/// What is known about the user's shells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shell {
    /// The shell that the user database names.
    pub login: Fact<Option<Utf8PathBuf>>,
    /// `$SHELL`.
    pub variable: Fact<Option<Utf8PathBuf>>,
    /// The nearest shell above nixstart that a person types into; `None` when there is none.
    pub parent: Fact<Option<Utf8PathBuf>>,
    /// The start-up file of every shell that is used, installed or set up.
    pub files: Fact<Vec<StartupFile>>,
    /// Whether direnv's hook is there once a shell runs; looked at only in depth.
    pub effective: Fact<BTreeMap<ShellKind, bool>>,
    /// Lines that replace PATH after Nix was put on it.
    pub clobbers: Fact<Vec<Clobber>>,
    /// The login file of bash on macOS when it does not read `.bashrc`; `None` when it does.
    pub login_file_without_bashrc: Fact<Option<Utf8PathBuf>>,
    /// The environment nixstart was started in.
    pub environment: Fact<ShellEnvironment>,
}

impl Shell {
    /// The shell a person types into: the one above nixstart, else `$SHELL`, else the login shell.
    pub fn used(&self) -> Option<ShellKind> {
        [&self.parent, &self.variable, &self.login]
            .into_iter()
            .find_map(|fact| fact.known().and_then(Option::as_ref).and_then(|path| ShellKind::of_program(path.as_str())))
    }

    /// The start-up file of a shell.
    pub fn file_of(&self, shell: ShellKind) -> Option<&StartupFile> {
        self.files.known()?.iter().find(|file| file.shell == shell)
    }
}

/// What variables say about environments that are active already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellEnvironment {
    /// The project, or the directory nixstart was started in.
    pub directory: Utf8PathBuf,
    /// `IN_NIX_SHELL`: `pure` or `impure`.
    pub in_nix_shell: Option<String>,
    /// `DEVENV_ROOT`.
    pub devenv_root: Option<Utf8PathBuf>,
    /// The directory whose `.envrc` direnv has loaded.
    pub direnv_directory: Option<Utf8PathBuf>,
    /// How many Nix shells are inside each other, as far as the temporary directory tells.
    pub nix_shells: usize,
}

/// A shell that nixstart knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShellKind {
    /// GNU bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
    /// Nushell.
    Nushell,
    /// Elvish.
    Elvish,
    /// tcsh, also as csh.
    Tcsh,
    /// `PowerShell` 7.
    Pwsh,
    /// Murex.
    Murex,
}

/// Where a user keeps configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The user's directory.
    pub home: Utf8PathBuf,
    /// `$ZDOTDIR`, else the user's directory.
    pub zsh: Utf8PathBuf,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub config: Utf8PathBuf,
    /// Nushell's directory, which macOS has elsewhere.
    pub nushell: Utf8PathBuf,
}

impl ShellKind {
    /// Every shell.
    pub const ALL: [Self; 8] =
        [Self::Bash, Self::Zsh, Self::Fish, Self::Nushell, Self::Elvish, Self::Tcsh, Self::Pwsh, Self::Murex];

    /// The shell that a program is, from its path or its name as a process (`/bin/zsh`, `-bash`).
    pub fn of_program(program: &str) -> Option<Self> {
        let name = program.rsplit('/').next()?.trim_start_matches('-');
        Some(match name {
            "bash" => Self::Bash,
            "zsh" => Self::Zsh,
            "fish" => Self::Fish,
            "nu" | "nushell" => Self::Nushell,
            "elvish" => Self::Elvish,
            "tcsh" | "csh" => Self::Tcsh,
            "pwsh" => Self::Pwsh,
            "murex" => Self::Murex,
            _ => return None,
        })
    }

    /// The name of the program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Nushell => "nu",
            Self::Elvish => "elvish",
            Self::Tcsh => "tcsh",
            Self::Pwsh => "pwsh",
            Self::Murex => "murex",
        }
    }

    /// The file that an interactive shell reads, and that a hook belongs into.
    pub fn startup_file(self, places: &Places) -> Utf8PathBuf {
        match self {
            Self::Bash => places.home.join(".bashrc"),
            Self::Zsh => places.zsh.join(".zshrc"),
            Self::Fish => places.config.join("fish/config.fish"),
            Self::Nushell => places.nushell.join("config.nu"),
            Self::Elvish => places.config.join("elvish/rc.elv"),
            Self::Tcsh => places.home.join(".cshrc"),
            Self::Pwsh => places.config.join("powershell/Microsoft.PowerShell_profile.ps1"),
            Self::Murex => places.home.join(".murex_profile"),
        }
    }

    /// Files that this shell reads too, besides those that its start-up file sources.
    pub fn further_files(self, places: &Places) -> Vec<Utf8PathBuf> {
        match self {
            Self::Zsh => vec![places.zsh.join(".zshenv"), places.zsh.join(".zprofile")],
            Self::Nushell => vec![places.nushell.join("env.nu")],
            Self::Elvish => vec![places.home.join(".elvish/rc.elv")],
            Self::Tcsh => vec![places.home.join(".tcshrc")],
            Self::Bash | Self::Fish | Self::Pwsh | Self::Murex => Vec::new(),
        }
    }

    /// Folders of which this shell reads every file.
    pub fn folders(self, places: &Places) -> Vec<Utf8PathBuf> {
        match self {
            Self::Fish => vec![places.config.join("fish/conf.d")],
            Self::Nushell => vec![places.nushell.join("autoload")],
            Self::Bash | Self::Zsh | Self::Elvish | Self::Tcsh | Self::Pwsh | Self::Murex => Vec::new(),
        }
    }

    /// Files and folders of the whole machine that this shell reads.
    pub const fn system_files(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["/etc/bashrc", "/etc/bash.bashrc"],
            Self::Zsh => &["/etc/zshrc", "/etc/zsh/zshrc", "/etc/zshrc.local"],
            Self::Fish => &[
                "/etc/fish/config.fish",
                "/etc/fish/nixos-env-preinit.fish",
                "/etc/fish/conf.d/direnv.fish",
                "/usr/share/fish/vendor_conf.d/direnv.fish",
                "/run/current-system/sw/share/fish/vendor_conf.d/direnv.fish",
                "/opt/homebrew/share/fish/vendor_conf.d/direnv.fish",
            ],
            Self::Tcsh => &["/etc/csh.cshrc"],
            Self::Nushell | Self::Elvish | Self::Pwsh | Self::Murex => &[],
        }
    }
}

impl fmt::Display for ShellKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nushell => "Nushell",
            Self::Elvish => "Elvish",
            Self::Pwsh => "PowerShell",
            Self::Murex => "Murex",
            Self::Bash | Self::Zsh | Self::Fish | Self::Tcsh => self.program(),
        })
    }
}

/// A start-up file of a shell, whether it exists or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupFile {
    /// Whose it is.
    pub shell: ShellKind,
    /// Where it is, or would be.
    pub path: Utf8PathBuf,
    /// What it is on disk.
    pub form: Form,
    /// Whether the user may write it, or make it when it is absent.
    pub is_writable: bool,
    /// Whether it is lines of text, in whatever encoding that leaves ASCII as it is; an absent file is.
    pub is_text: bool,
    /// The blocks of nixstart in it.
    pub blocks: Vec<u8>,
    /// How direnv is hooked into the shell.
    pub direnv: Option<Hook>,
    /// How devenv is hooked into the shell.
    pub devenv: Option<Hook>,
}

impl StartupFile {
    /// The file itself, without what it does.
    pub fn text_file(&self) -> TextFile {
        let Self { path, form, is_writable, is_text, blocks, .. } = self.clone();
        TextFile { path, form, is_writable, is_text, blocks }
    }

    /// The hooks of direnv and devenv when it has both: a project that has files for both is then activated twice.
    pub const fn both_hooks(&self) -> Option<(&Hook, &Hook)> {
        match (&self.direnv, &self.devenv) {
            (Some(direnv), Some(devenv)) => Some((direnv, devenv)),
            (Some(_), None) | (None, Some(_) | None) => None,
        }
    }
}

/// What a start-up file is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Nothing.
    Absent,
    /// A plain file.
    Plain,
    /// A symbolic link.
    Symlink {
        /// What it ends at, or what it names when it leads nowhere.
        target: Utf8PathBuf,
        /// Where the end is.
        end: LinkEnd,
    },
    /// A directory.
    Directory,
    /// A pipe, a socket or a device.
    Special,
}

/// Where a symbolic link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEnd {
    /// In the Nix store: home-manager has made it.
    Store,
    /// At a file of the user's, such as one in a repository of dotfiles.
    File,
    /// Nowhere.
    Nothing,
}

/// How something is hooked into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// By what.
    pub by: HookBy,
    /// The file that says so.
    pub path: Utf8PathBuf,
    /// The line of it, counted from 1.
    pub line: usize,
    /// What comes later in the file and rewrites the prompt, with its line.
    pub followed_by: Vec<(usize, String)>,
}

/// By what a hook is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookBy {
    /// A line of a file of the user's.
    Line,
    /// The plugin list of a framework such as oh-my-zsh.
    Plugin,
    /// A file that home-manager generates.
    HomeManager,
    /// A file of the whole machine.
    System,
}

/// A line that replaces PATH instead of adding to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clobber {
    /// The file.
    pub path: Utf8PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

/// The login shell that a user database names: the seventh field of the line of a user, found by name, else by number.
pub fn login_shell(passwd: &str, name: Option<&str>, uid: u32) -> Option<Utf8PathBuf> {
    let fields = || passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let by_name = name.and_then(|name| fields().find(|fields| fields.first() == Some(&name)));
    let uid = uid.to_string();
    let found = by_name.or_else(|| fields().find(|fields| fields.get(2) == Some(&uid.as_str())))?;
    found.get(6).map(|shell| shell.trim()).filter(|shell| !shell.is_empty()).map(Into::into)
}

/// The name that a user database has for a number.
pub fn user_name(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let of = |line: &str| -> Option<String> {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    };
    passwd.lines().find_map(of)
}

/// The login shell in what `dscl . -read /Users/<name> UserShell` prints.
pub fn login_shell_of_dscl(output: &str) -> Option<Utf8PathBuf> {
    output.lines().find_map(|line| line.strip_prefix("UserShell:")).map(|shell| shell.trim().into())
}

/// Whether a person types into a shell with this command line: it runs no script and no `-c` command.
pub fn is_interactive(arguments: &[String]) -> bool {
    let mut arguments = arguments.iter().skip(1).map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--rcfile" | "--init-file" | "-C" | "--init-command" | "--config" | "--env-config" => {
                arguments.next();
            }
            "--command" | "-Command" | "-File" => return false,
            _ if argument.starts_with("--") => {}
            _ if argument.starts_with('-') && !argument.contains('c') => {}
            _ => return false,
        }
    }
    true
}

/// A process in what `ps -axo pid=,ppid=,command=` prints: its parent and its command line.
pub fn process_of_ps(output: &str, pid: u32) -> Option<(u32, Vec<String>)> {
    output.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        if words.next()?.parse() != Ok(pid) {
            return None;
        }
        Some((words.next()?.parse().ok()?, words.map(str::to_owned).collect()))
    })
}

/// How many Nix shells are inside each other: each nests a `nix-shell.…` folder into the temporary directory of the one
/// around it.
pub fn nesting(temporary_directory: &Utf8Path) -> usize {
    let is_shell =
        |part: &str| part.starts_with("nix-shell.") || part.starts_with("nix-shell-") || part.starts_with("nix-develop-");
    temporary_directory.components().filter(|component| is_shell(component.as_str())).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_user_database() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:Ada:/home/ada:/usr/bin/zsh\nbroken\nsvc:x:9:9::/:\n";
        assert_eq!(login_shell(passwd, Some("ada"), 0).unwrap(), "/usr/bin/zsh");
        assert_eq!(login_shell(passwd, Some("nobody"), 1000).unwrap(), "/usr/bin/zsh");
        assert_eq!(login_shell(passwd, None, 9), None);
        assert_eq!(login_shell(passwd, None, 12), None);
        assert_eq!(user_name(passwd, 1000).unwrap(), "ada");
        assert_eq!(login_shell_of_dscl("UserShell: /bin/zsh\n").unwrap(), "/bin/zsh");
    }

    #[test]
    fn tells_a_shell_that_a_person_types_into_from_one_that_runs_a_script() {
        let cases = [
            ("-zsh", true),
            ("/bin/bash --login", true),
            ("bash --init-file /usr/share/code/shell.sh -i", true),
            ("bash ./build.sh", false),
            ("bash -lc make", false),
            ("fish -C start", true),
        ];
        for (line, expected) in cases {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(is_interactive(&arguments), expected, "{line}");
        }
    }

    #[test]
    fn reads_processes_of_ps() {
        let output = "    1     0 /sbin/launchd\n  501     1 login -fp ada\n  502   501 -zsh\n";
        assert_eq!(process_of_ps(output, 502), Some((501, vec!["-zsh".to_owned()])));
        assert_eq!(process_of_ps(output, 7), None);
    }

    #[test]
    fn names_shells_by_their_programs() {
        for shell in ShellKind::ALL {
            assert_eq!(ShellKind::of_program(shell.program()), Some(shell));
        }
        assert_eq!(ShellKind::of_program("/nix/store/abc-zsh-5.9/bin/zsh"), Some(ShellKind::Zsh));
        assert_eq!(ShellKind::of_program("-bash"), Some(ShellKind::Bash));
        assert_eq!(ShellKind::of_program("/bin/sh"), None);
    }

    #[test]
    fn counts_shells_inside_shells() {
        assert_eq!(nesting(Utf8Path::new("/tmp")), 0);
        assert_eq!(nesting(Utf8Path::new("/tmp/nix-shell.a1B2/nix-shell.c3D4")), 2);
    }
}
