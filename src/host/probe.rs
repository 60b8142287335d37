//! Gathers facts: every subject on a thread of its own, every program with a timeout, nothing changed.
//!
//! A probe looks from a [`Vantage`], never at the process it runs in, so that tests can point it at another root, another
//! environment and another directory.

mod child;
mod config;
mod daemon;
mod devenv;
pub mod direnv;
pub mod flake;
mod git;
mod images;
mod network;
mod nix;
mod node;
pub mod packages;
mod processes;
mod programs;
mod secrets;
mod shell;
mod store;
mod subject;
mod system;
mod terminal;

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::Access;

use super::paths;
use crate::env_vars;
use crate::error::Result;
use crate::facts::{Fact, Facts, Packages, Unknown};
pub use programs::{Programs, Run};
pub use secrets::{exposure, is_open as is_open_directory};

/// How long one program may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where a probe looks from.
#[derive(Debug, Clone)]
pub struct Vantage {
    /// What stands for `/` in paths of the system; `/` outside tests.
    pub root: Utf8PathBuf,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The project, or the directory nixstart was started in.
    pub directory: Utf8PathBuf,
    /// The directory nixstart was started in, when it may not be read; it counts as no project then, and programs run in
    /// `/`, because one that is started there fails for a reason that is not its own.
    pub closed: Option<Utf8PathBuf>,
    /// How far it looks.
    pub reach: Reach,
    /// How long one program may take.
    pub timeout: Duration,
    /// The programs that were run.
    pub programs: Programs,
}

/// How far probes look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Whether caches and registries are asked.
    pub network: bool,
    /// Whether things are built and the user's shell is started.
    pub deep: bool,
}

/// What a program printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it ended with 0.
    pub const fn is_success(&self) -> bool {
        matches!(self.code, Some(0))
    }
}

impl Vantage {
    /// From where nixstart was started: the project around it, or the directory itself.
    pub fn here(reach: Reach) -> Result<Self> {
        let here = paths::current_directory()?;
        let is_project = |directory: &&Utf8Path| {
            ["flake.nix", "nixstart.toml", ".git"].iter().any(|name| directory.join(name).symlink_metadata().is_ok())
        };
        let (environment, programs) = (env_vars::all(), Programs::default());
        if rustix::fs::access(here.as_std_path(), Access::READ_OK | Access::EXEC_OK).is_err() {
            let directory = Utf8PathBuf::from("/");
            return Ok(Self { root: "/".into(), environment, directory, closed: Some(here), reach, timeout: TIMEOUT, programs });
        }
        let directory = here.ancestors().find(is_project).unwrap_or(&here).to_owned();
        Ok(Self { root: "/".into(), environment, directory, closed: None, reach, timeout: TIMEOUT, programs })
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The user's directory.
    pub fn home(&self) -> Option<&Utf8Path> {
        self.variable("HOME").map(Utf8Path::new)
    }

    /// A path of the system, below the root that stands for `/`.
    pub fn system(&self, path: &str) -> Utf8PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The text of a plain file; `None` when there is none. Bytes that are no UTF-8 are replaced.
    pub fn read(&self, path: &Utf8Path) -> Fact<Option<String>> {
        self.read_bytes(path).map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The bytes of a plain file; `None` when there is none. A pipe is not read: nobody may ever write to it.
    pub fn read_bytes(&self, path: &Utf8Path) -> Fact<Option<Vec<u8>>> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => match fs_err::read(path) {
                Ok(bytes) => Fact::Known(Some(bytes)),
                Err(error) => Fact::failed(error),
            },
            Ok(_) => Fact::failed(format!("`{path}` is no plain file")),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                Fact::Known(None)
            }
            Err(error) => Fact::failed(format!("`{path}`: {error}")),
        }
    }

    /// A program on PATH.
    pub fn find(&self, program: &str) -> Option<Utf8PathBuf> {
        let found = which::which_in(program, self.variable("PATH"), &self.directory).ok()?;
        Utf8PathBuf::from_path_buf(found).ok()
    }

    /// Runs a program of the user's, without a shell and without input, and waits no longer than the timeout.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Fact<Output> {
        let Some(path) = self.find(program) else { return Fact::irrelevant(format!("`{program}` is not installed")) };
        let start = Instant::now();
        let spawned = Command::new(&path)
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(&self.environment)
            .env("LC_ALL", "C")
            .env("PWD", &self.directory)
            .env("NIXSTART_PROBE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return Fact::failed(format!("`{path}` cannot be started: {error}")),
        };
        let (stdout, stderr) = (child::drain(child.stdout.take()), child::drain(child.stderr.take()));
        let name = path.file_name().unwrap_or(program);
        self.programs.begin(name);
        let ended = child::wait(&mut child, self.timeout);
        self.programs.end(name, start.elapsed());
        let Some(code) = ended else {
            let milliseconds = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
            return Fact::Unknown(Unknown::TimedOut { milliseconds, what: format!("`{program}`") });
        };
        Fact::Known(Output { code, stdout: child::text(&stdout), stderr: child::text(&stderr) })
    }
}

