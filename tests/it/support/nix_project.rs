//! Projects that a real Nix builds without a network: flakes of plain derivations, whose builder is the machine's own bash.

use std::path::PathBuf;
use std::process::Command;

use super::nix_world::{alone, run_alone, script};
use super::{Run, Sandbox, run, tools};

/// What every flake of a test begins with: `drv NAME SCRIPT MORE` is a derivation. Its name is new in each run, so that it
/// is built and not taken from the store.
const HEAD: &str = r#"{
  outputs = { self }: let
    drv = name: script: more: derivation ({
      name = "${name}-@run@"; system = "@system@"; builder = "/bin/bash"; PATH = "/usr/bin:/bin";
      args = [ "-c" (script + "\nexit 0") ];
    } // more);
    # A download whose hash the project says.
    fetched = name: hash: drv name "echo ${name} @run@ > $out" { outputHashMode = "flat"; outputHashAlgo = "sha256"; outputHash = hash; };
  in {
"#;

/// Whether a test can run Nix here; noted when not.
pub(crate) fn can_run(test: &str, programs: &[&str]) -> bool {
    if !tools::is_root() {
        tools::note_missing(test, "root (Nix opens its store directly)");
        return false;
    }
    let needed: Vec<&str> = ["nix", "git"].iter().chain(programs).copied().collect();
    tools::have(test, &needed)
}

/// Nix in the words of the machine.
pub(crate) fn system() -> String {
    format!("{}-linux", std::env::consts::ARCH)
}

/// A sandbox whose Nix asks nobody and builds as root.
pub(crate) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let settings =
        "sandbox = false\nbuild-users-group =\nsubstituters =\nflake-registry =\nconnect-timeout = 1\ndownload-attempts = 1\n";
    let directory = sandbox.home().join(".config/nix");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("nix.conf"), settings).unwrap();
    sandbox
}

/// A word that no other run has.
fn word() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{:x}{:x}", now.as_nanos(), std::process::id())
}

impl Sandbox {
    /// Makes the work directory a repository with a flake that offers `packages`.
    pub(crate) fn flake(&self, packages: &str) {
        let text = format!("{HEAD}    packages.@system@ = {{\n{packages}\n    }};\n  }};\n}}\n");
        self.write("flake.nix", &text.replace("@system@", &system()).replace("@run@", &word()));
        self.git(".", &["init", "-q"]);
        self.git(".", &["add", "-A"]);
    }

    /// The binary with the machine's tools on PATH and no Nix beside it at work.
    pub(crate) fn nix(&self, arguments: &[&str]) -> Run {
        self.nix_with(arguments, &[])
    }

    /// The same with more variables.
    pub(crate) fn nix_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let _alone = alone();
        run(self.nix_command(arguments).envs(variables.iter().copied()), "")
    }

    /// The binary with the machine's tools on PATH; whoever runs it holds [`alone`].
    pub(crate) fn nix_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command();
        command.env("PATH", tools::tool_path()).env("XDG_CACHE_HOME", self.home().join(".cache")).args(arguments);
        command
    }

    /// Makes the project of a template ready for the offline world, and returns its directory.
    pub(crate) fn offline_project(&self, arguments: &[&str]) -> PathBuf {
        let project = self.work().join("p");
        let all: Vec<&str> = ["new", arguments[0], "p"].iter().chain(&arguments[1..]).copied().collect();
        self.run(&all).expect(0);
        let world = self.home().join("world");
        for (name, words) in [("assemble.sh", vec![&world]), ("offline-lock.sh", vec![&project, &world])] {
            let mut command = script(self, name);
            command.args(words).env("HOME", self.home()).env("XDG_CACHE_HOME", self.home().join(".cache"));
            let outcome = run_alone(&mut command);
            assert_eq!(outcome.code, 0, "{name}\n{}\n{}", outcome.stdout, outcome.stderr);
        }
        project
    }
}
