//! The private directory that a download comes into. What is in it by us goes again unless it is kept.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};

use camino::{Utf8Path, Utf8PathBuf};

use super::HttpError;

/// Files and directories that go when this is dropped.
#[derive(Debug)]
pub(in crate::host) struct Place {
    made: Vec<Utf8PathBuf>,
    file: Option<Utf8PathBuf>,
}

impl Place {
    /// Makes the directory, or makes sure that only its owner may look into it.
    pub(in crate::host) fn open(directory: &Utf8Path) -> Result<Self, HttpError> {
        let missing: Vec<&Utf8Path> = missing(directory).collect();
        let mut place = Self { made: Vec::new(), file: None };
        for directory in missing.into_iter().rev() {
            make(directory)?;
            place.made.push(directory.to_owned());
        }
        let metadata = fs_err::symlink_metadata(directory)?;
        let is_ours = metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || metadata.mode() & 0o077 != 0 {
            return Err(HttpError::NotPrivate { directory: directory.to_owned() });
        }
        Ok(place)
    }

    /// Takes a file in, to go with the rest.
    pub(in crate::host) fn holds(&mut self, file: &Utf8Path) {
        self.file = Some(file.to_owned());
    }

    /// Lets everything stay.
    pub(in crate::host) fn keep(mut self) {
        self.made.clear();
        self.file = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _gone_when_renamed = fs_err::remove_file(file);
        }
        for directory in self.made.iter().rev() {
            let _kept_when_not_empty = fs_err::remove_dir(directory);
        }
    }
}

/// The directories that are not there, innermost first.
pub(in crate::host) fn missing(directory: &Utf8Path) -> impl Iterator<Item = &Utf8Path> {
    directory.ancestors().take_while(|above| !above.as_str().is_empty() && above.symlink_metadata().is_err())
}

fn make(directory: &Utf8Path) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("cannot make the directory `{directory}`: {error}"));
    std::fs::DirBuilder::new().mode(0o700).create(directory).map_err(named)
}
