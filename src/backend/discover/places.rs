//! Where runners of a project may answer, the likeliest first. Nothing is looked at but links; whether anybody answers is
//! another question.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::env_vars;
use crate::host::files;

/// The environment that says where, and where temporary files are when it does not.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Variables that are not empty.
    pub variables: BTreeMap<String, String>,
    /// The directory of temporary files of the system.
    pub temporary: Utf8PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        Self { variables: env_vars::all(), temporary: "/tmp".into() }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// A directory that devenv may run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runtime {
    pub(super) path: Utf8PathBuf,
    /// Whether its name follows from the project's path. Where it does not, it is asked whose it is.
    pub(super) is_computed: bool,
}

/// What a project and the environment say.
pub(super) struct Places<'a> {
    root: &'a Utf8Path,
    surroundings: &'a Surroundings,
}

impl<'a> Places<'a> {
    pub(super) const fn of(root: &'a Utf8Path, surroundings: &'a Surroundings) -> Self {
        Self { root, surroundings }
    }

    /// Whether we are in a shell of devenv of this project.
    pub(super) fn is_inside(&self) -> bool {
        self.surroundings.variable(env_vars::DEVENV_ROOT).is_some_and(|root| {
            let root = Utf8Path::new(root);
            root == self.root || root.canonicalize_utf8().is_ok_and(|root| root == self.root)
        })
    }

    fn inside(&self, name: &str) -> Option<Utf8PathBuf> {
        self.surroundings.variable(name).filter(|_| self.is_inside()).map(Utf8PathBuf::from)
    }

    /// The directories of devenv, the likeliest first: that of the last shell, that of this shell, and those that versions
    /// compute.
    pub(super) fn runtimes(&self) -> Vec<Runtime> {
        let kept = self.inside(env_vars::DEVENV_DOTFILE).unwrap_or_else(|| self.root.join(".devenv"));
        let computed = self.computed(&kept);
        // (Every shell since 1.0.5 writes this link.)
        let linked = kept.join("run").read_link_utf8().ok().map(|target| kept.join(target));
        let mut found: Vec<Runtime> = Vec::new();
        for path in linked.into_iter().chain(self.inside(env_vars::DEVENV_RUNTIME)).chain(computed.iter().cloned()) {
            if !found.iter().any(|known| known.path == path) {
                let is_computed = computed.contains(&path);
                found.push(Runtime { path, is_computed });
            }
        }
        found
    }

    /// `devenv-` and seven digits of a digest: of the path of `.devenv`, or of its state in shells of flakes before 2.2; in the
    /// directory of this login, or in one of temporary files, which versions choose in different ways.
    fn computed(&self, kept: &Utf8Path) -> Vec<Utf8PathBuf> {
        let variable = |name: &str| self.surroundings.variable(name).map(Utf8PathBuf::from);
        let bases = [variable(env_vars::XDG_RUNTIME_DIR), Some(self.surroundings.temporary.clone()), variable(env_vars::TMPDIR)];
        let mut found: Vec<Utf8PathBuf> = Vec::new();
        for hashed in [kept.to_owned(), kept.join("state")] {
            for base in bases.iter().flatten() {
                let path = base.join(format!("devenv-{}", short_digest(&hashed)));
                if !found.contains(&path) {
                    found.push(path);
                }
            }
        }
        found
    }

    /// The socket that the environment names for process-compose. In a shell of devenv it is that of its project.
    pub(super) fn named_socket(&self) -> Option<Utf8PathBuf> {
        let is_of_another = self.surroundings.variable(env_vars::DEVENV_ROOT).is_some() && !self.is_inside();
        self.surroundings.variable(env_vars::PC_SOCKET_PATH).filter(|_| !is_of_another).map(|path| self.root.join(path))
    }
}

/// Seven digits of the SHA-256 of a path.
fn short_digest(path: &Utf8Path) -> String {
    files::sha256(path.as_str().as_bytes()).chars().take(7).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Surroundings { variables, temporary: "/tmp".into() }
    }

    fn runtimes(variables: &[(&str, &str)]) -> Vec<String> {
        let surroundings = surroundings(variables);
        let found = Places::of("/project".into(), &surroundings).runtimes();
        found.into_iter().map(|runtime| runtime.path.into_string()).collect()
    }

    #[test]
    fn the_directories_of_all_versions_are_computed_as_they_do() {
        assert_eq!(runtimes(&[]), ["/tmp/devenv-602f6d8", "/tmp/devenv-3193278"]);
        let expected = [
            "/run/user/1/devenv-602f6d8",
            "/tmp/devenv-602f6d8",
            "/t/devenv-602f6d8",
            "/run/user/1/devenv-3193278",
            "/tmp/devenv-3193278",
            "/t/devenv-3193278",
        ];
        assert_eq!(runtimes(&[("XDG_RUNTIME_DIR", "/run/user/1"), ("TMPDIR", "/t")]), expected);
    }

    #[test]
    fn the_shell_of_another_project_says_nothing() {
        let own = [("DEVENV_ROOT", "/project"), ("DEVENV_RUNTIME", "/run/x"), ("PC_SOCKET_PATH", "/run/x/pc.sock")];
        assert_eq!(runtimes(&own)[0], "/run/x");
        let socket = |variables: &[(&str, &str)]| Places::of("/project".into(), &surroundings(variables)).named_socket();
        assert_eq!(socket(&own).unwrap(), "/run/x/pc.sock");
        let other = [("DEVENV_ROOT", "/other"), ("DEVENV_RUNTIME", "/run/x"), ("PC_SOCKET_PATH", "/run/x/pc.sock")];
        assert_eq!(runtimes(&other)[0], "/tmp/devenv-602f6d8");
        assert_eq!((socket(&other), socket(&own[2..])), (None, Some("/run/x/pc.sock".into())));
    }

    #[test]
    fn the_link_of_the_last_shell_comes_first() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        fs_err::create_dir(root.join(".devenv")).unwrap();
        fs_err::os::unix::fs::symlink("/run/user/1/devenv-abcdef0", root.join(".devenv/run")).unwrap();
        let surroundings = surroundings(&[]);
        let found = Places::of(&root, &surroundings).runtimes();
        assert_eq!((found[0].path.as_str(), found[0].is_computed, found.len()), ("/run/user/1/devenv-abcdef0", false, 3));
        assert!(found[1].is_computed);
    }
}
