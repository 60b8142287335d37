//! A `flake.lock`: whether it can be read, what it pins, and how that differs from what `flake.nix` asks for.

use serde_json::Value;

use super::source::Input;

/// A lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// There is none.
    Missing {
        /// How many inputs it would pin; a flake without inputs needs none.
        inputs: usize,
    },
    /// It cannot be read.
    Broken(String),
    /// It can be read.
    Read {
        /// Whether git tracks it; `None` outside a repository.
        is_tracked: Option<bool>,
        /// What differs from the inputs of `flake.nix`, as fragments.
        differences: Vec<String>,
    },
}

/// What a lock file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// The inputs of the flake itself: their names, and where they came from when it is GitHub.
    pub inputs: Vec<(String, Option<String>)>,
    /// The input that is nixpkgs.
    pub nixpkgs: Option<String>,
    /// When the newest nixpkgs in it was committed, in seconds since 1970.
    pub nixpkgs_time: Option<u64>,
}

impl LockFile {
    /// Reads a lock file; the error is a fragment.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")) {
            return Err("it holds the marks of an unfinished merge".to_owned());
        }
        let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        let version = value.get("version").and_then(Value::as_u64).ok_or("it has no version")?;
        if !(5..=7).contains(&version) {
            return Err(format!("its version {version} is unknown"));
        }
        let nodes = value.get("nodes").and_then(Value::as_object).ok_or("it has no nodes")?;
        let root = value.get("root").and_then(Value::as_str).ok_or("it has no root")?;
        let root = nodes.get(root).ok_or("its root is missing")?;
        let inputs = root.get("inputs").and_then(Value::as_object);
        let mut found = Self::default();
        for (name, target) in inputs.into_iter().flatten() {
            let original = target.as_str().and_then(|node| nodes.get(node)?.get("original"));
            found.inputs.push((name.clone(), original.and_then(github)));
            let is_nixpkgs = target.as_str().is_some_and(|node| nodes.get(node).is_some_and(|value| is_nixpkgs(node, value)));
            if is_nixpkgs && found.nixpkgs.is_none() {
                found.nixpkgs = Some(name.clone());
            }
        }
        let times = nodes.iter().filter(|(name, node)| is_nixpkgs(name, node));
        found.nixpkgs_time = times.filter_map(|(_, node)| node.pointer("/locked/lastModified")?.as_u64()).max();
        Ok(found)
    }

    /// What differs from the inputs that a flake declares, as fragments.
    pub fn differences(&self, declared: &[Input]) -> Vec<String> {
        let mut found = Vec::new();
        for input in declared {
            match self.inputs.iter().find(|(name, _)| *name == input.name) {
                None => found.push(format!("`{}` is not locked", input.name)),
                Some((_, Some(locked))) => {
                    let asked = input.url.as_deref().and_then(normal_github);
                    if let Some(asked) = asked.filter(|asked| asked != locked) {
                        found.push(format!("`{}` is `{asked}` in `flake.nix` and `{locked}` in `flake.lock`", input.name));
                    }
                }
                Some((_, None)) => {}
            }
        }
        let is_declared = |name: &String| declared.iter().any(|input| input.name == *name);
        let extra = self.inputs.iter().filter(|(name, _)| !is_declared(name));
        found.extend(extra.map(|(name, _)| format!("`{name}` is locked and not declared any more")));
        found
    }
}

fn is_nixpkgs(name: &str, node: &Value) -> bool {
    let repo = node.pointer("/original/repo").or_else(|| node.pointer("/locked/repo")).and_then(Value::as_str);
    name == "nixpkgs" || name.starts_with("nixpkgs") || repo.is_some_and(|repo| repo.contains("nixpkgs"))
}

/// The normal form of an input on GitHub: `github:owner/repo` in lower case, then `/ref` or `/rev`.
fn github(original: &Value) -> Option<String> {
    let text = |key: &str| original.get(key).and_then(Value::as_str);
    if text("type") != Some("github") {
        return None;
    }
    let base = format!("github:{}/{}", text("owner")?, text("repo")?).to_lowercase();
    Some(match text("ref").or_else(|| text("rev")) {
        Some(reference) => format!("{base}/{reference}"),
        None => base,
    })
}

fn normal_github(url: &str) -> Option<String> {
    let (path, query) = url.strip_prefix("github:")?.split_once('?').unwrap_or((url.strip_prefix("github:")?, ""));
    let mut parts = path.splitn(3, '/');
    let base = format!("github:{}/{}", parts.next()?, parts.next()?).to_lowercase();
    let in_query = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    Some(match parts.next().or_else(|| in_query("ref")).or_else(|| in_query("rev")) {
        Some(reference) => format!("{base}/{reference}"),
        None => base,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCK: &str = r#"{"nodes":{
        "nixpkgs":{"locked":{"lastModified":1700000000},"original":{"type":"github","owner":"NixOS","repo":"nixpkgs","ref":"nixos-unstable"}},
        "devenv":{"inputs":{"nixpkgs":["nixpkgs"]},"locked":{"lastModified":1800000000},"original":{"type":"github","owner":"cachix","repo":"devenv"}},
        "root":{"inputs":{"nixpkgs":"nixpkgs","devenv":"devenv","alias":["devenv","nixpkgs"]}}},"root":"root","version":7}"#;

    fn input(name: &str, url: &str) -> Input {
        Input { name: name.to_owned(), url: (!url.is_empty()).then(|| url.to_owned()) }
    }

    #[test]
    fn reads_inputs_and_the_age_of_nixpkgs() {
        let lock = LockFile::read(LOCK).unwrap();
        assert_eq!(lock.nixpkgs.as_deref(), Some("nixpkgs"));
        assert_eq!(lock.nixpkgs_time, Some(1_700_000_000));
        let same = [
            input("nixpkgs", "github:nixos/nixpkgs/nixos-unstable"),
            input("devenv", "github:cachix/devenv"),
            input("alias", ""),
        ];
        assert_eq!(lock.differences(&same), [] as [String; 0]);
    }

    #[test]
    fn names_what_differs() {
        let lock = LockFile::read(LOCK).unwrap();
        let other = [
            input("nixpkgs", "github:NixOS/nixpkgs?ref=nixos-25.11"),
            input("devenv", ""),
            input("utils", "github:numtide/flake-utils"),
        ];
        assert_eq!(
            lock.differences(&other),
            [
                "`nixpkgs` is `github:nixos/nixpkgs/nixos-25.11` in `flake.nix` and `github:nixos/nixpkgs/nixos-unstable` in `flake.lock`",
                "`utils` is not locked",
                "`alias` is locked and not declared any more",
            ]
        );
    }

    #[test]
    fn says_why_a_lock_cannot_be_read() {
        let cases = [
            ("{", "it is no JSON: EOF while parsing an object at line 1 column 1"),
            ("<<<<<<< HEAD\n{}", "it holds the marks of an unfinished merge"),
            ("{}", "it has no version"),
            (r#"{"version":9}"#, "its version 9 is unknown"),
            (r#"{"version":7,"nodes":{},"root":"root"}"#, "its root is missing"),
        ];
        for (text, why) in cases {
            assert_eq!(LockFile::read(text).unwrap_err(), why);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(url in "(github:|/|\\?|ref=|é|&|a){0,12}") {
            let lock = LockFile { inputs: vec![("a".into(), Some(url.clone()))], ..LockFile::default() };
            let _differences = lock.differences(&[input("a", &url)]);
            let _lock = LockFile::read(&url);
        }
    }
}
