//! Ways to mend what a check found. A fix that nixstart can carry out itself becomes steps of a plan; the rest is typed by
//! a person.

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::line_edit::LineEdit;
use crate::plan::Undo;
use crate::setup::daemon::Change;
use crate::template::escape;

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
        /// The command that takes it back; empty when a person does.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        takes_back: Vec<String>,
    },
    /// A few lines of text files change; a file is made when it is absent.
    Edit {
        /// What changes, in order.
        edits: Vec<FileEdit>,
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

/// A change to a few lines of one text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileEdit {
    /// The file, as an absolute path.
    pub path: Utf8PathBuf,
    /// What changes.
    #[serde(flatten)]
    pub edit: LineEdit,
}

impl FileEdit {
    /// Lines that the file lacks are added at its end.
    pub fn add(path: impl Into<Utf8PathBuf>, lines: Vec<String>) -> Self {
        Self { path: path.into(), edit: LineEdit::Add { lines } }
    }

    /// A line takes the place of another.
    pub fn replace(path: impl Into<Utf8PathBuf>, old: impl Into<String>, new: impl Into<String>) -> Self {
        Self { path: path.into(), edit: LineEdit::Replace { old: old.into(), new: new.into() } }
    }
}

impl FileEdit {
    /// What a person would do.
    fn typed(&self) -> Vec<String> {
        match &self.edit {
            LineEdit::Add { lines } | LineEdit::Block { lines, .. } => {
                std::iter::once(format!("add to {}:", self.path)).chain(lines.iter().map(|line| format!("  {line}"))).collect()
            }
            LineEdit::Replace { old, new } => vec![format!("in {} write `{new}` for `{old}`", self.path)],
        }
    }
}

/// What has to be started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Restart {
    /// The Nix daemon.
    Daemon,
    /// The shell.
    Shell,
    /// The login session.
    Login,
}

impl Fix {
    /// A fix that is a program of the user's.
    pub fn run(title: &str, command: &[&str], undo: Option<&str>) -> Self {
        let command = command.iter().map(ToString::to_string).collect();
        Self::new(title, Remedy::Run { command, as_root: false, undo: undo.map(str::to_owned), takes_back: Vec::new() })
    }

    /// A fix that is a program of root's.
    pub fn run_as_root(title: &str, command: &[&str], undo: Option<&str>) -> Self {
        let command = command.iter().map(ToString::to_string).collect();
        Self::new(title, Remedy::Run { command, as_root: true, undo: undo.map(str::to_owned), takes_back: Vec::new() })
    }

    /// A fix that `setup` carries out too.
    pub fn change(title: &str, change: &Change) -> Self {
        let undo = match &change.undo {
            Undo::Inverse { by } => Some(by.clone()),
            Undo::Manual { instruction } => Some(instruction.clone()),
            Undo::Restore | Undo::Irreversible { .. } => None,
        };
        let (command, takes_back) = (change.command.clone(), change.takes_back.clone());
        Self::new(title, Remedy::Run { command, as_root: true, undo, takes_back })
    }

    /// A fix that changes files of the user's.
    pub fn edit(title: &str, edits: Vec<FileEdit>) -> Self {
        Self::new(title, Remedy::Edit { edits, as_root: false })
    }

    /// A fix that changes files of root's.
    pub fn edit_as_root(title: &str, edits: Vec<FileEdit>) -> Self {
        Self::new(title, Remedy::Edit { edits, as_root: true })
    }

    /// A fix that a person types.
    pub fn by_hand(title: &str, commands: &[&str]) -> Self {
        Self::new(title, Remedy::ByHand { commands: commands.iter().map(ToString::to_string).collect() })
    }

    /// A fix with any remedy.
    pub fn new(title: &str, remedy: Remedy) -> Self {
        Self { title: title.to_owned(), remedy, restarts: None }
    }

    /// Names the command that takes a program back.
    #[must_use]
    pub fn taken_back_by(mut self, words: &[&str]) -> Self {
        if let Remedy::Run { takes_back, .. } = &mut self.remedy {
            *takes_back = words.iter().map(ToString::to_string).collect();
        }
        self
    }

    /// Whether a plan can carry it out.
    pub const fn is_automatic(&self) -> bool {
        match self.remedy {
            Remedy::Run { .. } | Remedy::Edit { .. } | Remedy::SetMode { .. } | Remedy::RemoveFile { .. } => true,
            Remedy::Setup | Remedy::ByHand { .. } => false,
        }
    }

    /// What a person would type for it, line by line.
    pub fn typed(&self) -> Vec<String> {
        match &self.remedy {
            Remedy::Run { command, as_root, .. } => {
                let words: Vec<String> = command.iter().map(|word| escape::sh(word)).collect();
                vec![format!("{}{}", if *as_root { "sudo " } else { "" }, words.join(" "))]
            }
            Remedy::Edit { edits, .. } => edits.iter().flat_map(FileEdit::typed).collect(),
            Remedy::SetMode { path, mode } => vec![format!("chmod {mode:o} {}", escape::sh(path.as_str()))],
            Remedy::RemoveFile { path } => vec![format!("rm {}", escape::sh(path.as_str()))],
            Remedy::Setup => vec!["nixstart setup".to_owned()],
            Remedy::ByHand { commands } => commands.clone(),
        }
    }

    /// Says what has to be started anew.
    #[must_use]
    pub fn restarting(self, what: Restart) -> Self {
        Self { restarts: Some(what), ..self }
    }
}
