//! The lines of an `.envrc` that activate something. Other lines may hold secrets and are not kept.

use camino::{Utf8Path, Utf8PathBuf};

/// An `.envrc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envrc {
    /// Where it is.
    pub path: Utf8PathBuf,
    /// How many lines it has.
    pub length: usize,
    /// Its `use` lines.
    pub uses: Vec<Use>,
    /// Whether it brings nix-direnv in by itself.
    pub brings_nix_direnv: bool,
    /// The files and directories whose change makes it be loaded anew, as they are named.
    pub watched: Vec<String>,
}

/// A `use` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The line, counted from 1.
    pub number: usize,
    /// The line as it is, without its end.
    pub line: String,
    /// What it uses.
    pub kind: UseKind,
    /// Its words after that.
    pub arguments: Vec<String>,
}

/// What a `use` line uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    /// `use flake`.
    Flake,
    /// `use nix`.
    Nix,
    /// `use devenv`.
    Devenv,
}

impl Envrc {
    /// Reads the text of an `.envrc`.
    pub fn read(path: &Utf8Path, text: &str) -> Self {
        let is_code = |line: &&str| !line.trim_start().starts_with('#');
        let brings = |line: &str| line.contains("nix_direnv_version") || line.contains("nix-direnv");
        Self {
            path: path.to_owned(),
            length: text.lines().count(),
            uses: (1..).zip(text.lines()).filter_map(|(number, line)| Use::read(number, line)).collect(),
            brings_nix_direnv: text.lines().filter(is_code).any(brings),
            watched: text.lines().flat_map(watched).collect(),
        }
    }

    /// Whether it has a `use` line of a kind.
    pub fn uses(&self, kind: UseKind) -> bool {
        self.uses.iter().any(|used| used.kind == kind)
    }

    /// Whether nix-direnv would make it faster.
    pub fn wants_nix_direnv(&self) -> bool {
        self.uses(UseKind::Flake) || self.uses(UseKind::Nix)
    }
}

/// What a line watches. A word that bash would change first names no file here.
fn watched(line: &str) -> Vec<String> {
    let code = line.trim().split(" #").next().unwrap_or_default();
    let mut words = code.split_whitespace();
    if !matches!(words.next(), Some("watch_file" | "watch_dir")) {
        return Vec::new();
    }
    let names =
        words.take_while(|word| !matches!(*word, "&&" | "||" | "|" | ";")).map(|word| word.trim_matches(['"', '\'', ';']));
    names.filter(|name| !name.is_empty() && !name.contains(['$', '*', '?', '`', '{'])).map(str::to_owned).collect()
}

impl Use {
    fn read(number: usize, line: &str) -> Option<Self> {
        let code = line.trim().split(" #").next()?.trim_end_matches(';');
        let mut words = code.split_whitespace();
        let kind = match words.next()? {
            "use" => words.next()?,
            "use_flake" => "flake",
            "use_nix" => "nix",
            "use_devenv" => "devenv",
            _ => return None,
        };
        let kind = match kind {
            "flake" => UseKind::Flake,
            "nix" => UseKind::Nix,
            "devenv" => UseKind::Devenv,
            _ => return None,
        };
        // What follows `&&` or `||` is another command.
        let words = words.take_while(|word| !matches!(*word, "&&" | "||" | "|" | ";"));
        let arguments = words.map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
        Some(Self { number, line: line.to_owned(), kind, arguments })
    }

    /// Whether it lets the flake see variables.
    pub fn is_impure(&self) -> bool {
        let is_off = |pair: &[String]| matches!(pair, [option, name, value] if option == "--option" && name == "pure-eval" && value == "false");
        self.arguments.iter().any(|word| word == "--impure" || word == "--no-pure-eval") || self.arguments.windows(3).any(is_off)
    }

    /// Whether it tells the flake where the project is by replacing an input.
    pub fn overrides_root(&self) -> bool {
        self.arguments.iter().any(|word| word == "--override-input" || word == "devenv-root")
    }

    /// The flake it uses: the first word that is no option; `.` when there is none.
    pub fn reference(&self) -> &str {
        self.arguments.first().filter(|word| !word.starts_with('-')).map_or(".", String::as_str)
    }

    /// Whether the flake it uses is that of the project.
    pub fn is_local(&self) -> bool {
        let flake = self.reference().split(['#', '?']).next().unwrap_or_default();
        let path = flake.strip_prefix("path:").unwrap_or(flake);
        matches!(path, "" | "." | "./" | "./." | "$PWD" | "${PWD}")
    }

    /// The shell it asks for, when it names one.
    pub fn shell(&self) -> Option<&str> {
        self.reference().split_once('#').map(|(_, shell)| shell).filter(|shell| !shell.is_empty())
    }

    /// The line with `--impure` after its flake.
    pub fn made_impure(&self) -> String {
        let (code, comment) = self.line.find(" #").and_then(|at| self.line.split_at_checked(at)).unwrap_or((&self.line, ""));
        let code = code.trim_end();
        // Options stand after the flake; a line without a flake needs `.` before them.
        if self.arguments.first().is_some_and(|word| !word.starts_with('-')) || self.kind != UseKind::Flake {
            return format!("{code} --impure{comment}");
        }
        match code.split_once("flake") {
            Some((before, after)) => format!("{before}flake . --impure{after}{comment}"),
            None => format!("{code} --impure{comment}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn used(line: &str) -> Use {
        Envrc::read("/p/.envrc".into(), line).uses.remove(0)
    }

    #[test]
    fn keeps_only_lines_that_activate_something() {
        let text =
            "watch_file devenv.nix\nexport TOKEN=abc\nuse flake . --impure\n# use nix\n  use devenv\ndotenv_if_exists .env\n";
        let envrc = Envrc::read("/p/.envrc".into(), text);
        assert_eq!(envrc.uses.iter().map(|used| used.number).collect::<Vec<_>>(), [3, 5]);
        assert!(!format!("{envrc:?}").contains("abc"));
        assert!(envrc.uses(UseKind::Devenv) && envrc.wants_nix_direnv() && !envrc.brings_nix_direnv);
        assert_eq!(envrc.watched, ["devenv.nix"]);
        assert!(
            Envrc::read("/p/.envrc".into(), "if ! has nix_direnv_version || ! nix_direnv_version 3.0; then").brings_nix_direnv
        );
    }

    #[test]
    fn reads_flakes_and_shells() {
        let web = used("use flake .#web --impure");
        assert_eq!((web.reference(), web.shell(), web.is_local(), web.is_impure()), (".#web", Some("web"), true, true));
        assert!(used("use flake").is_local() && !used("use flake").is_impure());
        assert!(used("use flake \"path:$PWD\" --no-pure-eval").is_impure());
        assert!(used("use flake . --option pure-eval false").is_impure());
        assert!(!used("use flake github:cachix/devenv").is_local());
        assert!(used("use flake . --override-input devenv-root \"file+file://$x\"").overrides_root());
    }

    #[test]
    fn makes_a_line_impure() {
        let cases = [
            ("use flake", "use flake . --impure"),
            ("  use flake . ", "  use flake . --impure"),
            ("use flake .#web # the site", "use flake .#web --impure # the site"),
            ("use flake --show-trace", "use flake . --impure --show-trace"),
        ];
        for (line, expected) in cases {
            assert_eq!(used(line).made_impure(), expected);
            assert!(used(&used(line).made_impure()).is_impure());
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(?s)(use |flake |nix |#|\\.|--|\"|é| |\n){0,40}") {
            for used in Envrc::read("/p/.envrc".into(), &text).uses {
                let _line = used.made_impure();
            }
        }
    }
}
