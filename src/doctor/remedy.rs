//! Ways to mend what a check found. A fix that nixstart can carry out itself becomes steps of a plan; the rest is typed by
//! a person.

use camino::Utf8PathBuf;
use serde::Serialize;

/// A way to mend a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What is done, in the imperative.
    pub title: String,
    /// How it is done.
    #[serde(flatten)]
    pub remedy: Remedy,
    /// What has to be started anew before it has an effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Restart>,
}

/// How a problem is mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Remedy {
    /// A program, started without a shell.
    Run {
        /// The program and its arguments.
        command: Vec<String>,
        /// Whether it needs root.
        as_root: bool,
        /// How it is taken back, in the imperative; `None` when it cannot be.
        undo: Option<String>,
    },
    /// Lines that a text file lacks are added at its end; the file is made when it is absent.
    AddLines {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
        /// The lines, without line ends.
        lines: Vec<String>,
        /// Whether it needs root.
        as_root: bool,
    },
    /// One line of a text file takes the place of another.
    ReplaceLine {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
        /// The line as it is, without line end.
        old: String,
        /// The line as it should be.
        new: String,
        /// Whether it needs root.
        as_root: bool,
    },
    /// The permission bits of a file.
    SetMode {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
        /// The bits.
        mode: u32,
    },
    /// A file that nobody uses is removed.
    RemoveFile {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
    },
    /// `nixstart setup` does it.
    Setup,
    /// A person types it.
    ByHand {
        /// Commands to type, one per line of text.
        commands: Vec<String>,
    },
}

/// What has to be started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Restart {
    /// The shell.
    Shell,
    /// The Nix daemon.
    Daemon,
    /// The login session.
    Login,
}

impl Fix {
    /// A fix that is a program of the user's.
    pub fn run(title: &str, command: &[&str], undo: Option<&str>) -> Self {
        let command = command.iter().map(ToString::to_string).collect();
        Self::new(title, Remedy::Run { command, as_root: false, undo: undo.map(str::to_owned) })
    }

    /// A fix that is a program of root's.
    pub fn run_as_root(title: &str, command: &[&str], undo: Option<&str>) -> Self {
        let command = command.iter().map(ToString::to_string).collect();
        Self::new(title, Remedy::Run { command, as_root: true, undo: undo.map(str::to_owned) })
    }

    /// A fix that a person types.
    pub fn by_hand(title: &str, commands: &[&str]) -> Self {
        Self::new(title, Remedy::ByHand { commands: commands.iter().map(ToString::to_string).collect() })
    }

    /// A fix with any remedy.
    pub fn new(title: &str, remedy: Remedy) -> Self {
        Self { title: title.to_owned(), remedy, restarts: None }
    }

    /// Says what has to be started anew.
    #[must_use]
    pub fn restarting(self, what: Restart) -> Self {
        Self { restarts: Some(what), ..self }
    }
}
