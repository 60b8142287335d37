//! Every environment variable nixstart reads. `docs/environment.md` is printed from this table.

/// A variable and what it does.
#[derive(Debug, Clone, Copy)]
pub struct EnvVar {
    /// The name.
    pub name: &'static str,
    /// What it does, as a sentence.
    pub about: &'static str,
}

/// Where receipts are kept, in place of `$XDG_STATE_HOME/nixstart`.
pub const STATE_DIR: &str = "NIXSTART_STATE_DIR";
/// No colour when set to anything but the empty text.
pub const NO_COLOR: &str = "NO_COLOR";
/// The kind of terminal.
pub const TERM: &str = "TERM";
/// What decides how characters are written: the first of the three that is set.
pub const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];
/// The base directory of state.
pub const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The user's directory.
pub const HOME: &str = "HOME";
/// Where programs are looked for.
pub const PATH: &str = "PATH";
/// The program that runs single steps as root, in place of sudo.
pub const SUDO: &str = "NIXSTART_SUDO";
/// Set by sudo.
pub const SUDO_USER: &str = "SUDO_USER";

/// The name of whoever commits.
pub const GIT_AUTHOR_NAME: &str = "GIT_AUTHOR_NAME";
/// The address of whoever commits.
pub const GIT_AUTHOR_EMAIL: &str = "GIT_AUTHOR_EMAIL";

/// The table.
pub const ALL: [EnvVar; 13] = [
    EnvVar { name: STATE_DIR, about: "Keeps receipts in this directory in place of `$XDG_STATE_HOME/nixstart`" },
    EnvVar { name: XDG_STATE_HOME, about: "Base directory of receipts; `~/.local/state` when it is not set" },
    EnvVar { name: HOME, about: "Your directory; where state goes when nothing else says so" },
    EnvVar { name: NO_COLOR, about: "Turns colour off when it is set and not empty" },
    EnvVar { name: TERM, about: "`dumb` turns colour and drawing off" },
    EnvVar { name: "LC_ALL", about: "Lines are drawn with ASCII characters when the locale does not write UTF-8" },
    EnvVar { name: "LC_CTYPE", about: "The same, when `LC_ALL` is not set" },
    EnvVar { name: "LANG", about: "The same, when neither is set" },
    EnvVar { name: PATH, about: "Where nix, git, direnv, node and the like are looked for" },
    EnvVar { name: SUDO, about: "Runs the steps that need root with this program in place of `sudo`" },
    EnvVar {
        name: SUDO_USER,
        about: "Set by sudo; nixstart then asks for `--allow-root`, so that your project does not end up owned by root",
    },
    EnvVar { name: GIT_AUTHOR_NAME, about: "Your name in the commit of `--commit`, in place of git's `user.name`" },
    EnvVar { name: GIT_AUTHOR_EMAIL, about: "Your address in the commit of `--commit`, in place of git's `user.email`" },
];

/// The value of a variable, when it is set, not empty and text.
pub fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Every variable that is text. What nixstart itself is told by is in the table; this is for what other programs are told.
pub fn all() -> std::collections::BTreeMap<String, String> {
    let text =
        |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}
