//! Who is to run the processes of a project, when nobody does yet.

use camino::Utf8PathBuf;

use crate::backend::Kind;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{facts, nix};

/// The file of process-compose; `compose.yaml` is Docker's as often as not.
const FILES: [&str; 2] = ["process-compose.yaml", "process-compose.yml"];

/// A way to run processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// The flake's own shell, in which devenv has process-compose run them.
    DevenvShell {
        /// Nix.
        nix: Utf8PathBuf,
    },
    /// process-compose with a file of the project.
    ProcessCompose {
        /// process-compose.
        program: Utf8PathBuf,
        /// The file.
        file: &'static str,
    },
    /// nixstart itself.
    Builtin,
}

/// What is known of a project and its machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Clues {
    /// Nix, when it is there.
    pub(super) nix: Option<Utf8PathBuf>,
    /// process-compose, when it is there.
    pub(super) process_compose: Option<Utf8PathBuf>,
    /// Whether the flake has a shell that devenv makes.
    pub(super) has_devenv_shell: bool,
    /// The file for process-compose.
    pub(super) file: Option<&'static str>,
    /// Whether services are declared.
    pub(super) has_services: bool,
}

impl Clues {
    pub(super) fn of(project: &super::Project, has_services: bool) -> Self {
        let root = &project.root;
        let flake = fs_err::read_to_string(root.join("flake.nix")).unwrap_or_default();
        Self {
            nix: nix::program().ok(),
            process_compose: facts::find("process-compose"),
            has_devenv_shell: flake.contains("devenv") && root.join("devenv.nix").is_file(),
            file: FILES.into_iter().find(|file| root.join(file).is_file()),
            has_services,
        }
    }
}

/// Chooses: what somebody has asked for, else the best that works here.
pub(super) fn choose(asked: Option<Kind>, clues: &Clues) -> Result<Way> {
    let no_nix = || {
        Error::new(ErrorKind::MissingTool, "devenv runs processes in a shell of Nix, and Nix is not installed")
            .hint("`nixstart setup` plans its installation")
            .hint("or `--backend builtin` runs them with the programs on PATH")
    };
    let no_process_compose = || Error::new(ErrorKind::MissingTool, "`process-compose` is not installed, or not on PATH");
    match asked {
        Some(Kind::Builtin) if clues.has_services => Ok(Way::Builtin),
        Some(Kind::Builtin) => Err(nothing_declared()),
        Some(Kind::Devenv) if !clues.has_devenv_shell => {
            Err(Error::failed("the project has no `devenv.nix` that its `flake.nix` makes a shell of"))
        }
        Some(Kind::Devenv) => Ok(Way::DevenvShell { nix: clues.nix.clone().ok_or_else(no_nix)? }),
        Some(Kind::ProcessCompose) => {
            let file = clues.file.ok_or_else(|| Error::failed(format!("the project has no `{}`", FILES.join("` or `"))))?;
            Ok(Way::ProcessCompose { program: clues.process_compose.clone().ok_or_else(no_process_compose)?, file })
        }
        None => match (&clues.nix, &clues.process_compose, clues.file) {
            (Some(nix), ..) if clues.has_devenv_shell => Ok(Way::DevenvShell { nix: nix.clone() }),
            (_, Some(program), Some(file)) => Ok(Way::ProcessCompose { program: program.clone(), file }),
            _ if clues.has_services => Ok(Way::Builtin),
            (.., Some(_)) => Err(no_process_compose()),
            _ if clues.has_devenv_shell => Err(no_nix()),
            _ => Err(nothing_declared()),
        },
    }
}

fn nothing_declared() -> Error {
    Error::failed("the project declares no processes")
        .hint("declare them as `[services.NAME]` in `nixstart.toml`; `docs/services.md` has every field")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_comes_first_then_the_shell_then_a_file_then_ourselves() {
        let all = Clues {
            nix: Some("/nix".into()),
            process_compose: Some("/pc".into()),
            has_devenv_shell: true,
            file: Some(FILES[0]),
            has_services: true,
        };
        let way = |asked, clues: &Clues| choose(asked, clues).unwrap();
        let (shell, file) =
            (Way::DevenvShell { nix: "/nix".into() }, Way::ProcessCompose { program: "/pc".into(), file: FILES[0] });
        assert_eq!(way(None, &all), shell);
        assert_eq!(way(Some(Kind::ProcessCompose), &all), file);
        assert_eq!(way(Some(Kind::Builtin), &all), Way::Builtin);
        let without_nix = Clues { nix: None, ..all };
        assert_eq!(way(None, &without_nix), file);
        assert_eq!(way(None, &Clues { process_compose: None, ..without_nix.clone() }), Way::Builtin);
        assert_eq!(choose(Some(Kind::Devenv), &without_nix).unwrap_err().kind(), ErrorKind::MissingTool);
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = |asked, clues: &Clues| choose(asked, clues).unwrap_err().to_string();
        let nothing = Clues::default();
        assert_eq!(refused(None, &nothing), "the project declares no processes");
        assert_eq!(refused(Some(Kind::Builtin), &nothing), "the project declares no processes");
        assert_eq!(
            refused(Some(Kind::ProcessCompose), &nothing),
            "the project has no `process-compose.yaml` or `process-compose.yml`"
        );
        assert!(refused(Some(Kind::Devenv), &nothing).contains("no `devenv.nix`"));
        assert!(
            refused(None, &Clues { file: Some(FILES[0]), ..Clues::default() }).contains("`process-compose` is not installed")
        );
        assert!(refused(None, &Clues { has_devenv_shell: true, ..Clues::default() }).contains("Nix is not installed"));
    }
}
