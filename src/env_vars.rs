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
/// Where our own settings and the identity of age are, in place of `$XDG_CONFIG_HOME/nixstart`.
pub const CONFIG_DIR: &str = "NIXSTART_CONFIG_DIR";
/// The base directory of settings.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// The private key that opens sealed files.
pub const AGE_IDENTITY: &str = "NIXSTART_AGE_IDENTITY";
/// Where public keys of people are asked for; tests name this machine.
pub const GITHUB_URL: &str = "NIXSTART_GITHUB_URL";
/// The base directory of programs that nixstart brings.
pub const XDG_DATA_HOME: &str = "XDG_DATA_HOME";
/// The user's directory.
pub const HOME: &str = "HOME";
/// Where programs are looked for.
pub const PATH: &str = "PATH";
/// How Nix is installed.
pub const ROUTE: &str = "NIXSTART_ROUTE";
/// The program that runs single steps as root, in place of sudo.
pub const SUDO: &str = "NIXSTART_SUDO";
/// Where `env check --online` asks in place of Discord.
pub const DISCORD_API: &str = "NIXSTART_DISCORD_API";
/// Where `push` puts images.
pub const REGISTRY: &str = "REGISTRY";
/// The tag that `push` gives them.
pub const TAG: &str = "TAG";
/// Who logs in to the registry.
pub const REGISTRY_USER: &str = "REGISTRY_USER";
/// Their password; never shown, and no argument of any program.
pub const REGISTRY_PASSWORD: &str = "REGISTRY_PASSWORD";
/// Set where no person is, but a service that builds and tests.
pub const CI: &str = "CI";
/// Set by sudo.
pub const SUDO_USER: &str = "SUDO_USER";

/// The editor for a whole screen.
pub const VISUAL: &str = "VISUAL";
/// The editor.
pub const EDITOR: &str = "EDITOR";
/// The directory of this login, which nobody else may look into.
pub const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// The repository, where git says so to its hooks.
pub const GIT_DIR: &str = "GIT_DIR";
/// The work tree, where git says so to its hooks: that of a bare repository is elsewhere.
pub const GIT_WORK_TREE: &str = "GIT_WORK_TREE";
/// The index that is committed, where git says so to its hooks.
pub const GIT_INDEX_FILE: &str = "GIT_INDEX_FILE";

/// The name of whoever commits.
pub const GIT_AUTHOR_NAME: &str = "GIT_AUTHOR_NAME";
/// The address of whoever commits.
pub const GIT_AUTHOR_EMAIL: &str = "GIT_AUTHOR_EMAIL";

/// The file of certificate authorities, for Nix and for us.
pub const NIX_SSL_CERT_FILE: &str = "NIX_SSL_CERT_FILE";
/// The file of certificate authorities, for OpenSSL and for us.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
/// The file of certificate authorities, for curl and for us.
pub const CURL_CA_BUNDLE: &str = "CURL_CA_BUNDLE";
/// The proxy of HTTPS.
pub const HTTPS_PROXY: &str = "https_proxy";
/// The proxy of everything.
pub const ALL_PROXY: &str = "all_proxy";
/// Hosts that are asked without a proxy.
pub const NO_PROXY: &str = "no_proxy";

/// The project of the shell of devenv that we are in.
pub const DEVENV_ROOT: &str = "DEVENV_ROOT";
/// What devenv keeps of it.
pub const DEVENV_DOTFILE: &str = "DEVENV_DOTFILE";
/// Where its sockets are.
pub const DEVENV_RUNTIME: &str = "DEVENV_RUNTIME";
/// The directory of temporary files.
pub const TMPDIR: &str = "TMPDIR";
/// The socket of process-compose.
pub const PC_SOCKET_PATH: &str = "PC_SOCKET_PATH";
/// The address of process-compose.
pub const PC_ADDRESS: &str = "PC_ADDRESS";
/// The port of process-compose.
pub const PC_PORT_NUM: &str = "PC_PORT_NUM";
/// What process-compose wants to be shown; never shown to anybody else.
pub const PC_API_TOKEN: &str = "PC_API_TOKEN";
/// The file with it.
pub const PC_API_TOKEN_PATH: &str = "PC_API_TOKEN_PATH";

/// The thread that panics at the next key on a screen, for tests; no release has it.
#[cfg(debug_assertions)]
pub const TEST_PANIC: &str = "NIXSTART_TEST_PANIC";

/// How many milliseconds a second of a screen has, for tests; no release has it.
#[cfg(debug_assertions)]
pub const TEST_SECOND: &str = "NIXSTART_TEST_SECOND";

