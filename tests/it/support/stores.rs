//! A real Postgres and a real Redis of a test's own, on the loopback interface, with their files in a folder that goes.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::{Running, free_port};
use super::{run, tools};

/// Who runs Postgres when root runs the tests: it refuses to run as root.
pub(crate) const NOBODY: u32 = 65534;

/// The programs of [`Postgres`].
pub(crate) const POSTGRES: [&str; 3] = ["initdb", "postgres", "createdb"];

/// A Postgres with an empty database `app`.
pub(crate) struct Postgres {
    server: Running,
    port: u16,
    _folder: TempDir,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("nixstart-postgres-").tempdir().unwrap();
        if tools::is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let files = folder.path().join("data");
        let made = run(
            program("initdb", folder.path())
                .args(["--auth=trust", "--username=tester", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"])
                .arg(&files),
            "",
        );
        assert_eq!(made.code, 0, "{}", made.stderr);
        let port = free_port();
        let mut command = program("postgres", folder.path());
        command.arg("-D").arg(&files).args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        command.arg("-c").arg(format!("port={port}"));
        command.arg("-c").arg(format!("unix_socket_directories={}", folder.path().display()));
        let server = Running::start(&mut command, &folder.path().join("log"));
        let mut create = program("createdb", folder.path());
        create.args(["--host=127.0.0.1", "--username=tester", &format!("--port={port}"), "app"]);
        let deadline = Instant::now() + Duration::from_secs(60);
        while run(&mut create, "").code != 0 {
            assert!(Instant::now() < deadline, "PostgreSQL does not start:\n{}", server.said());
        }
        Self { server, port, _folder: folder }
    }

    /// The address of the database.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://tester@127.0.0.1:{}/app", self.port)
    }

    /// Ends it the fast way: who is connected is disconnected.
    pub(crate) fn stop(self) {
        self.server.end_with(Signal::INT);
    }
}

/// A Redis that keeps nothing.
pub(crate) struct Redis {
    server: Running,
    port: u16,
    _folder: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("nixstart-redis-").tempdir().unwrap();
        let port = free_port();
        let mut command = Command::new(tools::find("redis-server").unwrap());
        command.current_dir(folder.path()).args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
        Self { server: Running::start(&mut command, &folder.path().join("log")), port, _folder: folder }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn stop(self) {
        self.server.end_with(Signal::TERM);
    }
}

/// A program, as somebody that Postgres agrees to run as.
pub(crate) fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(tools::find(name).unwrap());
    command.env_clear().env("PATH", tools::tool_path()).current_dir(folder);
    if tools::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
