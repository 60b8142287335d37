//! Debian's registry for images, on the loopback interface.

use std::fs;
use std::process::Command;

use super::process::{Running, free_port};
use super::{Sandbox, run};

/// Who may use a registry.
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// For this user with this password only.
    Only(&'static str, String),
}

/// Debian's registry on the loopback interface.
pub(crate) struct Registry {
    /// Its host and port.
    pub(crate) address: String,
    _process: Running,
}

impl Registry {
    pub(crate) fn start(sandbox: &Sandbox, access: Access) -> Self {
        let (port, home) = (free_port(), sandbox.home());
        let mut command = Command::new("docker-registry");
        command.env_clear().env("REGISTRY_HTTP_ADDR", format!("127.0.0.1:{port}"));
        let mut status = 200;
        if let Access::Only(user, password) = access {
            status = 401;
            let users = home.join("users");
            let line = run(Command::new("htpasswd").args(["-niB", user]), &password).expect(0).stdout;
            fs::write(&users, line).unwrap();
            command.env("REGISTRY_AUTH_HTPASSWD_REALM", "test").env("REGISTRY_AUTH_HTPASSWD_PATH", users);
        }
        let settings = home.join("registry.yml");
        fs::write(&settings, "version: 0.1\nstorage:\n  inmemory:\n").unwrap();
        let mut process = Running::start(command.arg("serve").arg(settings), &home.join("registry.log"));
        process.wait_for(&format!("http://127.0.0.1:{port}/v2/"), status);
        Self { address: format!("127.0.0.1:{port}"), _process: process }
    }
}
