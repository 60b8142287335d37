//! The person's own editor, on a private copy of a file. The copy and everything an editor leaves beside it go when it is
//! dropped, and on signals; it stays only where somebody asks for that.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::Signal;
use secrecy::SecretSlice;

use super::env_file::EnvFile;
use super::exec::foreground;
use super::files;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::command_line;

/// What is used when nothing is chosen, as everywhere.
const FALLBACK: &str = "vi";

/// The copy that is there now, for whoever ends the process without coming back.
static COPY: Mutex<Option<Utf8PathBuf>> = Mutex::new(None);

/// The words of the editor that the person has chosen, split as shells do.
pub fn chosen() -> Result<Vec<String>> {
    let chosen = [env_vars::VISUAL, env_vars::EDITOR].into_iter().find_map(|name| Some((name, env_vars::get(name)?)));
    let (name, text) = chosen.unwrap_or((env_vars::EDITOR, FALLBACK.to_owned()));
    let words = shell_words::split(&text)
        .map_err(|error| Error::failed(format!("`${name}` cannot be split into words: {error}")).hint("mend its quotes"))?;
    let Some(program) = words.first() else {
        return Err(Error::failed(format!("`${name}` names no program")).hint(format!("set it, such as `export {name}=nano`")));
    };
    which::which(program).map_err(|error| {
        Error::new(ErrorKind::MissingTool, format!("there is no editor `{program}`: {error}"))
            .hint(format!("name another one, such as `{name}=nano nixstart env edit --editor`"))
    })?;
    Ok(words)
}

/// A private copy of a file.
#[derive(Debug)]
pub struct Copy {
    directory: tempfile::TempDir,
    path: Utf8PathBuf,
}

impl Copy {
    /// Makes a copy with these bytes under the name of the file, where nobody else looks: in the directory of this login, else
    /// in a new one.
    pub fn of(name: &str, bytes: &[u8]) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("nixstart-edit-").permissions(Permissions::from_mode(0o700));
        let of_login = env_vars::get(env_vars::XDG_RUNTIME_DIR).filter(|directory| Utf8Path::new(directory).is_absolute());
        let directory = of_login.and_then(|place| builder.tempdir_in(place).ok());
        let directory = directory.map_or_else(|| builder.tempdir(), Ok)?;
        let place =
            Utf8Path::from_path(directory.path()).ok_or_else(|| Error::failed("the temporary directory has no UTF-8 name"))?;
        remember(Some(place));
        let path = place.join(name);
        let copy = Self { directory, path };
        files::write_new(&copy.path, bytes, files::PRIVATE)?;
        Ok(copy)
    }

    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// What it holds now. An editor may have put another file in its place.
    pub fn read(&self) -> Result<SecretSlice<u8>> {
        let bytes = EnvFile::look(&self.path)?;
        bytes.map(SecretSlice::from).ok_or_else(|| Error::failed("the editor removed the copy; nothing was changed"))
    }

    /// Leaves it where it is.
    pub fn keep(mut self) -> Utf8PathBuf {
        self.directory.disable_cleanup(true);
        self.path.clone()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        remember(None);
    }
}

fn remember(directory: Option<&Utf8Path>) {
    *COPY.lock().unwrap_or_else(PoisonError::into_inner) = directory.map(Utf8Path::to_owned);
}

/// Removes the copy, for a process that ends without coming back.
pub fn forget() {
    if let Ok(Some(directory)) = COPY.try_lock().map(|mut copy| copy.take()) {
        let _best_effort = fs_err::remove_dir_all(directory);
    }
}

/// Lets the editor have the terminal until it ends. Ctrl-C is the editor's; SIGTERM ends it and us.
pub fn run(words: &[String], path: &Utf8Path) -> Result<()> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).arg(path);
    let status = foreground::run(command, "the editor was open; nothing was changed")?;
    judge(status, words)
}

fn judge(status: ExitStatus, words: &[String]) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    if status.signal() == Some(Signal::INT.as_raw()) {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted; nothing was changed"));
    }
    let line = command_line::line(words);
    Err(Error::new(ErrorKind::Tool, format!("`{line}` failed ({status}); nothing was changed")))
}
