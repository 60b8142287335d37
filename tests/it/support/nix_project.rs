//! Projects that a real Nix builds without a network: flakes of plain derivations, whose builder is the machine's own bash.

use std::path::{Path, PathBuf};
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

/// The `nix.conf` of a Nix that asks nobody and builds as root.
pub(crate) const SETTINGS: &str =
    "sandbox = false\nbuild-users-group =\nsubstituters =\nflake-registry =\nconnect-timeout = 1\ndownload-attempts = 1\n";

/// A sandbox whose Nix asks nobody and builds as root.
pub(crate) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let directory = sandbox.home().join(".config/nix");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("nix.conf"), SETTINGS).unwrap();
    sandbox
}

/// Packages that need each other: one that fails, one that needs it, and one that needs another, which is made of `greeting.txt`.
pub(crate) const RELATED_PACKAGES: &str = r#"
        broken = drv "broken" "echo compiling; echo 'src/a.ts(1,2): error: TS2304'; exit 3" {};
        default = drv "app" "echo ${self.packages.@system@.letters} > $out" {};
        dependant = drv "dependant" "echo ${self.packages.@system@.broken} > $out" {};
        letters = drv "letters" "echo making; cat ${./greeting.txt} > $out" {};"#;
/// What `greeting.txt` holds for [`RELATED_PACKAGES`].
pub(crate) const GREETING: &str = "hello\n";

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
        self.offline_project_with(arguments, None)
    }

    /// The same, with real programs of a directory behind the stub packages of the same names.
    pub(crate) fn offline_project_with(&self, arguments: &[&str], tools: Option<&Path>) -> PathBuf {
        let project = self.work().join("p");
        let all: Vec<&str> = ["new", arguments[0], "p"].iter().chain(&arguments[1..]).copied().collect();
        self.run(&all).expect(0);
        let world = self.home().join("world");
        let assembled = std::iter::once(world.as_path()).chain(tools).collect();
        for (name, words) in [("assemble.sh", assembled), ("offline-lock.sh", vec![project.as_path(), &world])] {
            let mut command = script(self, name);
            command.args(words).env("HOME", self.home()).env("XDG_CACHE_HOME", self.home().join(".cache"));
            let outcome = run_alone(&mut command);
            assert_eq!(outcome.code, 0, "{name}\n{}\n{}", outcome.stdout, outcome.stderr);
        }
        project
    }
}
