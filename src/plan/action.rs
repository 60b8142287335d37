//! The closed set of things a step can do. `host::apply` is the only place that does them.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dotenv::Consumer;
use crate::file_tree::{File, FileTree, RelativePath};
use crate::line_edit::LineEdit;
use crate::plan::Sha256;
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
    /// Changes variables of a `.env`, or makes it. Every other byte stays as it is; the old values are kept nowhere.
    ChangeSecrets {
        /// The file as it was named, as an absolute path; a link is followed.
        path: Utf8PathBuf,
        /// What is changed, in order.
        changes: Vec<SecretChange>,
        /// Names of those that have a value now and lose it.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        replaced: BTreeSet<String>,
        /// The programs that read the file.
        consumers: Vec<Consumer>,
        /// Where a copy of the old file goes, when somebody asked for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backup: Option<Utf8PathBuf>,
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
        /// The command that is run first when an earlier run was cut short in the middle; empty when there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        settles: Vec<String>,
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
    /// Downloads a program into a private directory. It gets its name, and may be run, only after it was checked.
    Download {
        /// From where: over HTTPS, or `file://` and the path of a file that a person named.
        url: String,
        /// The new file in a directory that only its owner may look into, as an absolute path.
        path: Utf8PathBuf,
        /// What it is checked against.
        check: DownloadCheck,
        /// More bytes than this are not taken.
        most_bytes: u64,
    },
}

/// What a download is checked against. There is no download without a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DownloadCheck {
    /// A digest that was known before: it tells a corrupt file and one that somebody has put in its place.
    Pinned {
        /// The digest.
        sha256: Sha256,
    },
    /// The digest that its publisher keeps beside it: it tells a corrupt file only.
    Published {
        /// Where it is, over HTTPS: a digest alone, or a list of digests and names as `sha256sum` prints it.
        sha256_url: String,
    },
    /// The digest that its publisher keeps beside the address that redirects lead to: the same, for a file whose address
    /// changes with each release.
    PublishedBeside {
        /// What is added to the address, such as `.sha256`.
        suffix: String,
    },
}

impl DownloadCheck {
    /// The check as a line of a plan.
    pub fn describe(&self) -> String {
        match self {
            Self::Pinned { sha256 } => format!("pinned: SHA-256 {sha256}"),
            Self::Published { sha256_url } => format!("unpinned: checked against the publisher's own digest, {sha256_url}"),
            Self::PublishedBeside { suffix } => {
                format!("unpinned: checked against the publisher's own digest, the same address with `{suffix}`")
            }
        }
    }

    /// Whether it tells a file that somebody has put in the place of the right one.
    pub const fn is_pinned(&self) -> bool {
        match self {
            Self::Pinned { .. } => true,
            Self::Published { .. } | Self::PublishedBeside { .. } => false,
        }
    }
}

/// A change of one variable of a `.env`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum SecretChange {
    /// It gets a value, wherever it has one already; or it is added at the end.
    Set(SecretEntry),
    /// Every assignment of it is taken out.
    Unset {
        /// Name of the variable.
        name: String,
    },
}

impl SecretChange {
    /// Name of the variable.
    pub fn name(&self) -> &str {
        match self {
            Self::Set(entry) => &entry.name,
            Self::Unset { name } => name,
        }
    }

    /// What happens to the variable, as a fragment.
    pub fn describe(&self) -> String {
        match self {
            Self::Set(entry) => entry.source.describe(),
            Self::Unset { .. } => "taken out".to_owned(),
        }
    }

    /// Changes of a file as lines to read. A source that all have in common is said once.
    pub fn lines(file: &Utf8Path, changes: &[Self], replaced: &BTreeSet<String>) -> Vec<String> {
        let source = |change: &Self| match change {
            Self::Set(SecretEntry { source: SecretSource::File { path }, .. }) => {
                let path = file.parent().and_then(|directory| path.strip_prefix(directory).ok()).unwrap_or(path);
                format!("from {path}")
            }
            Self::Set(_) | Self::Unset { .. } => change.describe(),
        };
        let first = changes.first().map(source).unwrap_or_default();
        let is_common =
            changes.len() > 1 && changes.iter().all(|change| matches!(change, Self::Set(_)) && source(change) == first);
        let width = changes.iter().map(|change| change.name().len()).max().unwrap_or(0);
        let line = |change: &Self| {
            let (name, source) = (change.name(), if is_common { String::new() } else { format!(" {}", source(change)) });
            match change {
                Self::Set(_) if replaced.contains(name) => format!("{name:width$}  ~ replaced{source}"),
                Self::Set(_) => format!("{name:width$}  + added{source}"),
                Self::Unset { .. } => format!("{name:width$}  - taken out"),
            }
        };
        is_common.then(|| first.clone()).into_iter().chain(changes.iter().map(line)).collect()
    }
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
            Self::ChangeSecrets { .. } => "change-secrets",
            Self::InitRepository { .. } => "init-repository",
            Self::StageFiles { .. } => "stage-files",
            Self::Commit { .. } => "commit",
            Self::Run { .. } => "run",
            Self::EditFile { .. } => "edit-file",
            Self::SetMode { .. } => "set-mode",
            Self::RemoveFile { .. } => "remove-file",
            Self::Download { .. } => "download",
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
            Self::ChangeSecrets { path, changes, replaced, consumers, backup } => {
                let keys: Vec<Value> =
                    changes.iter().map(|change| json!({ "name": change.name(), "change": change.describe(), "replaces": replaced.contains(change.name()) })).collect();
                json!({ "path": path, "mode": "0600", "variables": keys, "consumers": consumers, "backup": backup })
            }
            Self::InitRepository { directory } => json!({ "directory": directory }),
            Self::StageFiles { directory, paths } => json!({ "directory": directory, "paths": paths }),
            Self::Commit { directory, message } => json!({ "directory": directory, "message": message }),
            Self::Run { directory, program, arguments, produces, takes_back, settles } => {
                json!({ "directory": directory, "program": program, "arguments": arguments, "produces": produces, "takes_back": takes_back, "settles": settles })
            }
            Self::EditFile { path, edit } => json!({ "path": path, "edit": edit }),
            Self::SetMode { path, mode } => json!({ "path": path, "mode": format!("{mode:04o}") }),
            Self::RemoveFile { path } => json!({ "path": path }),
            Self::Download { url, path, check, most_bytes } => {
                json!({ "url": url, "path": path, "check": check, "most_bytes": most_bytes })
            }
        }
    }
}

/// A number of bytes as a person reads it, in units of a thousand.
pub fn size_as_text(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000.. => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

fn file_list(tree: &FileTree) -> Vec<Value> {
    let entry = |(path, file): (&RelativePath, &File)| json!({ "path": path, "bytes": file.contents.len(), "mode": format!("{:04o}", file.mode()), "blob": file.blob_id() });
    tree.iter().map(entry).collect()
}
