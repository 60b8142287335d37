//! A project with declared services, whose runner ends with the test.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Run, Sandbox, run};

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The variable by which a test finds what its services have started.
const MARK: &str = "NIXSTART_TEST_MARK";

/// A project with `nixstart.toml`.
pub(crate) struct Services {
    pub(crate) sandbox: Sandbox,
    mark: String,
    /// More variables for everything that is started.
    environment: Vec<(String, OsString)>,
}

impl Drop for Services {
    fn drop(&mut self) {
        run(&mut self.command(&["down"]), "");
        for pid in self.alive() {
            let _gone =
                rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL);
        }
    }
}

impl Services {
    /// A project with these services.
    pub(crate) fn new(services: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("p/nixstart.toml", services);
        Self::of(sandbox, Vec::new())
    }

    /// The project in `p`, with more variables for everything that is started.
    pub(crate) fn of(sandbox: Sandbox, environment: Vec<(String, OsString)>) -> Self {
        std::fs::create_dir(sandbox.work().join("run")).unwrap();
        let mark = sandbox.work().display().to_string();
        Self { sandbox, mark, environment }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.sandbox.work().join("p")
    }

    /// The binary in the project, with the programs of this machine.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command();
        command.current_dir(self.root()).args(arguments);
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("XDG_RUNTIME_DIR", self.sandbox.work().join("run"));
        command.env(MARK, &self.mark).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(&mut self.command(arguments), "")
    }

    /// Starts the binary and leaves it running.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// A process as `ps --json` has it.
    pub(crate) fn process(&self, name: &str) -> Value {
        let json: Value = serde_json::from_str(&self.run(&["ps", "--json"]).expect(0).stdout).unwrap();
        let processes = json["processes"].as_array().unwrap();
        processes.iter().find(|process| process["name"] == name).cloned().unwrap_or_default()
    }

    /// Waits until a process is in a state.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str, state: &str) -> Value {
        let mut last = Value::Null;
        let is_there = wait_until(|| {
            last = self.process(name);
            last["state"] == state
        });
        assert!(is_there, "`{name}` is not {state} but {last}");
        last
    }

    /// The processes that were started for this project and are still there, without the binary itself.
    pub(crate) fn alive(&self) -> Vec<i32> {
        let mark = format!("{MARK}={}", self.mark);
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let is_ours = |pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        };
        pids.filter(is_ours).collect()
    }

    /// Asserts that nothing that was started for this project is left, nor will be.
    #[track_caller]
    pub(crate) fn expect_nobody(&self) {
        let is_empty = wait_until(|| self.alive().is_empty());
        let left: Vec<String> = self.alive().iter().map(|pid| describe(*pid)).collect();
        assert!(is_empty, "left behind: {left:?}");
    }
}

fn describe(pid: i32) -> String {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    format!("{pid} {}", String::from_utf8_lossy(&words).replace('\0', " "))
}

/// Waits for a condition as long as a busy machine may take, and says whether it came.
pub(crate) fn wait_until(mut is_there: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::yield_now();
    }
    true
}
