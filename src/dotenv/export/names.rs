//! The names that a format can carry, and those that its program keeps for itself.

use super::{Format, Reason};
use crate::dotenv::edit::is_name;

/// Variables of bash 5.2 that cannot be set or do not keep what they are set to (measured).
const BASH: [&str; 28] = [
    "BASHOPTS",
    "BASHPID",
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_CMDS",
    "BASH_COMMAND",
    "BASH_LINENO",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "LINENO",
    "OPTIND",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
    "_",
];

/// The same of zsh 5.9, where they are not bash's too. `path` and its like stand for `PATH`; `USERNAME` changes the user.
const ZSH: [&str; 49] = [
    "ARGC",
    "COLUMNS",
    "EGID",
    "ERRNO",
    "FUNCNEST",
    "GID",
    "HISTSIZE",
    "KEYBOARD_HACK",
    "KEYTIMEOUT",
    "LINES",
    "LISTMAX",
    "MAILCHECK",
    "TTYIDLE",
    "USERNAME",
    "WATCH",
    "ZSH_EVAL_CONTEXT",
    "ZSH_SUBSHELL",
    "aliases",
    "argv",
    "cdpath",
    "commands",
    "dirstack",
    "fpath",
    "functions",
    "history",
    "jobstates",
    "mailpath",
    "manpath",
    "module_path",
    "nameddirs",
    "options",
    "parameters",
    "patchars",
    "path",
    "pipestatus",
    "psvar",
    "reswords",
    "signals",
    "status",
    "termcap",
    "terminfo",
    "userdirs",
    "usergroups",
    "watch",
    "widgets",
    "zsh_eval_context",
    "prompt",
    "fignore",
    "suffix_aliases",
];

/// The same of fish 3.6.
const FISH: [&str; 13] = [
    "FISH_VERSION",
    "PWD",
    "SHLVL",
    "_",
    "fish_kill_signal",
    "fish_killring",
    "fish_pid",
    "history",
    "hostname",
    "pipestatus",
    "status",
    "umask",
    "version",
];

/// What GitHub's runner sets itself before each step, behind `GITHUB_`; the rest of them, `GITHUB_TOKEN` for one, is free.
const GITHUB: [&str; 40] = [
    "ACTION",
    "ACTIONS",
    "ACTION_PATH",
    "ACTION_REF",
    "ACTION_REPOSITORY",
    "ACTOR",
    "ACTOR_ID",
    "API_URL",
    "ARTIFACTS",
    "ARTIFACTS_LIST",
    "BASE_REF",
    "ENV",
    "EVENT_NAME",
    "EVENT_PATH",
    "GRAPHQL_URL",
    "HEAD_REF",
    "JOB",
    "JOB_NAME",
    "OUTPUT",
    "PATH",
    "REF",
    "REF_NAME",
    "REF_PROTECTED",
    "REF_TYPE",
    "REPOSITORY",
    "REPOSITORY_ID",
    "REPOSITORY_OWNER",
    "REPOSITORY_OWNER_ID",
    "RETENTION_DAYS",
    "RUN_ATTEMPT",
    "RUN_ID",
    "RUN_NUMBER",
    "SERVER_URL",
    "SHA",
    "STATE",
    "STEP_SUMMARY",
    "TRIGGERING_ACTOR",
    "WORKFLOW",
    "WORKFLOW_REF",
    "WORKSPACE",
];

/// Whether a format carries a variable of this name.
pub(super) fn check(key: &str, format: Format) -> Result<(), Reason> {
    let is_known = match format {
        Format::Dotenv | Format::Shell | Format::Systemd | Format::Fish | Format::Powershell => is_name(key),
        Format::Docker | Format::Github => is_dotted_name(key),
        Format::K8sSecret => is_dotted_name(key) && key.len() <= 253 && key != "." && !key.starts_with(".."),
        Format::Json => true,
    };
    if !is_known {
        return Err(Reason::Name);
    }
    match format {
        Format::Shell if BASH.contains(&key) => Err(Reason::Reserved("bash")),
        Format::Shell if ZSH.contains(&key) => Err(Reason::Reserved("zsh")),
        Format::Fish if FISH.contains(&key) => Err(Reason::Reserved("fish")),
        Format::Github if is_of_runner(key) => Err(Reason::Reserved("GitHub's runner")),
        _ => Ok(()),
    }
}

/// Whether a Kubernetes object can have this name (RFC 1123).
pub(super) fn is_object_name(name: &str) -> bool {
    let is_alphanumeric = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let is_label = |label: &str| {
        label.chars().all(|character| is_alphanumeric(character) || character == '-')
            && label.starts_with(is_alphanumeric)
            && label.ends_with(is_alphanumeric)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// What dotenv takes for a name, which is more than a shell does.
fn is_dotted_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
}

/// The runner compares without regard to case, and refuses `NODE_OPTIONS`.
fn is_of_runner(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    key == "NODE_OPTIONS"
        || key == "CI"
        || key.starts_with("RUNNER_")
        || key.strip_prefix("GITHUB_").is_some_and(|rest| GITHUB.contains(&rest))
}
