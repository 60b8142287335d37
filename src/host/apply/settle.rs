//! What an earlier run of a program left half done is finished before the program runs again.

use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::super::exec::held::Heard;
use super::super::interrupt;
use super::{Pending, program};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Action;

/// Whether a program was cut short in the middle by an earlier run and has a command for that.
pub(super) const fn is_needed(pending: &Pending<'_>) -> bool {
    matches!(&pending.step.action, Action::Run { settles, .. } if pending.earlier.is_some() && !settles.is_empty())
}

/// Finishes what an earlier run of a program left half done, so that it can be run again.
pub(super) fn settle(pending: &Pending<'_>, on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
    match &pending.step.action {
        Action::Run { directory, produces, settles, .. }
            if is_needed(pending) && program::has_left_something(directory, produces) =>
        {
            if settles.first().is_some_and(|program| program == "dpkg") {
                wait_for_packages(on_heard)?;
            }
            program::run(pending.step, settles, on_heard)
        }
        _ => Ok(()),
    }
}

/// What apt and dpkg hold while they work. Unlike apt, dpkg (1.22) does not wait for it.
const LOCK: &str = "/var/lib/dpkg/lock-frontend";
/// As long as apt is told to wait.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the lock is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits for what may still run: the package manager that was left behind.
fn wait_for_packages(on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut has_said = false;
    while let Some(process) = holder(Utf8Path::new(LOCK)) {
        if interrupt::is_interrupted() {
            return Err(Error::new(ErrorKind::Interrupted, format!("interrupted while process {process} held `{LOCK}`")));
        }
        if Instant::now() > deadline {
            let message = format!("process {process} has held `{LOCK}` for {} seconds", PATIENCE.as_secs());
            return Err(Error::new(ErrorKind::Tool, message).hint("wait until it has ended"));
        }
        if !std::mem::replace(&mut has_said, true) {
            on_heard(Heard::Notice(&format!("waiting for process {process}, which holds `{LOCK}`")));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// The process that holds a lock on a file, as far as the system says.
fn holder(path: &Utf8Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let inode = path.metadata().ok()?.ino();
    holder_in(&fs_err::read_to_string("/proc/locks").ok()?, inode)
}

/// The device is not compared: on an overlay it is another one for the lock than for the file.
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    let suffix = format!(":{inode}");
    let held = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut of_file =
        held.filter(|fields| fields.get(1) == Some(&"POSIX") && fields.get(5).is_some_and(|file| file.ends_with(&suffix)));
    of_file.next()?.get(4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_who_holds_a_lock() {
        let locks = "1: POSIX  ADVISORY  WRITE 311 00:2b:4711 0 EOF\n1: -> POSIX  ADVISORY  WRITE 312 00:2b:4711 0 EOF\n2: FLOCK  ADVISORY  WRITE 9 00:2b:42 0 EOF\n";
        assert_eq!(holder_in(locks, 4711), Some(311));
        assert_eq!(holder_in(locks, 42), None, "flock does not conflict with what apt takes");
        assert_eq!(holder_in(locks, 711), None);
    }
}
