//! A file system that is soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools;

/// A file system of some size in memory, mounted on a directory; it goes with the value.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, and a note for the account of `tests/run`, where nobody may mount.
    pub(crate) fn at(place: &Path, size: &str, test: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(place);
        if !tools::is_root() || !mount.status().is_ok_and(|status| status.success()) {
            tools::note_missing(test, "the right to mount a file system");
            return None;
        }
        Some(Self(place.to_owned()))
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // (Somebody may still have a file of it open.)
        let _gone_already = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
