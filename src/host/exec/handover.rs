//! A program that gets the variables of a `.env` and takes nixstart's place: nothing of it is in arguments, signals and the
//! exit code are its own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::host::memory;

/// What a program gets besides the variables of a `.env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inherited {
    /// Every variable of ours.
    Everything,
    /// What hardly a program runs without: [`BASICS`].
    Basics,
}

/// Variables that a program gets although it should get nothing.
const BASICS: [&str; 12] =
    ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

impl Inherited {
    /// The value of a variable that the program gets from us.
    pub fn get(self, name: &str) -> Option<OsString> {
        let is_handed_on = match self {
            Self::Everything => true,
            Self::Basics => BASICS.contains(&name),
        };
        is_handed_on.then(|| std::env::var_os(name)).flatten()
    }
}

/// A program and what it gets.
#[derive(Debug)]
pub struct Handover<'a> {
    /// The program, looked up on the PATH that it gets.
    pub program: &'a OsStr,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// What it gets of our environment.
    pub inherited: Inherited,
    /// What it gets besides.
    pub variables: Vec<(String, SecretString)>,
}

/// A program that could not be started, and the exit code that shells have for it.
#[derive(Debug)]
pub struct NotStarted {
    /// Why.
    pub error: Error,
    /// 127 when it is not there, 126 when it cannot be run.
    pub exit_code: u8,
}

const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

impl NotStarted {
    /// Something else went wrong.
    pub fn because(error: impl Into<Error>) -> Self {
        Self { error: error.into(), exit_code: NOT_EXECUTABLE }
    }
}

impl Handover<'_> {
    /// Becomes the program. It returns only when that cannot be done.
    pub fn replace(&self) -> NotStarted {
        memory::release_for_child();
        let error = self.command().exec();
        memory::protect();
        self.why(&error)
    }

    /// The program with its environment.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments);
        if self.inherited == Inherited::Basics {
            command.env_clear();
        }
        command.envs(self.environment());
        command
    }

    /// Every variable it gets, ours first.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        let is_handed_on = |name: &OsStr| match self.inherited {
            Inherited::Everything => true,
            Inherited::Basics => BASICS.iter().any(|basic| name == *basic),
        };
        let ours = std::env::vars_os().filter(|(name, _)| is_handed_on(name));
        let added = self.variables.iter().map(|(name, value)| (name.into(), value.expose_secret().into()));
        ours.chain(added).collect()
    }

    /// Where the program is, on the PATH that it gets.
    pub(super) fn find(&self) -> Result<PathBuf, NotStarted> {
        self.look_up().ok_or_else(|| {
            let is_there = self.program.as_encoded_bytes().contains(&b'/') && Path::new(self.program).exists();
            self.why(&io::Error::from(if is_there { io::ErrorKind::PermissionDenied } else { io::ErrorKind::NotFound }))
        })
    }

    fn look_up(&self) -> Option<PathBuf> {
        let path = self.environment().into_iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path);
        which::which_in(self.program, path, std::env::current_dir().ok()?).ok()
    }

    /// Why the program could not be started.
    pub(super) fn why(&self, error: &io::Error) -> NotStarted {
        let shown = self.program.to_string_lossy();
        match error.kind() {
            io::ErrorKind::NotFound if self.look_up().is_some() => NotStarted::because(
                Error::failed(format!("`{shown}` cannot be run: the interpreter that its first line names is not there"))
                    .hint(format!("look at its first line: `head -n 1 {shown}`")),
            ),
            io::ErrorKind::NotFound => NotStarted {
                error: Error::failed(format!("`{shown}` was not found")).hint("name a program on PATH, or the path of one"),
                exit_code: NOT_FOUND,
            },
            _ if Path::new(self.program).is_dir() => NotStarted::because(
                Error::failed(format!("`{shown}` is a directory")).hint("name a program on PATH, or the path of one"),
            ),
            io::ErrorKind::PermissionDenied => NotStarted::because(
                Error::failed(format!("`{shown}` cannot be executed")).hint(format!("make it executable: `chmod +x {shown}`")),
            ),
            io::ErrorKind::ArgumentListTooLong => NotStarted::because(
                Error::failed(format!("the variables are too long to be handed to `{shown}`"))
                    .hint("hand over those that it needs: `--only NAME,…`"),
            ),
            _ => NotStarted::because(Error::failed(format!("`{shown}` could not be started: {error}"))),
        }
    }
}
