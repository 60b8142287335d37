//! Root, for single steps only: nixstart itself is never elevated. A step that needs root is run behind sudo, after the
//! person has consented to it.

pub mod denial;
pub mod obtain;

use std::process::{Command, Stdio};

use camino::Utf8Path;
use rustix::process::{Pid, Signal};

use super::exec::held;
use super::files::{self, Existing};
use super::{facts, random};
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Privilege;

/// Whether this process is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The program that runs commands as root, with how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Elevator {
    Sudo(String),
    Doas(String),
    Other(String),
}

impl Elevator {
    /// `sudo`, or what `NIXSTART_SUDO` names.
    fn of_environment() -> Self {
        let program = env_vars::get(env_vars::SUDO).unwrap_or_else(|| "sudo".to_owned());
        match Utf8Path::new(&program).file_name() {
            Some("sudo") => Self::Sudo(program),
            Some("doas") => Self::Doas(program),
            _ => Self::Other(program),
        }
    }

    fn program(&self) -> &str {
        match self {
            Self::Sudo(program) | Self::Doas(program) | Self::Other(program) => program,
        }
    }

    /// What keeps it from asking: the steps run away from the terminal, where a question would wait for ever.
    const fn flags(&self) -> &'static [&'static str] {
        match self {
            Self::Sudo(_) | Self::Doas(_) => &["-n", "--"],
            Self::Other(_) => &[],
        }
    }
}

/// What a person types before a command that root has to run; `None` as root.
pub fn spoken() -> Option<String> {
    (!is_root()).then(|| Elevator::of_environment().program().to_owned())
}

/// A command line as the one who has the privilege runs it.
pub fn command_line(privilege: Privilege, program: &str, arguments: &[String]) -> Result<Vec<String>> {
    let own = std::iter::once(program.to_owned()).chain(arguments.iter().cloned());
    if privilege == Privilege::User || is_root() {
        return Ok(own.collect());
    }
    let elevator = Elevator::of_environment();
    let program = elevator.program();
    if facts::find(program).is_none() {
        return Err(Error::new(ErrorKind::NeedsPrivilege, format!("the step needs root, and `{program}` is not installed")));
    }
    Ok(std::iter::once(program).chain(elevator.flags().iter().copied()).map(str::to_owned).chain(own).collect())
}

/// Sends Ctrl-C to a process group, as the one who started it; `false` when that cannot be done.
pub fn interrupt(privilege: Privilege, group: Pid) -> bool {
    if privilege == Privilege::User || is_root() {
        return rustix::process::kill_process_group(group, Signal::INT).is_ok();
    }
    let kill = ["-INT".to_owned(), "--".to_owned(), format!("-{}", group.as_raw_nonzero())];
    let Ok(words) = command_line(privilege, "kill", &kill) else { return false };
    let [program, arguments @ ..] = words.as_slice() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The words of a command as the one who has the privilege runs it.
pub fn words(privilege: Privilege, command: &[String]) -> Result<Vec<String>> {
    match command {
        [program, arguments @ ..] => command_line(privilege, program, arguments),
        [] => Ok(Vec::new()),
    }
}

/// A command of ours is over at once, so nobody is told that it is held.
fn run(privilege: Privilege, words: &[&str]) -> Result<()> {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    held::run(Utf8Path::new("/"), privilege, &words, &mut |_| {})
}

/// Writes a file whole or not at all; its owner stays the same.
pub fn write(privilege: Privilege, path: &Utf8Path, contents: &[u8], mode: u32) -> Result<()> {
    if privilege == Privilege::User || is_root() {
        let owner = fs_err::metadata(path).ok();
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        let staged = files::stage(path, contents, mode)?;
        if let Some(owner) = owner {
            use std::os::unix::fs::{MetadataExt, chown};
            let user = is_root().then_some(owner.uid());
            let group_is_kept = chown(staged.path(), user, Some(owner.gid()));
            if is_root() {
                group_is_kept?;
            }
            // The umask has no say about a file that is there.
            files::set_mode(staged.path(), mode)?;
        }
        return Ok(staged.put(Existing::Replace)?);
    }
    let private = super::paths::state_directory()?.join("staged");
    files::create_private_directory(&private)?;
    let here = private.join(random::suffix()?);
    files::write_new(&here, contents, files::PRIVATE)?.sync_all()?;
    let beside = format!("{path}.nixstart-{}", random::suffix()?);
    let outcome = run(privilege, &["install", "-D", "-m", &format!("{mode:04o}"), here.as_str(), &beside])
        .and_then(|()| run(privilege, &["mv", "-f", "--", &beside, path.as_str()]));
    fs_err::remove_file(&here)?;
    outcome
}

/// Removes a file.
pub fn remove(privilege: Privilege, path: &Utf8Path) -> Result<()> {
    if privilege == Privilege::User || is_root() {
        return Ok(fs_err::remove_file(path)?);
    }
    run(privilege, &["rm", "-f", "--", path.as_str()])
}

/// Sets permission bits.
pub fn set_mode(privilege: Privilege, path: &Utf8Path, mode: u32) -> Result<()> {
    if privilege == Privilege::User || is_root() {
        use std::os::unix::fs::PermissionsExt;
        return Ok(fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode))?);
    }
    run(privilege, &["chmod", &format!("{mode:04o}"), "--", path.as_str()])
}
