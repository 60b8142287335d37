//! Stands above a runner and outlives it: whatever way the runner ends, nothing that it has started stays behind.
//!
//! On Linux those whose parent has ended become children of the guardian (a *child subreaper*), so it finds them whatever they
//! did to get away. It has another name in the table of processes, so that who kills every `nixstart` does not kill both.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitOptions, getpid};
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::journal::{self, Said};
use super::mark::{self, kill_one};
use super::site::Site;
use super::start::Keep;
use crate::error::{Error, ErrorKind, Result};
use crate::host::process_table::ProcessTable;
use crate::host::{clock, files, interrupt};

/// Its name in the table of processes; Linux cuts it at 15 characters.
const NAME: &str = "process-guard";
/// How long those who are left may take to end.
const GRACE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Starts a runner, waits for its end, and ends what it has left. It is what [`super::start::start`] starts.
pub fn guard(site: &Site, argv: &[String], keep: Keep, said: Said) -> Result<()> {
    interrupt::pass_on();
    site.create()?;
    files::create_private_directory(&site.logs)?;
    // A session of its own: closing the terminal is nothing to us. It fails for who has one already.
    let _has_one = rustix::process::setsid();
    let _cosmetic = fs_err::write("/proc/self/comm", NAME);
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(getpid())).map_err(|error| Error::failed(std::io::Error::from(error)))?;
    let mark = format!("{}-{}", getpid().as_raw_nonzero(), clock::now_milliseconds());
    let Some((program, arguments)) = argv.split_first() else { return Err(Error::usage("there is nothing to guard")) };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&site.root)
        // Changing the directory does not change the variable, and devenv reads the variable.
        .env("PWD", site.root.as_str())
        .env(mark::VARIABLE, mark::of_runner(&mark))
        .stdin(Stdio::null());
    said.prepare(&mut command);
    let mut child = command.spawn()?;
    let readers = journal::keep(&mut child, site)?;
    let runner = child.id();
    if let Ok(mut signals) = Signals::new([SIGTERM, SIGINT, SIGHUP]) {
        thread::spawn(move || signals.forever().for_each(|_| kill_one(runner, Signal::TERM)));
    }
    if keep == Keep::WhileWatched {
        end_with_input(runner);
    }
    let status = child.wait()?;
    end_everybody(&mark);
    journal::finish(&readers);
    if status.success() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Tool, format!("`{program}` has ended ({status}); what it had started was ended, too")))
}

/// Whoever has started us holds the other end of our input, until it ends in whatever way.
fn end_with_input(runner: u32) {
    thread::spawn(move || {
        let mut nothing = [0; 16];
        while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
        kill_one(runner, Signal::TERM);
    });
}

/// Ends everybody below us, and everybody with our mark.
fn end_everybody(mark: &str) {
    let own = u32::try_from(getpid().as_raw_nonzero().get()).unwrap_or_default();
    let signal_all = |signal| ProcessTable::read().descendants(own).into_iter().for_each(|pid| kill_one(pid, signal));
    let deadline = Instant::now() + GRACE;
    signal_all(Signal::TERM);
    loop {
        reap();
        if ProcessTable::read().descendants(own).is_empty() {
            break;
        }
        if Instant::now() > deadline {
            signal_all(Signal::KILL);
        }
        thread::sleep(PAUSE);
    }
    mark::end(&mark::assignment(&mark::of_runner(mark)));
}

fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
}
