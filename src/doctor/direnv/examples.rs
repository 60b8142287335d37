//! Facts with which checks of direnv find something, and facts with which they do not.

use semver::Version;

use crate::doctor::Example;
use crate::facts::direnv::{Bash, Direnv, Envrc, Permission};
use crate::facts::shell::{Form, Hook, HookBy, Shell, ShellKind, StartupFile};
use crate::facts::{Fact, Facts, Flake};

fn envrc(text: &str) -> Fact<Option<Envrc>> {
    Some(Envrc::read("/p/.envrc".into(), text)).into()
}

fn facts(change: impl FnOnce(&mut Direnv)) -> Facts {
    let mut direnv = Direnv {
        program: Some("/usr/bin/direnv".into()).into(),
        version: Version::new(2, 37, 1).into(),
        envrc: envrc("use flake . --impure\n"),
        permission: Permission::Allowed.into(),
        nix_direnv: Some("/home/ada/.config/direnv/direnvrc".into()).into(),
        loaded: None.into(),
        warn_timeout: 5000.into(),
        ..Direnv::default()
    };
    change(&mut direnv);
    Facts { direnv, ..Facts::default() }
}

fn with_hook(hook: Option<&[(usize, &str)]>, effective: Option<bool>) -> Facts {
    let file = StartupFile {
        shell: ShellKind::Zsh,
        path: "/home/ada/.zshrc".into(),
        form: Form::Plain,
        is_writable: true,
        is_text: true,
        blocks: Vec::new(),
        direnv: hook.map(self::hook),
        devenv: None,
    };
    let mut shell = Shell { variable: Some("/bin/zsh".into()).into(), files: vec![file].into(), ..Shell::default() };
    if let Some(answer) = effective {
        shell.effective = [(ShellKind::Zsh, answer)].into_iter().collect::<std::collections::BTreeMap<_, _>>().into();
    }
    Facts { shell, ..facts(|_| {}) }
}

fn hook(followed_by: &[(usize, &str)]) -> Hook {
    let followed_by = followed_by.iter().map(|(line, what)| (*line, (*what).to_owned())).collect();
    Hook { by: HookBy::Line, path: "/home/ada/.zshrc".into(), line: 3, followed_by }
}

fn impure(line: &str) -> Facts {
    let flake = Flake { impurity: Some("it reads `PWD`".to_owned()).into(), ..Flake::default() };
    Facts { flake, ..facts(|direnv| direnv.envrc = envrc(line)) }
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let version = |major, minor, patch| facts(|direnv| direnv.version = Version::new(major, minor, patch).into());
    let old_flake = facts(|direnv| {
        direnv.version = Version::new(2, 32, 1).into();
        direnv.nix_direnv = None.into();
    });
    let bash = |version| facts(|direnv| direnv.bash = Bash { path: "/bin/bash".into(), version }.into());
    let permission = |permission: Permission| facts(|direnv| direnv.permission = permission.into());
    let load = |took: u64| facts(|direnv| direnv.load_time = took.into());
    let fallen = |fallen: bool| facts(|direnv| direnv.did_fall_back = fallen.into());
    vec![
        Example { id: "direnv-present", bad: facts(|direnv| direnv.program = None.into()), good: facts(|_| {}) },
        Example { id: "direnv-version", bad: version(2, 20, 0), good: version(2, 32, 1) },
        Example { id: "direnv-version", bad: old_flake, good: facts(|_| {}) },
        Example { id: "direnv-bash", bad: bash((3, 2)), good: bash((4, 4)) },
        Example { id: "direnv-hook", bad: with_hook(None, None), good: with_hook(Some(&[]), None) },
        Example { id: "direnv-hook", bad: with_hook(Some(&[]), Some(false)), good: with_hook(None, Some(true)) },
        Example {
            id: "direnv-hook",
            bad: with_hook(None, None),
            good: facts(|direnv| direnv.loaded = Some("/p/.envrc".into()).into()),
        },
        Example {
            id: "direnv-hook-order",
            bad: with_hook(Some(&[(4, "starship init")]), None),
            good: with_hook(Some(&[]), None),
        },
        Example { id: "envrc-allowed", bad: permission(Permission::NotAllowed), good: permission(Permission::Allowed) },
        Example { id: "envrc-allowed", bad: permission(Permission::Denied), good: permission(Permission::Allowed) },
        Example { id: "envrc-impure", bad: impure("use flake\n"), good: impure("use flake . --no-pure-eval\n") },
        Example { id: "envrc-stale-shell", bad: fallen(true), good: fallen(false) },
        Example { id: "nix-direnv-present", bad: facts(|direnv| direnv.nix_direnv = None.into()), good: facts(|_| {}) },
        Example { id: "direnv-slow", bad: load(9000), good: load(300) },
    ]
}
