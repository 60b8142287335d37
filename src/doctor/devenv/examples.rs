//! Facts with which checks of devenv find something, and facts with which they do not.

use semver::{Version, VersionReq};

use crate::doctor::Example;
use crate::facts::devenv::{Devenv, Requirement};
use crate::facts::direnv::{Direnv, Envrc};
use crate::facts::shell::{Form, Hook, HookBy, Shell, ShellKind, StartupFile};
use crate::facts::{Fact, Facts};

fn hook(line: usize) -> Hook {
    Hook { by: HookBy::Line, path: "/home/ada/.bashrc".into(), line, followed_by: Vec::new() }
}

fn with_hooks(has_direnv: bool, is_trusted: bool) -> Facts {
    let file = StartupFile {
        shell: ShellKind::Bash,
        path: "/home/ada/.bashrc".into(),
        form: Form::Plain,
        is_writable: true,
        is_text: true,
        blocks: Vec::new(),
        direnv: has_direnv.then(|| hook(1)),
        devenv: Some(hook(2)),
    };
    Facts {
        shell: Shell { variable: Some("/bin/bash".into()).into(), files: vec![file].into(), ..Shell::default() },
        direnv: Direnv { envrc: Some(Envrc::read("/p/.envrc".into(), "use flake")).into(), ..Direnv::default() },
        devenv: Devenv { project: Some("/p".into()).into(), is_trusted: is_trusted.into(), ..Devenv::default() },
        ..Facts::default()
    }
}

fn with_version(version: Version) -> Facts {
    let asked = Requirement { versions: VersionReq::parse(">=2.1").unwrap(), by: "`devenv.yaml`".to_owned() };
    let devenv = Devenv { version: version.into(), requirement: Fact::Known(Some(asked)), ..Devenv::default() };
    Facts { devenv, ..Facts::default() }
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    vec![
        Example { id: "activation-conflict", bad: with_hooks(true, true), good: with_hooks(false, true) },
        Example { id: "devenv-allowed", bad: with_hooks(false, false), good: with_hooks(false, true) },
        Example { id: "devenv-cli-version", bad: with_version(Version::new(2, 0, 4)), good: with_version(Version::new(2, 2, 2)) },
    ]
}
