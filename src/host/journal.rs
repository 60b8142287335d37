//! Receipts on disk: where journals are, how a line is made durable, and which one a command means.

use std::io::{ErrorKind, Seek, SeekFrom, Write};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::OpenOptionsExt;
use fs_err::{File, OpenOptions};

use super::{clock, files, paths};
use crate::error::{Error, Result};
use crate::plan::receipt::{FORMAT, ReceiptError, Record};
use crate::plan::{Plan, Receipt};

/// A journal that is being written.
pub struct Journal {
    id: String,
    directory: Utf8PathBuf,
    file: File,
    /// Whether the name of the file is durable as well as what is in it.
    is_named: bool,
}

/// A receipt on disk.
#[derive(Debug)]
pub struct Stored {
    /// Its id: the moment it began and a digest of the project's path.
    pub id: String,
    /// The journal, folded.
    pub receipt: Receipt,
}

fn receipts_directory() -> Result<Utf8PathBuf> {
    Ok(paths::state_directory()?.join("receipts"))
}

impl Journal {
    /// Begins the receipt of a plan. Its first line becomes durable with the first step's.
    pub fn begin(plan: &Plan) -> Result<(Self, Record)> {
        let directory = receipts_directory()?;
        files::create_private_directory(&directory)?;
        let at = clock::timestamp();
        let id = format!("{}{}", clock::compact_timestamp(), suffix_of(&plan.root));
        let file = files::write_new(&directory.join(format!("{id}.jsonl")), b"", files::PRIVATE)?;
        let began =
            Record::Began { format: FORMAT, nixstart: env!("CARGO_PKG_VERSION").to_owned(), at, plan: Box::new(plan.clone()) };
        Ok((Self { id, directory, file, is_named: false }, began))
    }

    /// Opens a receipt to add to it. A line that a crash cut off is ended, so that the next one stands alone.
    pub fn reopen(id: &str) -> Result<Self> {
        let directory = receipts_directory()?;
        let path = directory.join(format!("{id}.jsonl"));
        let is_cut_off = !fs_err::read(&path)?.ends_with(b"\n");
        let mut file = OpenOptions::new().append(true).mode(files::PRIVATE).open(&path)?;
        if is_cut_off {
            file.write_all(b"\n")?;
        }
        Ok(Self { id: id.to_owned(), directory, file, is_named: true })
    }

    /// Adds lines and makes them durable.
    pub fn append(&mut self, records: &[Record]) -> Result<()> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record).map_err(Error::failed)?;
            lines.push(b'\n');
        }
        let length = self.file.metadata()?.len();
        let written = self.file.write_all(&lines).and_then(|()| self.file.file().sync_data());
        // (After the file: on ext4 its name is durable by then, and this takes no time.)
        let written = written.and_then(|()| if self.is_named { Ok(()) } else { files::sync_directory(&self.directory) });
        self.is_named |= written.is_ok();
        if written.is_err() {
            // On a full disk a part of a line may be there, and the next line would be lost with it.
            let _as_it_was = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::End(0)));
        }
        Ok(written?)
    }

    /// The id of the receipt.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Keeps bytes that are about to be replaced, readable by the owner only, and returns where.
    pub fn keep(&self, step: &str, contents: &[u8]) -> Result<Utf8PathBuf> {
        let directory = self.directory.join(&self.id);
        files::create_private_directory(&directory)?;
        let path = directory.join(step);
        if !files::holds(&path, contents) {
            files::write_atomically(&path, contents, files::PRIVATE, files::Existing::Refuse)?;
        }
        Ok(path)
    }
}

/// The end of the ids of a project's receipts, so that they are found without reading all.
fn suffix_of(root: &Utf8Path) -> String {
    files::sha256(root.as_str().as_bytes()).chars().take(8).fold("-".to_owned(), |suffix, digit| suffix + &digit.to_string())
}

/// A receipt on disk, or why it cannot be read, by its id.
pub type Listed = (String, Result<Stored>);

/// Every receipt, newest first.
pub fn list() -> Result<Vec<Listed>> {
    list_ending_with("")
}

fn list_ending_with(suffix: &str) -> Result<Vec<Listed>> {
    let directory = receipts_directory()?;
    let entries = match fs_err::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut ids: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).filter(|id| id.ends_with(suffix)).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids.into_iter().filter_map(|id| Some((id.clone(), read(&id).transpose()?))).collect())
}

/// Reads a receipt by its id.
pub fn load(id: &str) -> Result<Stored> {
    let is_id = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !is_id || !path_of(id)?.is_file() {
        return Err(Error::failed(format!("there is no receipt `{id}`")).hint("`nixstart undo --list` shows every receipt"));
    }
    read(id)?.ok_or_else(|| Error::failed(ReceiptError::NeverBegan))
}

fn path_of(id: &str) -> Result<Utf8PathBuf> {
    Ok(receipts_directory()?.join(format!("{id}.jsonl")))
}

/// Reads a receipt; `None` when a crash came before anything was changed.
fn read(id: &str) -> Result<Option<Stored>> {
    let path = path_of(id)?;
    let text = String::from_utf8_lossy(&fs_err::read(&path)?).into_owned();
    match Receipt::parse(&text) {
        Ok(receipt) => Ok(Some(Stored { id: id.to_owned(), receipt })),
        Err(ReceiptError::NeverBegan) => Ok(None),
        Err(error @ ReceiptError::TooNew(_)) => {
            Err(Error::failed(format!("cannot read `{path}`: {error}")).hint("use the newer nixstart that wrote it"))
        }
        Err(error @ ReceiptError::NoBeginning) => {
            Err(Error::failed(format!("cannot read `{path}`: {error}")).hint("move it away if it is of no use to you"))
        }
    }
}

/// The newest receipt of a project that a command can work on. One that cannot be read is an error, because
/// what it did is not known.
pub fn newest_of(root: &Utf8Path, is_wanted: impl Fn(&Receipt) -> bool) -> Result<Option<Stored>> {
    for (_, stored) in list_ending_with(&suffix_of(root))? {
        let stored = stored?;
        if stored.receipt.plan.root == root && is_wanted(&stored.receipt) {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}
