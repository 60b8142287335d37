//! Real machines to run the binary on: clones of Debian roots that `tests/machines` builds, gone when the value is dropped.
//!
//! A machine is named `RELEASE[+LAYER]...`, as in `trixie+systemd+daemon`; `tests/machines/README.md` lists the layers.
//! With the layer `systemd` it has systemd as PID 1.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use portable_pty::CommandBuilder;
use serde_json::json;
use tempfile::TempDir;

use super::pty::Terminal;
use super::{Run, binary, checkout, run, tools};

/// What `tests/machines/enter` says with its exit code when this host can have no machine.
const CANNOT: i32 = 77;

/// Keeps Nix from asking the network; for `NIX_CONFIG`.
pub(crate) const OFFLINE: (&str, &str) = ("NIX_CONFIG", include_str!("../../machines/flake/settings.conf"));

/// A running machine.
pub(crate) struct Machine {
    name: String,
    directory: TempDir,
}

impl Machine {
    /// Starts a clone, with the binary under test at `/usr/local/bin/nixstart`. `None`, and a note for the account of
    /// `tests/run`, when this host cannot have machines.
    pub(crate) fn start(name: &str) -> Option<Self> {
        let thread = thread::current();
        let test = thread.name().unwrap_or("a test");
        if !tools::is_root() {
            tools::note_missing(test, "root (machines mount)");
            return None;
        }
        if !tools::have(test, &["debootstrap", "unshare", "nsenter"]) {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("nixstart-machine-").tempdir().unwrap();
        let machine = Self { name: name.to_owned(), directory };
        let mut command = machine.enter("root");
        command.args(["--until", &std::process::id().to_string()]);
        command.args(["--bind", &format!("{}:/usr/local/bin/nixstart", binary())]);
        if name.split('+').any(|layer| layer == "systemd") {
            command.arg("--systemd");
        }
        let started = run(command.arg(name).args(["--", "true"]), "");
        if started.code == CANNOT {
            eprintln!("{}", started.stderr);
            tools::note_missing(test, "machines (see what tests/machines/make says)");
            return None;
        }
        started.expect(0);
        Some(machine)
    }

    /// Runs a command as root.
    pub(crate) fn run(&self, command: &[&str]) -> Run {
        self.run_as("root", command)
    }

    /// Runs a command as a user, in a new session and in its home: `ada` has no sudo, `bob` needs no password for it,
    /// `carol` has one (`carol`), `dan` may run apt-get and nothing else.
    pub(crate) fn run_as(&self, user: &str, command: &[&str]) -> Run {
        self.run_with(user, &[], command, "")
    }

    /// Runs a command as a user with variables and input.
    pub(crate) fn run_with(&self, user: &str, variables: &[(&str, &str)], command: &[&str], input: &str) -> Run {
        run(&mut self.command(user, variables, command), input)
    }

    /// Runs a script of bash as a user, which ends at the first command that fails.
    pub(crate) fn script(&self, user: &str, script: &str) -> Run {
        self.run_as(user, &["bash", "-euc", script])
    }

    /// Starts a command as a user in a terminal of a size.
    pub(crate) fn terminal(&self, user: &str, variables: &[(&str, &str)], command: &[&str], size: (u16, u16)) -> Terminal {
        let command = self.command(user, variables, command);
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env("TERM", "xterm-256color");
        Terminal::spawn(builder, size)
    }

    /// The command on the host that runs a command inside.
    pub(crate) fn command(&self, user: &str, variables: &[(&str, &str)], command: &[&str]) -> Command {
        let mut enter = self.enter(user);
        for (name, value) in variables {
            enter.arg("--env").arg(format!("{name}={value}"));
        }
        enter.arg(&self.name).arg("--").args(command);
        enter
    }

    fn enter(&self, user: &str) -> Command {
        let mut enter = Command::new(checkout().join("tests/machines/enter"));
        enter.arg("--keep").arg(self.directory()).args(["--user", user]);
        enter
    }

    /// Where the host keeps the account of this machine.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Writes a file as root, with the directories above it.
    #[track_caller]
    pub(crate) fn write(&self, path: &str, contents: &str) {
        let script = r#"mkdir -p "$(dirname "$1")" && cat > "$1""#;
        self.run_with("root", &[], &["sh", "-c", script, "sh", path], contents).expect(0);
    }

    /// Reads a file as root.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        self.run(&["cat", "--", path]).expect(0).stdout
    }

    /// Whether something is there, be it a link that leads nowhere.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.run(&["sh", "-c", r#"[ -e "$1" ] || [ -L "$1" ]"#, "sh", path]).code == 0
    }

    /// Copies the offline flake of `tests/machines/flake` to a directory of a user, and returns its path.
    pub(crate) fn flake(&self, user: &str) -> String {
        let project = format!("/home/{user}/project");
        self.copy(user, &checkout().join("tests/machines/flake"), &project);
        project
    }

    /// Makes `nixpkgs` the flake of `tests/machines/nixpkgs` for a user, whose calls of Nix then need [`OFFLINE`].
    pub(crate) fn nixpkgs(&self, user: &str) {
        let (place, registry) = (format!("/home/{user}/nixpkgs"), format!("/home/{user}/.config/nix/registry.json"));
        self.copy(user, &checkout().join("tests/machines/nixpkgs"), &place);
        let (from, to) = (json!({ "type": "indirect", "id": "nixpkgs" }), json!({ "type": "path", "path": place }));
        let text = json!({ "version": 2, "flakes": [{ "from": from, "to": to }] }).to_string();
        let script = r#"mkdir -p "$(dirname "$1")" && cat > "$1""#;
        self.run_with(user, &[], &["sh", "-c", script, "sh", &registry], &text).expect(0);
    }

    /// Copies a directory of the host to a new one of a user.
    pub(crate) fn copy(&self, user: &str, from: &Path, to: &str) {
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(from).args(["-c", "."]);
        let mut packing = tar.stdout(Stdio::piped()).spawn().unwrap();
        let unpack = ["sh", "-c", r#"mkdir "$1" && tar -C "$1" --no-same-owner -x"#, "sh", to];
        let status = self.command(user, &[], &unpack).stdin(packing.stdout.take().unwrap()).status().unwrap();
        assert!(status.success() && packing.wait().unwrap().success());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let mut stop = Command::new(checkout().join("tests/machines/enter"));
        let stopped = stop.arg("--stop").arg(self.directory()).status();
        if !thread::panicking() {
            assert!(stopped.unwrap().success(), "the machine could not be stopped");
        }
    }
}
