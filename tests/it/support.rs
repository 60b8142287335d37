//! A clean place to run the binary in, and what came of it.

pub(crate) mod devenv;
pub(crate) mod discord;
pub(crate) mod evidence;
pub(crate) mod hostile;
pub(crate) mod machine;
pub(crate) mod nix_project;
pub(crate) mod nix_world;
pub(crate) mod picture;
pub(crate) mod process;
pub(crate) mod pty;
pub(crate) mod registry;
pub(crate) mod server;
pub(crate) mod services;
pub(crate) mod small_disk;
pub(crate) mod stores;
pub(crate) mod tools;
pub(crate) mod watched;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A home, a state directory and a work directory of a test's own.
pub(crate) struct Sandbox {
    root: TempDir,
}

impl Drop for Sandbox {
    /// Receipts and logs are looked through for secrets when all tests are over.
    fn drop(&mut self) {
        evidence::keep("state", self.remembered().as_bytes());
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Asserts the exit code and shows the messages when it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that a message was said.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let unwrapped = self.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("nixstart-test-").tempdir().unwrap();
        for directory in ["home", "work", "state", "empty-path"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        Self { root }
    }

    /// The directory commands are run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work").canonicalize().unwrap()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    /// The binary in a cleared environment, without any tool on PATH, so that what it says does not depend on the machine.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(self.work()).env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    /// The variables of [`Sandbox::command`].
    pub(crate) fn environment(&self) -> BTreeMap<&'static str, PathBuf> {
        BTreeMap::from([
            ("HOME", self.home()),
            ("XDG_STATE_HOME", self.state()),
            ("XDG_CONFIG_HOME", self.home().join(".config")),
            ("PATH", self.root.path().join("empty-path")),
            ("TERM", PathBuf::from("xterm-256color")),
        ])
    }

    /// Runs the binary without a terminal and without input.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with_input(arguments, "")
    }

    #[track_caller]
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        run(self.command().args(arguments), input)
    }

    /// Writes a file below the work directory.
    pub(crate) fn write(&self, path: &str, contents: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work().join(path)).unwrap()
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.work().join(path).symlink_metadata().is_ok()
    }

    /// Runs the real git as somebody in a directory below the work directory, and returns what it prints.
    #[track_caller]
    pub(crate) fn git(&self, directory: &str, arguments: &[&str]) -> String {
        // Of the environment it gets PATH only: in a hook of git `GIT_DIR` names the repository that the tests are in.
        let mut command = Command::new("git");
        command.current_dir(self.work().join(directory)).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.home()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Every file below the work directory with its bytes, without `.git`.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.work())
    }

    /// The ids of all receipts, oldest first.
    pub(crate) fn receipts(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.state().join("nixstart/receipts")) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut ids: Vec<String> = names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect();
        ids.sort();
        ids
    }

    /// Everything nixstart remembers, as one text.
    pub(crate) fn remembered(&self) -> String {
        files_below(&self.state()).values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

/// The binary under test.
pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_nixstart")
}

/// The checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
pub(crate) fn run(command: &mut Command, input: &str) -> Run {
    refuse_secrets(command.get_args());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input closes it; that is no failure of the test.
    let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    evidence::keep_output(command, &output);
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Whether `tests/canary` sees a secret on a command line is chance.
#[track_caller]
pub(crate) fn refuse_secrets<'a>(mut words: impl Iterator<Item = &'a OsStr>) {
    let holds_secret = |word: &OsStr| [token(), canary()].iter().any(|secret| word.to_string_lossy().contains(secret));
    assert!(!words.any(holds_secret), "a secret of the tests is an argument; a test of that takes another");
}

pub(crate) fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        // A test may have put a file where the directory was.
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_plain = path.symlink_metadata().unwrap().is_file();
            if path.is_dir() && !path.is_symlink() {
                if !path.ends_with(".git") {
                    folders.push(path);
                }
            } else if is_plain {
                files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// A bot token that passes every check, put together here so that no scanner finds one in the source.
pub(crate) fn token() -> String {
    // base64url of the digits of APPLICATION_ID.
    [["MTEwMDAwMDAw", "MDAwMDAwMDAwMQ"].concat(), "G".repeat(6), "x".repeat(38)].join(".")
}

/// A bot token for tests that put one where it does not belong, such as a command line: [`token`] is looked for there.
pub(crate) fn leaked() -> String {
    token().replace('x', "y")
}

/// A secret that is looked for everywhere when the tests are over (`tests/canary`). Its characters are such that each of its
/// encoded forms is another text, and it needs no quotes. `tests/run` makes a new one for each run.
pub(crate) fn canary() -> String {
    std::env::var("NIXSTART_TEST_CANARY").unwrap_or_else(|_| ["canary+7Qe/", "f2Wk+9Zp/", "m4Rt=="].concat())
}

/// The id inside [`token`].
pub(crate) const APPLICATION_ID: &str = "1100000000000000001";
/// The id of a server.
pub(crate) const GUILD_ID: &str = "1100000000000000002";
