//! Ends a manager. Its protocol has no word for that, so it gets a signal, as from devenv itself: SIGTERM, and SIGKILL when it
//! has not ended by then. It must be the one that listens on the socket; the number in its file alone may be anybody's by now.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, test_kill_process};

use super::Site;
use crate::backend::RunnerError;
use crate::host::peer::Peer;

/// How long it may take to end everything.
const GRACE: Duration = Duration::from_secs(30);
/// How long it may take to be gone after SIGKILL.
const LAST: Duration = Duration::from_secs(2);
/// How often is looked whether it is.
const GLANCE: Duration = Duration::from_millis(20);

pub(super) fn end(site: &Site) -> Result<(), RunnerError> {
    let manager = manager(site)?;
    for (signal, patience) in [(Signal::TERM, GRACE), (Signal::KILL, LAST)] {
        manager.send(signal);
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if is_gone(site, &manager) {
                return Ok(());
            }
            thread::sleep(GLANCE);
        }
        // Before more force is used: is it still the same one?
        match self::manager(site) {
            Ok(now) if now.pid == manager.pid => {}
            Ok(_) => return Ok(()),
            Err(error) if error.is_gone() => return Ok(()),
            Err(_) => {}
        }
    }
    Err(RunnerError::StillThere { place: site.endpoint.to_string(), seconds: GRACE.as_secs() })
}

/// Gone is one that nobody reaches any more and that does not run: its processes end before it does.
fn is_gone(site: &Site, manager: &Manager) -> bool {
    Peer::connect(&site.endpoint).is_err_and(|error| error.is_gone()) && !manager.runs()
}

struct Manager {
    pid: Pid,
    /// Names the process even when its number is given to another.
    #[cfg(target_os = "linux")]
    handle: Option<std::os::fd::OwnedFd>,
}

fn manager(site: &Site) -> Result<Manager, RunnerError> {
    let listens = Peer::connect(&site.endpoint)?.process();
    let written = fs_err::read_to_string(&site.pid_file).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let unknown = |reason: &str| RunnerError::Broken { place: site.endpoint.to_string(), reason: reason.to_owned() };
    let number = match (listens, written) {
        (Some(listens), Some(written)) if listens != written => {
            return Err(unknown("another process listens there than its file says"));
        }
        // A manager writes its number only when all has been started.
        (Some(number), _) | (None, Some(number)) => number,
        (None, None) => return Err(unknown("nobody says which process it is")),
    };
    let pid = i32::try_from(number).ok().filter(|number| *number > 1).and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| unknown("the number of its process is none"))?;
    Ok(Manager::of(pid))
}

#[cfg(target_os = "linux")]
impl Manager {
    fn of(pid: Pid) -> Self {
        use rustix::process::{PidfdFlags, pidfd_open};
        Self { pid, handle: pidfd_open(pid, PidfdFlags::empty()).ok() }
    }

    fn send(&self, signal: Signal) {
        let _ended_already = match &self.handle {
            Some(handle) => rustix::process::pidfd_send_signal(handle, signal),
            None => rustix::process::kill_process(self.pid, signal),
        };
    }

    /// A process that has ended and was not waited for by its parent does not run any more.
    fn runs(&self) -> bool {
        let status = std::fs::File::open(format!("/proc/{}/stat", self.pid)).and_then(std::io::read_to_string);
        let is_zombie = status.is_ok_and(|text| text.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')));
        !is_zombie && test_kill_process(self.pid).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
impl Manager {
    fn of(pid: Pid) -> Self {
        Self { pid }
    }

    fn send(&self, signal: Signal) {
        let _ended_already = rustix::process::kill_process(self.pid, signal);
    }

    fn runs(&self) -> bool {
        test_kill_process(self.pid).is_ok()
    }
}
