//! Facts with which checks of shells find something, and facts with which they do not.

use crate::doctor::Example;
use crate::facts::shell::{Clobber, Shell, ShellEnvironment};
use crate::facts::{Fact, Facts};

fn facts(shell: Shell) -> Facts {
    Facts { shell, ..Facts::default() }
}

fn shells(parent: &str, variable: &str, login_file: Fact<Option<camino::Utf8PathBuf>>) -> Facts {
    facts(Shell {
        parent: Some(parent.into()).into(),
        variable: Some(variable.into()).into(),
        login_file_without_bashrc: login_file,
        ..Shell::default()
    })
}

fn inside(devenv_root: Option<&str>, direnv: Option<&str>, nix_shells: usize) -> Facts {
    let environment = ShellEnvironment {
        directory: "/home/ada/bot/src".into(),
        in_nix_shell: Some("impure".into()),
        devenv_root: devenv_root.map(Into::into),
        direnv_directory: direnv.map(Into::into),
        nix_shells,
    };
    facts(Shell { environment: environment.into(), ..Shell::default() })
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let clobbers = |lines: &[usize]| {
        let clobbers: Vec<Clobber> = lines.iter().map(|line| Clobber { path: "/home/ada/.bashrc".into(), line: *line }).collect();
        facts(Shell { clobbers: clobbers.into(), ..Shell::default() })
    };
    let linux = || Fact::irrelevant("this is not macOS");
    let id = "in-nix-shell";
    vec![
        Example { id: "path-clobber", bad: clobbers(&[3]), good: clobbers(&[]) },
        Example {
            id: "shell-login-mismatch",
            bad: shells("fish", "/bin/bash", linux()),
            good: shells("/usr/bin/zsh", "/bin/zsh", linux()),
        },
        Example {
            id: "shell-login-mismatch",
            bad: shells("bash", "/bin/bash", Some("/Users/ada/.bash_profile".into()).into()),
            good: shells("bash", "/bin/bash", None.into()),
        },
        Example { id, bad: inside(Some("/home/ada/web"), None, 1), good: inside(Some("/home/ada/bot"), None, 1) },
        Example { id, bad: inside(None, Some("/home/ada/web"), 0), good: inside(None, Some("/home/ada/bot"), 0) },
        Example { id, bad: inside(None, None, 2), good: inside(None, None, 0) },
    ]
}
