//! The dev shells of a flake and what is in them, as an expression of Nix tells.

use serde::{Deserialize, Serialize};

/// A function of `devShells.<system>` to what [`read`] takes. A shell of devenv carries its configuration; others say only
/// what their derivation says. A shell that cannot be evaluated has no packages.
pub const EXPRESSION: &str = r#"shells:
let
  attempt = default: value: let result = builtins.tryEval (builtins.deepSeq value value); in if result.success then result.value else default;
  label = package: package.pname or (builtins.parseDrvName (package.name or "")).name;
  names = packages: builtins.filter (name: name != "") (map label (builtins.filter builtins.isAttrs packages));
  packages = shell: shell.config.packages or ((shell.nativeBuildInputs or [ ]) ++ (shell.buildInputs or [ ]));
in
builtins.attrValues (builtins.mapAttrs (name: shell: {
  inherit name;
  packages = attempt [ ] (names (packages shell));
  processes = attempt [ ] (builtins.attrNames (shell.config.processes or { }));
}) shells)"#;

/// A dev shell.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct DevShell {
    /// Its name.
    pub name: String,
    /// The packages that are in it, by name.
    pub packages: Vec<String>,
    /// The processes that its `devenv up` starts.
    pub processes: Vec<String>,
}

/// Reads what the expression gives as JSON; each package once.
pub fn read(json: &str) -> Option<Vec<DevShell>> {
    let mut shells: Vec<DevShell> = serde_json::from_str(json).ok()?;
    for shell in &mut shells {
        shell.packages.sort_unstable();
        shell.packages.dedup();
    }
    Some(shells)
}

/// Whether a text can be the name of a shell that is entered. Others would be another attribute path, another flake or an option.
pub fn is_name(text: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    text.starts_with(|first: char| is_word(first) && first != '-') && text.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn each_package_is_named_once() {
        let json = r#"[{"name":"default","packages":["nodejs","git","git"],"processes":["api"]}]"#;
        let shells = read(json).unwrap();
        assert_eq!(shells[0].packages, ["git", "nodejs"]);
        assert_eq!(read("{}"), None);
    }
}
