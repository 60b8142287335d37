//! Steps of GitHub workflows that install Nix.

/// A step of a workflow that installs Nix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallerStep {
    /// The workflow, relative to the repository.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The action with its tag (`DeterminateSystems/nix-installer-action@v13`).
    pub action: String,
}

/// The action of Determinate Systems.
const DETERMINATE: &str = "determinatesystems/nix-installer-action";

/// The first tag that is taken to be of 2026. Older ones were chosen when the action could still install upstream Nix.
const FIRST_OF_2026: u32 = 22;

impl InstallerStep {
    /// Finds such steps in the text of a workflow.
    pub fn read(path: &str, text: &str) -> Vec<Self> {
        let of_line = |(line, text): (usize, &str)| -> Option<Self> {
            let rest = text.trim().trim_start_matches("- ").trim_start().strip_prefix("uses:")?;
            let action = rest.split('#').next()?.trim().trim_matches(['"', '\'']);
            let name = action.split('@').next()?.to_lowercase();
            let installs = name == DETERMINATE || name == "cachix/install-nix-action" || name.ends_with("/nix-installer-action");
            installs.then(|| Self { path: path.to_owned(), line, action: action.to_owned() })
        };
        (1..).zip(text.lines()).filter_map(of_line).collect()
    }

    /// Whether it was written for upstream Nix and installs Determinate Nix today.
    pub fn is_stale(&self) -> bool {
        let Some((name, tag)) = self.action.split_once('@') else { return false };
        let major = tag.strip_prefix('v').and_then(|tag| tag.split('.').next()?.parse::<u32>().ok());
        name.eq_ignore_ascii_case(DETERMINATE) && major.is_some_and(|major| major < FIRST_OF_2026)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_old_installers() {
        let text = "steps:\n  - uses: actions/checkout@v5\n  - name: Nix\n    uses: DeterminateSystems/nix-installer-action@v13 # Nix\n  - uses: cachix/install-nix-action@v31\n";
        let steps = InstallerStep::read(".github/workflows/ci.yml", text);
        let found: Vec<_> = steps.iter().map(|step| (step.line, step.action.as_str(), step.is_stale())).collect();
        assert_eq!(
            found,
            [(4, "DeterminateSystems/nix-installer-action@v13", true), (5, "cachix/install-nix-action@v31", false)]
        );
    }

    #[test]
    fn a_branch_or_a_commit_is_not_old() {
        for tag in ["main", "v22", "21a544727d0c62386e78b4befe52d19ad12692e3"] {
            let step =
                InstallerStep { path: String::new(), line: 1, action: format!("DeterminateSystems/nix-installer-action@{tag}") };
            assert!(!step.is_stale(), "{tag}");
        }
    }
}
