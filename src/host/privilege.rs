//! Root, for single steps only: nixstart itself is never elevated. A step that needs root is run behind sudo, after the
//! person has consented to it.

use std::process::{Command, Stdio};

use camino::Utf8Path;

use super::files::{self, Existing};
use super::{exec, facts, random};
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Privilege;

/// Whether this process is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The program that runs commands as root: `sudo`, or what `NIXSTART_SUDO` names.
fn sudo() -> String {
    env_vars::get(env_vars::SUDO).unwrap_or_else(|| "sudo".to_owned())
}

/// Makes sure that root steps can be run, and lets sudo ask for the password where there is a terminal. `commands` are what
/// a person would type instead.
pub fn obtain(is_interactive: bool, commands: &[String]) -> Result<()> {
    if is_root() {
        return Ok(());
    }
    let program = sudo();
    let refuse = |why: String| {
        let error = Error::new(ErrorKind::NeedsPrivilege, why).hint("run as root, in this order:");
        commands.iter().fold(error, Error::hint)
    };
    if facts::find(&program).is_none() {
        return Err(refuse(format!("some steps need root, and `{program}` is not installed")));
    }
    let mut command = Command::new(&program);
    if is_interactive && program == "sudo" {
        // In the foreground: sudo asks on the terminal, and nixstart never sees the password.
        let status = command.arg("-v").status()?;
        return if status.success() { Ok(()) } else { Err(refuse(format!("`{program}` was not granted"))) };
    }
    let output = command.args(["-n", "true"]).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = crate::ui::printable(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default());
    Err(refuse(format!("some steps need root, and `{program}` refuses: {said}")))
}

/// A command line as the one who has the privilege runs it.
pub fn command_line(privilege: Privilege, program: &str, arguments: &[String]) -> Result<Vec<String>> {
    let own = std::iter::once(program.to_owned()).chain(arguments.iter().cloned());
    if privilege == Privilege::User || is_root() {
        return Ok(own.collect());
    }
    let program = sudo();
    if facts::find(&program).is_none() {
        return Err(Error::new(ErrorKind::NeedsPrivilege, format!("the step needs root, and `{program}` is not installed")));
    }
    let flags: &[&str] = if program == "sudo" { &["-n", "--"] } else { &[] };
    Ok(std::iter::once(program).chain(flags.iter().map(ToString::to_string)).chain(own).collect())
}

fn run(privilege: Privilege, program: &str, arguments: &[&str]) -> Result<()> {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    match command_line(privilege, program, &arguments)?.as_slice() {
        [program, arguments @ ..] => exec::run(Utf8Path::new("/"), program, arguments, &mut |_| {}),
        [] => Ok(()),
    }
}

/// Writes a file whole or not at all; its owner stays the same.
pub fn write(privilege: Privilege, path: &Utf8Path, contents: &[u8], mode: u32) -> Result<()> {
    if privilege == Privilege::User || is_root() {
        let owner = fs_err::metadata(path).ok();
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        let staged = files::stage(path, contents, mode)?;
        if let Some(owner) = owner.filter(|_| is_root()) {
            use std::os::unix::fs::MetadataExt;
            std::os::unix::fs::chown(staged.path(), Some(owner.uid()), Some(owner.gid()))?;
        }
        return Ok(staged.put(Existing::Replace)?);
    }
    let private = super::paths::state_directory()?.join("staged");
    files::create_private_directory(&private)?;
    let here = private.join(random::suffix()?);
    files::write_new(&here, contents, files::PRIVATE)?.sync_all()?;
    let beside = format!("{path}.nixstart-{}", random::suffix()?);
    let outcome = run(privilege, "install", &["-D", "-m", &format!("{mode:04o}"), here.as_str(), &beside])
        .and_then(|()| run(privilege, "mv", &["-f", "--", &beside, path.as_str()]));
    fs_err::remove_file(&here)?;
    outcome
}

/// Removes a file.
pub fn remove(privilege: Privilege, path: &Utf8Path) -> Result<()> {
    if privilege == Privilege::User || is_root() {
        return Ok(fs_err::remove_file(path)?);
    }
    run(privilege, "rm", &["-f", "--", path.as_str()])
}

/// Sets permission bits.
pub fn set_mode(privilege: Privilege, path: &Utf8Path, mode: u32) -> Result<()> {
    if privilege == Privilege::User || is_root() {
        use std::os::unix::fs::PermissionsExt;
        return Ok(fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode))?);
    }
    run(privilege, "chmod", &[&format!("{mode:04o}"), "--", path.as_str()])
}
