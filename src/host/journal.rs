//! Receipts on disk: where journals are, how a line is made durable, and which one a command means.

use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::OpenOptionsExt;
use fs_err::{File, OpenOptions};

use super::{clock, files, paths};
use crate::error::{Error, Result};
use crate::plan::receipt::{FORMAT, Record, Status};
use crate::plan::{Plan, Receipt};

/// A journal that is being written.
pub struct Journal {
    id: String,
    directory: Utf8PathBuf,
    file: File,
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
        files::sync_directory(&directory)?;
        let began =
            Record::Began { format: FORMAT, nixstart: env!("CARGO_PKG_VERSION").to_owned(), at, plan: Box::new(plan.clone()) };
        Ok((Self { id, directory, file }, began))
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
        Ok(Self { id: id.to_owned(), directory, file })
    }

    /// Adds lines and makes them durable.
    pub fn append(&mut self, records: &[Record]) -> Result<()> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record).map_err(Error::failed)?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines)?;
        self.file.file().sync_data()?;
        Ok(())
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

/// Every receipt that can be read, newest first.
pub fn list() -> Result<Vec<Stored>> {
    list_ending_with("")
}

fn list_ending_with(suffix: &str) -> Result<Vec<Stored>> {
    let directory = receipts_directory()?;
    let Ok(entries) = directory.read_dir_utf8() else { return Ok(Vec::new()) };
    let mut ids: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().strip_suffix(".jsonl").map(str::to_owned))
        .filter(|id| id.ends_with(suffix))
        .collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids.into_iter().filter_map(|id| load(&id).ok()).collect())
}

/// Reads a receipt by its id.
pub fn load(id: &str) -> Result<Stored> {
    let is_id = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let path = receipts_directory()?.join(format!("{id}.jsonl"));
    if !is_id || !path.is_file() {
        return Err(Error::failed(format!("there is no receipt `{id}`")).hint("`nixstart undo --list` shows every receipt"));
    }
    let receipt = Receipt::parse(&fs_err::read_to_string(&path)?).map_err(Error::failed)?;
    Ok(Stored { id: id.to_owned(), receipt })
}

/// The newest receipt of a project that is in a state a command can work on.
pub fn newest_of(root: &Utf8Path, is_wanted: impl Fn(Status) -> bool) -> Result<Option<Stored>> {
    let of_project = list_ending_with(&suffix_of(root))?;
    Ok(of_project.into_iter().find(|stored| stored.receipt.plan.root == root && is_wanted(stored.receipt.status)))
}