/// The table.
pub const ALL: [EnvVar; 46] = [
    EnvVar { name: STATE_DIR, about: "Keeps receipts in this directory in place of `$XDG_STATE_HOME/nixstart`" },
    EnvVar { name: XDG_STATE_HOME, about: "Base directory of receipts; `~/.local/state` when it is not set" },
    EnvVar {
        name: CONFIG_DIR,
        about: "Keeps `config.toml` and the identity of `env identity` in this directory, not in `$XDG_CONFIG_HOME/nixstart`",
    },
    EnvVar { name: XDG_CONFIG_HOME, about: "Base directory of both; `~/.config` when it is not set" },
    EnvVar { name: AGE_IDENTITY, about: "File with the private key of SSH or age that `env unlock` tries first" },
    EnvVar { name: GITHUB_URL, about: "Where `env share --to github:NAME` asks for keys, in place of GitHub" },
    EnvVar { name: XDG_DATA_HOME, about: "Base directory of programs that setup brings; `~/.local/share` when it is not set" },
    EnvVar { name: HOME, about: "Your directory; where state goes when nothing else says so" },
    EnvVar { name: NO_COLOR, about: "Turns colour off when it is set and not empty" },
    EnvVar { name: TERM, about: "`dumb` turns colour and drawing off" },
    EnvVar { name: "LC_ALL", about: "Lines are drawn with ASCII characters when the locale does not write UTF-8" },
    EnvVar { name: "LC_CTYPE", about: "The same, when `LC_ALL` is not set" },
    EnvVar { name: "LANG", about: "The same, when neither is set" },
    EnvVar { name: PATH, about: "Where nix, git, direnv, node and the like are looked for" },
    EnvVar { name: ROUTE, about: "How `setup` installs Nix, also at the end of `new`, when `--route` does not say" },
    EnvVar { name: SUDO, about: "Runs the steps that need root with this program in place of `sudo`" },
    EnvVar {
        name: DISCORD_API,
        about: "Where `env check --online` asks in place of `https://discord.com/api/v10`; http on this machine only",
    },
    EnvVar { name: REGISTRY, about: "Where `push` puts images, such as `ghcr.io/acme`, when `--registry` does not say" },
    EnvVar { name: TAG, about: "The tag that `push` gives them, when `--tag` does not say" },
    EnvVar { name: REGISTRY_USER, about: "Who logs in to that registry; without it skopeo's own login counts" },
    EnvVar { name: REGISTRY_PASSWORD, about: "Their password" },
    EnvVar { name: CI, about: "Set by services that build and test: `build` then never writes a hash, and fails instead" },
    EnvVar {
        name: SUDO_USER,
        about: "Set by sudo; nixstart then asks for `--allow-root`, so that your project does not end up owned by root",
    },
    EnvVar {
        name: VISUAL,
        about: "The editor of `env edit --editor`, with its arguments; `vi` when neither it nor `EDITOR` is set",
    },
    EnvVar { name: EDITOR, about: "The same, when `VISUAL` is not set" },
    EnvVar {
        name: XDG_RUNTIME_DIR,
        about: "Where the private copy is that your editor opens; a new private directory when it is not set",
    },
    EnvVar { name: GIT_DIR, about: "Set by git for its hooks: the repository that `env guard` looks at" },
    EnvVar { name: GIT_WORK_TREE, about: "Set by git for its hooks: the work tree of a repository that has none of its own" },
    EnvVar { name: GIT_INDEX_FILE, about: "Set by git for its hooks: the index that `env guard` looks at" },
    EnvVar { name: GIT_AUTHOR_NAME, about: "Your name in the commit of `--commit`, in place of git's `user.name`" },
    EnvVar { name: GIT_AUTHOR_EMAIL, about: "Your address in the commit of `--commit`, in place of git's `user.email`" },
    EnvVar { name: NIX_SSL_CERT_FILE, about: "File of certificate authorities for downloads, in place of the system's" },
    EnvVar { name: SSL_CERT_FILE, about: "The same, when `NIX_SSL_CERT_FILE` is not set" },
    EnvVar { name: CURL_CA_BUNDLE, about: "The same, when neither of them is set" },
    EnvVar { name: HTTPS_PROXY, about: "Proxy for downloads, such as `http://proxy:3128`; also in capitals" },
    EnvVar { name: ALL_PROXY, about: "The same, when `https_proxy` is not set; also in capitals" },
    EnvVar { name: NO_PROXY, about: "Hosts that are asked without a proxy, with commas between them; also in capitals" },
    EnvVar { name: DEVENV_ROOT, about: "Set in a shell of devenv: the next two and `PC_SOCKET_PATH` count in that project only" },
    EnvVar { name: DEVENV_DOTFILE, about: "What devenv keeps of the project, in place of `.devenv`" },
    EnvVar { name: DEVENV_RUNTIME, about: "Where the sockets of its runner are" },
    EnvVar { name: TMPDIR, about: "Where devenv before 2.2 has them when there is no `XDG_RUNTIME_DIR`" },
    EnvVar { name: PC_SOCKET_PATH, about: "The socket of process-compose" },
    EnvVar { name: PC_ADDRESS, about: "The address of process-compose on this machine, in place of `localhost`" },
    EnvVar { name: PC_PORT_NUM, about: "The port of process-compose, in place of 8080" },
    EnvVar { name: PC_API_TOKEN, about: "The token that process-compose was started with" },
    EnvVar { name: PC_API_TOKEN_PATH, about: "The file with that token" },
];

/// The value of a variable, when it is set, not empty and text.
pub fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of a variable that other programs read too, in small letters or in capitals.
pub fn get_in_any_case(name: &str) -> Option<String> {
    get(name).or_else(|| get(&name.to_ascii_uppercase()))
}

/// Every variable that is text. What nixstart itself is told by is in the table; this is for what other programs are told.
pub fn all() -> std::collections::BTreeMap<String, String> {
    let text =
        |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}
