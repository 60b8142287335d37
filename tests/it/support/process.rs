//! Servers that a test starts, and questions to them over HTTP.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long a server may take to start or to end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process in a group of its own, which ends with the test: nothing it has started stays.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _reaped_already = self.child.wait();
    }
}

impl Running {
    /// Starts a program. What it says goes to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let file = std::fs::File::create(log).unwrap();
        let command = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
        Self { child: command.spawn().unwrap(), log: log.to_owned() }
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs_err::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until an address is answered with a status, and returns the answer.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, url: &str, status: u16) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some((found, body)) = get(url)
                && found == status
            {
                return body;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{url} is not answered with {status}:\n{}", self.said());
            std::thread::yield_now();
        }
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Sends a signal to the process and waits for its end.
    #[track_caller]
    pub(crate) fn end_with(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "{signal:?} has no effect:\n{}", self.said());
            std::thread::yield_now();
        }
    }
}

/// A port of the loopback interface that nobody has at the moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The status and the body of an answer; `None` when there is none.
pub(crate) fn get(url: &str) -> Option<(u16, String)> {
    answer_of(agent().get(url).call())
}

/// The same for a body that is sent.
pub(crate) fn post(url: &str, content_type: &str, body: &str) -> Option<(u16, String)> {
    answer_of(agent().post(url).header("content-type", content_type).send(body))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

fn answer_of(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<(u16, String)> {
    let mut answer = answer.ok()?;
    Some((answer.status().as_u16(), answer.body_mut().read_to_string().ok()?))
}
