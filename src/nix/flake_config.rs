//! Reads what a project asks of Nix's settings: `nixConfig` in `flake.nix`, `cachix.pull` in `devenv.nix`. Nothing is evaluated;
//! only what stands there as plain text is seen.

use rnix::ast::{AttrSet, Expr, HasEntry, InterpolPart};

use super::conf::holds_secrets;

/// A setting that a flake asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name, such as `extra-substituters`.
    pub name: String,
    /// Its words; none of a setting that holds secrets.
    pub words: Vec<String>,
}

/// Settings that Nix takes from any flake without asking.
const HARMLESS: [&str; 6] = [
    "bash-prompt",
    "bash-prompt-prefix",
    "bash-prompt-suffix",
    "flake-registry",
    "commit-lock-file-summary",
    "commit-lockfile-summary",
];

/// The longest file that is read. The parser takes up to half a kilobyte of stack for each byte of a file that does nothing but
/// nest; who reads a file of unknown origin has to have [`STACK`] of it.
const LONGEST: usize = 16 << 10;
/// How much stack reading any file may take.
pub const STACK: usize = 16 << 20;

impl Asked {
    /// Whether Nix asks before it takes the setting from a flake.
    pub fn needs_consent(&self) -> bool {
        !HARMLESS.contains(&self.name.as_str())
    }

    /// Whether it names caches.
    pub fn names_caches(&self) -> bool {
        matches!(
            self.name.as_str(),
            "substituters" | "extra-substituters" | "trusted-substituters" | "extra-trusted-substituters"
        )
    }

    /// Whether it names keys of caches.
    pub fn names_keys(&self) -> bool {
        matches!(self.name.as_str(), "trusted-public-keys" | "extra-trusted-public-keys")
    }
}

/// The settings that the text of a `flake.nix` asks for; none when it is no Nix.
pub fn of_flake(text: &str) -> Vec<Asked> {
    let asked = |(path, words): (Vec<String>, Vec<String>)| match <[String; 2]>::try_from(path) {
        Ok([set, name]) if set == "nixConfig" => {
            let words = if holds_secrets(&name) { Vec::new() } else { words };
            Some(Asked { name, words })
        }
        Ok(_) | Err(_) => None,
    };
    texts(text).into_iter().filter_map(asked).collect()
}

/// The caches that the text of a `devenv.nix` pulls from.
pub fn caches_of_devenv(text: &str) -> Vec<String> {
    let pulls = texts(text).into_iter().filter(|(path, _)| path.join(".") == "cachix.pull");
    pulls.flat_map(|(_, names)| names).map(|name| format!("https://{name}.cachix.org")).collect()
}

/// Every attribute that is plain text or a list of plain texts, by its path.
fn texts(text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let Ok(root) = rnix::Root::parse(text).ok() else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(set) = root.expr().and_then(|expression| set_of(expression, 8)) {
        flatten(&set, &[], &mut found);
    }
    found
}

/// The attribute set that a file is, also as the result of a function.
fn set_of(expression: Expr, depth: usize) -> Option<AttrSet> {
    let depth = depth.checked_sub(1)?;
    match expression {
        Expr::AttrSet(set) => Some(set),
        Expr::Lambda(lambda) => set_of(lambda.body()?, depth),
        Expr::LetIn(let_in) => set_of(let_in.body()?, depth),
        Expr::Paren(paren) => set_of(paren.expr()?, depth),
        _ => None,
    }
}

fn flatten(set: &AttrSet, above: &[String], found: &mut Vec<(Vec<String>, Vec<String>)>) {
    for entry in set.attrpath_values() {
        let (Some(path), Some(value)) = (entry.attrpath(), entry.value()) else { continue };
        let own = path.attrs().map(|name| name.to_string().trim_matches('"').to_owned());
        let path: Vec<String> = above.iter().cloned().chain(own).collect();
        match value {
            Expr::AttrSet(inner) if path.len() < 3 => flatten(&inner, &path, found),
            Expr::List(list) => found.push((path, list.items().filter_map(|item| plain(&item)).collect())),
            other => {
                let words = plain(&other).map(|text| text.split_whitespace().map(str::to_owned).collect());
                found.extend(words.map(|words| (path, words)));
            }
        }
    }
}

/// The text of a string without interpolations, or of a word such as `true`.
fn plain(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Str(string) => string
            .normalized_parts()
            .into_iter()
            .map(|part| match part {
                InterpolPart::Literal(text) => Some(text),
                InterpolPart::Interpolation(_) => None,
            })
            .collect(),
        Expr::Ident(_) | Expr::Literal(_) => Some(expression.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(name: &str, words: &[&str]) -> Asked {
        Asked { name: name.into(), words: words.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn reads_the_settings_of_a_flake() {
        let flake = r#"{
          description = "x";
          nixConfig = {
            extra-substituters = [ "https://devenv.cachix.org" ];
            extra-trusted-public-keys = "a:b  c:d";
            allow-import-from-derivation = true;
          };
          nixConfig.bash-prompt = "> ";
          nixConfig.access-tokens = "github.com=ghp_x";
          outputs = { self, ... }: { nixConfig.x = "no"; };
        }"#;
        let read = of_flake(flake);
        assert_eq!(
            read,
            [
                asked("extra-substituters", &["https://devenv.cachix.org"]),
                asked("extra-trusted-public-keys", &["a:b", "c:d"]),
                asked("allow-import-from-derivation", &["true"]),
                asked("bash-prompt", &[">"]),
                asked("access-tokens", &[]),
            ]
        );
        assert_eq!(read.iter().filter(|asked| asked.needs_consent()).count(), 4);
        assert_eq!(of_flake("{ nixConfig = "), []);
    }

    #[test]
    fn reads_the_caches_of_devenv() {
        assert_eq!(
            caches_of_devenv("{ pkgs, ... }: { cachix.pull = [ \"a\" \"b\" ]; }"),
            ["https://a.cachix.org", "https://b.cachix.org"]
        );
        assert_eq!(caches_of_devenv("{ cachix = { enable = true; pull = [ \"a\" ]; }; }"), ["https://a.cachix.org"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(\\{|\\}|nixConfig|=|;|\"|''|\\$\\{|\\[|\\]|\\.| |[a-z]|\\PC){0,60}") {
            of_flake(&text);
            caches_of_devenv(&text);
        }
    }
}
