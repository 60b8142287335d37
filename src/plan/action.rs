//! The closed set of things a step can do. `host::apply` is the only place that does them.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::file_tree::{File, FileTree, RelativePath};
use crate::line_edit::LineEdit;
use crate::secret::schema::Generate;

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Makes a directory that does not exist with everything in it: staged beside its place, made durable once, renamed.
    CreateDirectory {
        /// Where, as an absolute path.
        path: Utf8PathBuf,
        /// What is in it.
        tree: FileTree,
    },
    /// Makes files that do not exist in a directory that does.
    CreateFiles {
        /// The directory, as an absolute path.
        directory: Utf8PathBuf,
        /// The new files.
        tree: FileTree,
    },
    /// Puts other bytes into a file. The old ones are kept beside the receipt.
    ReplaceFile {
        /// The directory, as an absolute path.
        directory: Utf8PathBuf,
        /// The file in it.
        path: RelativePath,
        /// The new bytes.
        file: File,
        /// SHA-256 of the bytes it may take the place of, in hexadecimal.
        replaces: String,
    },
    /// Writes variables that a `.env` lacks. It is refused unless a repository ignores the file.
    WriteSecrets {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
        /// The variables, in order.
        entries: Vec<SecretEntry>,
    },
    /// Makes a directory a git repository.
    InitRepository {
        /// The directory, as an absolute path.
        directory: Utf8PathBuf,
    },
    /// Stages files of a repository.
    StageFiles {
        /// The repository's directory, as an absolute path.
        directory: Utf8PathBuf,
        /// The files.
        paths: Vec<RelativePath>,
    },
    /// Commits what is staged.
    Commit {
        /// The repository's directory, as an absolute path.
        directory: Utf8PathBuf,
        /// The message.
        message: String,
    },
    /// Runs a program, without a shell.
    Run {
        /// Where, as an absolute path.
        directory: Utf8PathBuf,
        /// The program, looked up on PATH.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// What it makes in the directory.
        produces: Vec<RelativePath>,
        /// The command that takes it back; empty when there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        takes_back: Vec<String>,
    },
    /// Changes lines of a text file, or makes it. The old bytes are kept beside the receipt.
    EditFile {
        /// The file itself, no link to it, as an absolute path.
        path: Utf8PathBuf,
        /// What is changed.
        #[serde(flatten)]
        edit: LineEdit,
    },
    /// Sets the permission bits of a file.
    SetMode {
        /// The file itself, no link to it, as an absolute path.
        path: Utf8PathBuf,
        /// The bits.
        mode: u32,
    },
    /// Removes a socket or another file without bytes that nobody uses any more.
    RemoveFile {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
    },
}

/// One variable of a `.env`: its name and where the value comes from, never the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretEntry {
    /// Name of the variable.
    pub name: String,
    /// Comment lines above it.
    #[serde(default)]
    pub comment: String,
    /// Where the value comes from.
    pub source: SecretSource,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum SecretSource {
    /// Somebody typed it.
    Entered,
    /// It is in a file.
    File {
        /// The file, as an absolute path.
        path: Utf8PathBuf,
    },
    /// It came on standard input.
    StandardInput,
    /// It is the declared default, which is no secret.
    Default {
        /// The value.
        value: String,
    },
    /// It is made at random when it is written.
    Generated {
        /// How.
        how: Generate,
    },
    /// Nobody has given it; the variable is written empty.
    Later,
}

impl SecretSource {
    /// The source as a person reads it.
    pub fn describe(&self) -> String {
        match self {
            Self::Entered => "entered".to_owned(),
            Self::File { path } => format!("from {path}"),
            Self::StandardInput => "from standard input".to_owned(),
            Self::Default { value } => format!("default {value}"),
            Self::Generated { .. } => "generated".to_owned(),
            Self::Later => "left empty for later".to_owned(),
        }
    }
}

impl Action {
    /// The word for it in `--json`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CreateDirectory { .. } => "create-directory",
            Self::CreateFiles { .. } => "create-files",
            Self::ReplaceFile { .. } => "replace-file",
            Self::WriteSecrets { .. } => "write-secrets",
            Self::InitRepository { .. } => "init-repository",
            Self::StageFiles { .. } => "stage-files",
            Self::Commit { .. } => "commit",
            Self::Run { .. } => "run",
            Self::EditFile { .. } => "edit-file",
            Self::SetMode { .. } => "set-mode",
            Self::RemoveFile { .. } => "remove-file",
        }
    }

    /// What the action does as data for `--json`: paths, sizes and modes, without the bytes of files.
    pub fn summary(&self) -> Value {
        match self {
            Self::CreateDirectory { path, tree } => json!({ "path": path, "files": file_list(tree) }),
            Self::CreateFiles { directory, tree } => json!({ "directory": directory, "files": file_list(tree) }),
            Self::ReplaceFile { directory, path, file, .. } => {
                json!({ "directory": directory, "path": path, "bytes": file.contents.len(), "mode": format!("{:04o}", file.mode()) })
            }
            Self::WriteSecrets { path, entries } => {
                let keys: Vec<Value> =
                    entries.iter().map(|entry| json!({ "name": entry.name, "source": entry.source.describe() })).collect();
                json!({ "path": path, "mode": "0600", "variables": keys })
            }
            Self::InitRepository { directory } => json!({ "directory": directory }),
            Self::StageFiles { directory, paths } => json!({ "directory": directory, "paths": paths }),
            Self::Commit { directory, message } => json!({ "directory": directory, "message": message }),
            Self::Run { directory, program, arguments, produces, takes_back } => {
                json!({ "directory": directory, "program": program, "arguments": arguments, "produces": produces, "takes_back": takes_back })
            }
            Self::EditFile { path, edit } => json!({ "path": path, "edit": edit }),
            Self::SetMode { path, mode } => json!({ "path": path, "mode": format!("{mode:04o}") }),
            Self::RemoveFile { path } => json!({ "path": path }),
        }
    }
}

fn file_list(tree: &FileTree) -> Vec<Value> {
    let entry = |(path, file): (&RelativePath, &File)| json!({ "path": path, "bytes": file.contents.len(), "mode": format!("{:04o}", file.mode()), "blob": file.blob_id() });
    tree.iter().map(entry).collect()
}