/// The operating system and the kernel in a few words.
pub fn system_name(vantage: &Vantage) -> String {
    let release = vantage.read(&vantage.system("/etc/os-release"));
    let pretty = release.known().and_then(|text| {
        text.as_ref()?.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=").map(|name| name.trim_matches('"').to_owned()))
    });
    let kernel = rustix::system::uname();
    let kernel = format!("{} {}", kernel.sysname().to_string_lossy(), kernel.release().to_string_lossy());
    pretty.map_or_else(|| kernel.clone(), |name| format!("{name}, {kernel}"))
}

/// The name of this machine.
pub fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

/// What was gathered, and how long each subject took.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The facts.
    pub facts: Facts,
    /// How long each subject took, by its name.
    pub times: BTreeMap<&'static str, Duration>,
    /// The programs that were run, the slowest first.
    pub programs: Vec<Run>,
}

/// Gathers every fact, all subjects at once. A probe that breaks, or does not come back, leaves its facts unknown and stops
/// nobody.
pub fn gather(vantage: &Vantage) -> Gathered {
    // Without a network nobody else asks in vain.
    let is_connected = vantage.reach.network && network::is_connected(vantage);
    let inner = &Vantage { reach: Reach { network: is_connected, ..vantage.reach }, ..vantage.clone() };
    let deadline = subject::deadline(vantage);
    // Those whose programs take the longest begin, so that the others are done meanwhile.
    let config = subject::look("config", inner, config::look);
    let nix = subject::look("nix", inner, nix::look);
    let direnv = subject::look("direnv", inner, direnv::look);
    let store = subject::look("store", inner, store::look);
    let system = subject::look("system", inner, system::look);
    let network = subject::look("network", vantage, network::look);
    let daemon = subject::look("daemon", inner, daemon::look);
    let shell = subject::look("shell", inner, shell::look);
    let devenv = subject::look("devenv", inner, devenv::look);
    let git = subject::look("git", inner, git::look);
    let flake = subject::look("flake", inner, flake::look);
    let secrets = subject::look("secrets", inner, secrets::look);
    let node = subject::look("node", inner, node::look);
    let images = subject::look("images", inner, images::look);
    let processes = subject::look("processes", inner, processes::look);
    let terminal = subject::look("terminal", inner, terminal::look);
    let mut gathered = Gathered::default();
    let facts = Facts {
        system: system.taken(deadline, &mut gathered),
        network: network.taken(deadline, &mut gathered),
        nix: nix.taken(deadline, &mut gathered),
        daemon: daemon.taken(deadline, &mut gathered),
        config: config.taken(deadline, &mut gathered),
        store: store.taken(deadline, &mut gathered),
        shell: shell.taken(deadline, &mut gathered),
        direnv: direnv.taken(deadline, &mut gathered),
        devenv: devenv.taken(deadline, &mut gathered),
        git: git.taken(deadline, &mut gathered),
        flake: flake.taken(deadline, &mut gathered),
        secrets: secrets.taken(deadline, &mut gathered),
        node: node.taken(deadline, &mut gathered),
        images: images.taken(deadline, &mut gathered),
        processes: processes.taken(deadline, &mut gathered),
        terminal: terminal.taken(deadline, &mut gathered),
        packages: Packages { manager: packages::manager(vantage).into(), ..Packages::default() },
        ..Facts::default()
    };
    let Facts { broken, late, .. } = gathered.facts;
    Gathered { facts: Facts { broken, late, ..facts }, programs: vantage.programs.take(), ..gathered }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty machine: a root that the caller fills, an empty home below it and no programs.
    pub(super) fn vantage() -> (Utf8PathBuf, Vantage) {
        let root = Utf8PathBuf::from_path_buf(tempfile::tempdir().unwrap().keep()).unwrap();
        let home = root.join("home/user");
        fs_err::create_dir_all(&home).unwrap();
        let environment = [("HOME".to_owned(), home.to_string()), ("PATH".to_owned(), String::new())].into();
        let reach = Reach { network: false, deep: false };
        let directory = home;
        (
            root.clone(),
            Vantage {
                root,
                environment,
                directory,
                closed: None,
                reach,
                timeout: Duration::from_secs(10),
                programs: Programs::default(),
            },
        )
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let (_root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), "/usr/bin:/bin".into());
        vantage.timeout = Duration::from_millis(50);
        let why = vantage.run("sleep", &["60"]).get().unwrap_err();
        assert_eq!(why.to_string(), "`sleep` took longer than 50 ms");
    }

    #[test]
    fn what_a_program_leaves_running_is_not_waited_for() {
        let (_root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), "/usr/bin:/bin".into());
        vantage.timeout = Duration::from_secs(60);
        for script in ["sleep 60 & echo $!", "setsid sleep 60 & echo $!; while ! pgrep -s $! > /dev/null; do :; done"] {
            let start = Instant::now();
            let output = vantage.run("sh", &["-c", script]).known().cloned().unwrap();
            assert!(start.elapsed() < Duration::from_secs(20), "{script}");
            let process = rustix::process::Pid::from_raw(output.stdout.trim().parse().unwrap()).unwrap();
            // One that left the group goes on.
            let _gone = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }
}
