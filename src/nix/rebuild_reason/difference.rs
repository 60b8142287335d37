//! What differs between two derivations themselves, apart from what they need.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::nix::build::name;
use crate::nix::derivation::Derivation;
use crate::nix::store_name::without_paths;

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Its version.
    Version {
        /// The one before.
        from: String,
        /// The one now.
        to: String,
    },
    /// A package that it needs: of another version, new, or gone.
    Input {
        /// The package.
        name: String,
        /// Its version before; `None` when it was not needed.
        from: Option<String>,
        /// Its version now; `None` when it is needed no more.
        to: Option<String>,
    },
    /// A path that nobody builds, such as the source.
    Source {
        /// Its name.
        name: String,
        /// What has become of it.
        fate: Fate,
    },
    /// Variables of its environment, by name.
    Variables(Vec<String>),
    /// The program that builds it.
    Builder,
    /// The arguments of that program: with `bash -c` or `-e`, the script.
    Arguments,
    /// The system that it is built on.
    System,
    /// What it makes, or the hash of what it fetches.
    Outputs,
}

/// What has become of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It has other contents.
    Changed,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versioned = |name: &str, version: &str| format!("{name}{}{version}", if version.is_empty() { "" } else { " " });
        match self {
            Self::Version { from, to } => write!(formatter, "its version {from} is now {to}"),
            Self::Input { name, from: Some(from), to: Some(to) } => write!(formatter, "{} is now {to}", versioned(name, from)),
            Self::Input { name, from: Some(from), to: None } => write!(formatter, "it needs {} no more", versioned(name, from)),
            Self::Input { name, to, .. } => {
                write!(formatter, "it needs {} now", versioned(name, to.as_deref().unwrap_or_default()))
            }
            Self::Source { name, fate: Fate::Changed } => write!(formatter, "its source `{name}` has other contents"),
            Self::Source { name, fate: Fate::Added } => write!(formatter, "its source `{name}` is new"),
            Self::Source { name, fate: Fate::Removed } => write!(formatter, "its source `{name}` is gone"),
            Self::Variables(names) if names.len() == 1 => write!(formatter, "its variable `{}` has changed", names.concat()),
            Self::Variables(names) => write!(formatter, "its variables `{}` have changed", names.join("`, `")),
            Self::Builder => formatter.write_str("another program builds it"),
            Self::Arguments => formatter.write_str("its build script or its arguments have changed"),
            Self::System => formatter.write_str("it is built for another system"),
            Self::Outputs => formatter.write_str("its outputs, or the hash of what it fetches, have changed"),
        }
    }
}

/// Variables that repeat what is told in other words.
const TOLD_ELSEWHERE: [&str; 6] = ["name", "version", "builder", "system", "outputHash", "outputs"];

/// What differs. Paths of the store count by their names: what is in them is told by what is needed.
pub fn own_differences(before: &Derivation, after: &Derivation) -> Vec<Difference> {
    let mut differences = Vec::new();
    if let (Some(from), Some(to)) = (before.version(), after.version())
        && from != to
    {
        differences.push(Difference::Version { from: from.to_owned(), to: to.to_owned() });
    }
    differences.extend(sources(before, after));
    let variables = variables(before, after);
    if !variables.is_empty() {
        differences.push(Difference::Variables(variables));
    }
    let same = |old: &str, new: &str| without_paths(old) == without_paths(new);
    let arguments = |derivation: &Derivation| derivation.arguments.iter().map(|text| without_paths(text)).collect::<Vec<_>>();
    let outputs = |derivation: &Derivation| -> Vec<(String, String)> {
        derivation.outputs.iter().map(|(name, output)| (name.clone(), output.hash.clone())).collect()
    };
    let others = [
        (!same(&before.builder, &after.builder), Difference::Builder),
        (arguments(before) != arguments(after), Difference::Arguments),
        (before.system != after.system, Difference::System),
        (outputs(before) != outputs(after), Difference::Outputs),
    ];
    differences.extend(others.into_iter().filter_map(|(is_another, difference)| is_another.then_some(difference)));
    differences
}

fn sources(before: &Derivation, after: &Derivation) -> Vec<Difference> {
    let only = |of: &Derivation, other: &Derivation| -> BTreeSet<String> {
        let own = of.input_sources.iter().filter(|path| !other.input_sources.contains(path));
        own.map(|path| name(path).to_owned()).collect()
    };
    let (old, new) = (only(before, after), only(after, before));
    let fate = |name: &String| match (old.contains(name), new.contains(name)) {
        (true, true) => Fate::Changed,
        (false, _) => Fate::Added,
        (true, false) => Fate::Removed,
    };
    old.union(&new).map(|name| Difference::Source { name: name.clone(), fate: fate(name) }).collect()
}

fn variables(before: &Derivation, after: &Derivation) -> Vec<String> {
    let (old, new) = (flat(before), flat(after));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let is_told = |name: &str| TOLD_ELSEWHERE.contains(&name) || before.outputs.contains_key(name);
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name) && !is_told(name));
    changed.cloned().collect()
}

/// The variables, and in place of `__json`, which holds all of them in newer derivations, what is in it.
fn flat(derivation: &Derivation) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    for (name, value) in &derivation.environment {
        match serde_json::from_str(value).ok().filter(|_| name == "__json") {
            Some(Value::Object(fields)) => {
                flat.extend(fields.into_iter().map(|(name, value)| (name, without_paths(&value.to_string()))));
            }
            Some(_) | None => {
                flat.insert(name.clone(), without_paths(value));
            }
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn structured_variables_are_compared_one_by_one() {
        let with = |json: &str| Derivation {
            environment: BTreeMap::from([("__json".to_owned(), json.to_owned())]),
            ..Derivation::default()
        };
        let differences = own_differences(&with(r#"{"a":1,"b":[2],"version":"1"}"#), &with(r#"{"a":1,"b":[3],"version":"1"}"#));
        assert_eq!(differences, [Difference::Variables(vec!["b".to_owned()])]);
    }

    #[test]
    fn a_script_that_names_another_path_of_the_same_name_is_the_same() {
        let with = |letter: &str| Derivation {
            arguments: vec!["-c".to_owned(), format!("cat /nix/store/{}-node-20.1/bin/x > $out", letter.repeat(32))],
            ..Derivation::default()
        };
        assert_eq!(own_differences(&with("a"), &with("b")), []);
    }
}
