//! What is known about git and the repository of the project.

use camino::{Utf8Path, Utf8PathBuf};

use super::Fact;

/// What is known about git and the repository of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Git {
    /// The `git` on PATH.
    pub program: Fact<Option<Utf8PathBuf>>,
    /// The top of the work tree that holds the project.
    pub top: Fact<Option<Utf8PathBuf>>,
    /// Whose the repository is.
    pub ownership: Fact<Ownership>,
    /// The rules that development needs and the repository lacks.
    pub unignored: Fact<Unignored>,
    /// Scripts whose lines end with a carriage return, relative to the top or the project.
    pub carriage_returns: Fact<CarriageReturns>,
}

/// Whose a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The directory or file that decides.
    pub path: Utf8PathBuf,
    /// Its owner, by name where it has one.
    pub owner: String,
    /// Who asks, by name where there is one.
    pub user: String,
    /// Whether git works with it: it is the user's, or configured as safe.
    pub is_accepted: bool,
}

/// Ignore rules that are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unignored {
    /// The ignore file that they belong into.
    pub file: Utf8PathBuf,
    /// The rules.
    pub rules: Vec<String>,
}

/// Scripts with the line ends of Windows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriageReturns {
    /// The directory that the paths are relative to.
    pub directory: Utf8PathBuf,
    /// The files.
    pub files: Vec<String>,
    /// What `core.autocrlf` says.
    pub autocrlf: Option<String>,
}

/// Who asks, as far as git cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The effective user.
    pub uid: u32,
    /// Who ran sudo, when root asks.
    pub sudo_uid: Option<u32>,
}

/// Whether git accepts a repository by its owner: git ≥ 2.35.2 wants it to be the user's, or that of whoever ran sudo, or
/// listed as `safe.directory`.
pub fn is_accepted(owner: u32, asker: Asker, top: &Utf8Path, safe_directories: &[String]) -> bool {
    let is_sudo = asker.uid == 0 && asker.sudo_uid == Some(owner);
    owner == asker.uid || is_sudo || is_safe(top, safe_directories)
}

fn is_safe(top: &Utf8Path, safe_directories: &[String]) -> bool {
    // An empty entry takes back what came before it.
    let start = safe_directories.iter().rposition(String::is_empty).map_or(0, |at| at + 1);
    let matches = |entry: &String| {
        entry == "*"
            || Utf8Path::new(entry.trim_end_matches('/')) == top
            // A trailing `/*` stands for everything below since git 2.46.
            || entry.strip_suffix("/*").is_some_and(|above| top.starts_with(above))
    };
    safe_directories.iter().skip(start).any(matches)
}

/// Rules that the project of a developer needs, each with a path that it has to cover.
pub fn needed_rules(has: &ProjectParts) -> Vec<(&'static str, &'static str)> {
    let nix = [("result", "result"), ("result-*", "result-bin")];
    let direnv = [(".direnv/", ".direnv/x")];
    let devenv = [(".devenv*", ".devenv/x")];
    let variables = [(".env", ".env"), (".env.local", ".env.local")];
    let node = [("node_modules/", "node_modules/x")];
    let turbo = [(".turbo/", ".turbo/x")];
    let parts: [(bool, &[(&str, &str)]); 6] = [
        (has.flake, &nix),
        (has.envrc, &direnv),
        (has.devenv, &devenv),
        (has.variables, &variables),
        (has.node, &node),
        (has.turbo, &turbo),
    ];
    parts.into_iter().filter(|(is_there, _)| *is_there).flat_map(|(_, rules)| rules.iter().copied()).collect()
}

/// What a project is made of, as far as ignore rules care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProjectParts {
    /// A flake.
    pub flake: bool,
    /// An `.envrc`.
    pub envrc: bool,
    /// A `.env` file, or an example of one.
    pub variables: bool,
    /// devenv.
    pub devenv: bool,
    /// A `package.json`.
    pub node: bool,
    /// A `turbo.json`.
    pub turbo: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_git_accepts() {
        let top = Utf8Path::new("/srv/project");
        let ada = Asker { uid: 1000, sudo_uid: None };
        assert!(is_accepted(1000, ada, top, &[]));
        assert!(!is_accepted(0, ada, top, &[]));
        assert!(is_accepted(1000, Asker { uid: 0, sudo_uid: Some(1000) }, top, &[]));
        assert!(!is_accepted(1000, Asker { uid: 0, sudo_uid: None }, top, &[]));
        let safe = |entries: &[&str]| {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            is_accepted(0, ada, top, &entries)
        };
        assert!(safe(&["/srv/project"]) && safe(&["/srv/project/"]) && safe(&["*"]) && safe(&["/srv/*"]));
        assert!(!safe(&["/srv"]) && !safe(&["*", ""]));
        assert!(safe(&["*", "", "/srv/project"]));
    }
}
