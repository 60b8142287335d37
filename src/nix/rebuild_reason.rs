//! Why something is built anew: what differs between the derivation of the last build and the one of this build, or between
//! what they need. Of the environment only names are told: a value may be one that nobody should read aloud.

mod difference;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use difference::{Difference, Fate, own_differences};

use super::build::name;
use super::derivation::Derivation;
use super::store_name::package;

/// So many pairs of derivations are compared at most.
const MOST: usize = 400;
/// So many causes are told.
const MOST_CAUSES: usize = 12;

/// Why something is built anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuild {
    /// What has changed by itself, the nearest first.
    pub causes: Vec<Cause>,
    /// Whether there may be more causes.
    pub is_cut: bool,
}

/// A derivation that has changed by itself, and not only because of what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its name.
    pub name: String,
    /// The names of those that need it, from what is built down to it.
    pub path: Vec<String>,
    /// What is another.
    pub differences: Vec<Difference>,
}

impl Cause {
    /// The cause in words: `library, which app needs: its source has other contents`.
    pub fn words(&self) -> String {
        let needed = self.path.last().map(|above| format!(", which {above} needs")).unwrap_or_default();
        let told: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        format!("{}{needed}: {}", self.name, told.join("; "))
    }
}

/// Compares two derivations by their paths, and what they need as long as nothing else explains the change.
pub fn why(old: &str, new: &str, read: &mut dyn FnMut(&str) -> Option<Derivation>) -> Rebuild {
    let mut rebuild = Rebuild::default();
    let mut waiting = VecDeque::from([(old.to_owned(), new.to_owned(), Vec::new())]);
    let mut seen = BTreeSet::new();
    while let Some((old, new, path)) = waiting.pop_front() {
        if old == new || !seen.insert((old.clone(), new.clone())) {
            continue;
        }
        if seen.len() > MOST || rebuild.causes.len() >= MOST_CAUSES {
            rebuild.is_cut = true;
            break;
        }
        let (Some(before), Some(after)) = (read(&old), read(&new)) else {
            rebuild.is_cut = true;
            continue;
        };
        // How something is fetched does not matter as long as the same comes of it.
        if after.fixed_hash().is_some() && before.fixed_hash() == after.fixed_hash() {
            continue;
        }
        let inputs = Inputs::of(&before, &after);
        let differences: Vec<Difference> = own_differences(&before, &after).into_iter().chain(inputs.differences).collect();
        if !differences.is_empty() {
            rebuild.causes.push(Cause { name: name(&new).to_owned(), path: path.clone(), differences });
        }
        let below: Vec<String> = path.into_iter().chain([name(&new).to_owned()]).collect();
        waiting.extend(inputs.changed.into_iter().map(|(old, new)| (old, new, below.clone())));
    }
    rebuild
}

/// What two derivations need, as far as it is not the same.
#[derive(Debug, Default)]
struct Inputs {
    /// Of another version, new, or gone.
    differences: Vec<Difference>,
    /// Of the same name and version, and yet not the same.
    changed: Vec<(String, String)>,
}

impl Inputs {
    fn of(before: &Derivation, after: &Derivation) -> Self {
        let only = |of: &Derivation, other: &Derivation| {
            let mut by_package: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for path in of.input_derivations.keys().filter(|path| !other.input_derivations.contains_key(*path)) {
                by_package.entry(package(name(path)).0.to_owned()).or_default().push(path.clone());
            }
            by_package
        };
        let (mut old, new) = (only(before, after), only(after, before));
        let mut inputs = Self::default();
        for (package, paths) in new {
            inputs.pair(&package, old.remove(&package).unwrap_or_default(), paths);
        }
        for (package, paths) in old {
            inputs.pair(&package, paths, Vec::new());
        }
        inputs
    }

    /// Those of the same name belong together; of the rest, the first with the first.
    fn pair(&mut self, of: &str, old: Vec<String>, new: Vec<String>) {
        let mut old = old;
        let mut rest = Vec::new();
        for path in new {
            match old.iter().position(|before| name(before) == name(&path)) {
                Some(place) => self.changed.push((old.remove(place), path)),
                None => rest.push(path),
            }
        }
        let version = |path: &String| package(name(path)).1.to_owned();
        let number = old.len().max(rest.len());
        for place in 0..number {
            let (from, to) = (old.get(place).map(version), rest.get(place).map(version));
            self.differences.push(Difference::Input { name: of.to_owned(), from, to });
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn path(letter: char, name: &str) -> String {
        format!("/nix/store/{}-{name}.drv", letter.to_string().repeat(32))
    }

    fn derivation(inputs: &[String], sources: &[&str], environment: &[(&str, &str)]) -> Derivation {
        Derivation {
            input_derivations: inputs.iter().map(|path| (path.clone(), vec!["out".into()])).collect(),
            input_sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            environment: environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Derivation::default()
        }
    }

    fn words(old: &str, new: &str, all: &BTreeMap<String, Derivation>) -> (Vec<String>, bool) {
        let rebuild = why(old, new, &mut |path| all.get(path).cloned());
        (rebuild.causes.iter().map(Cause::words).collect(), rebuild.is_cut)
    }

    #[test]
    fn the_cause_is_found_however_deep_it_is() {
        let source = |letter: char| format!("/nix/store/{}-source", letter.to_string().repeat(32));
        let environment = |library: char| format!("/nix/store/{}-library-1.0", library.to_string().repeat(32));
        let all = BTreeMap::from([
            (path('a', "app"), derivation(&[path('b', "library-1.0")], &[], &[("buildInputs", &environment('f'))])),
            (path('c', "app"), derivation(&[path('d', "library-1.0")], &[], &[("buildInputs", &environment('g'))])),
            (path('b', "library-1.0"), derivation(&[], &[&source('x')], &[("src", &source('x'))])),
            (path('d', "library-1.0"), derivation(&[], &[&source('y')], &[("src", &source('y'))])),
        ]);
        let told = words(&path('a', "app"), &path('c', "app"), &all);
        assert_eq!(told, (vec!["library-1.0, which app needs: its source `source` has other contents".to_owned()], false));
        assert_eq!(words(&path('a', "app"), &path('a', "app"), &all), (vec![], false));
    }

    #[test]
    fn another_version_new_inputs_and_gone_ones_are_told() {
        let old = derivation(&[path('a', "node-20.1"), path('b', "jq-1.7")], &[], &[]);
        let new = derivation(&[path('c', "node-22.3"), path('d', "curl-8")], &[], &[]);
        let all = BTreeMap::from([(path('o', "app"), old), (path('n', "app"), new)]);
        let told = "app: it needs curl 8 now; node 20.1 is now 22.3; it needs jq 1.7 no more";
        assert_eq!(words(&path('o', "app"), &path('n', "app"), &all), (vec![told.to_owned()], false));
    }

    #[test]
    fn values_of_the_environment_are_never_told() {
        let old = derivation(&[], &[], &[("TOKEN", "hunter2"), ("GONE", "x"), ("version", "1")]);
        let new = derivation(&[], &[], &[("TOKEN", "hunter3"), ("NEW", "y"), ("version", "2")]);
        let all = BTreeMap::from([(path('o', "app"), old), (path('n', "app"), new)]);
        let (told, _) = words(&path('o', "app"), &path('n', "app"), &all);
        assert_eq!(told, ["app: its version 1 is now 2; its variables `GONE`, `NEW`, `TOKEN` have changed"]);
    }

    #[test]
    fn what_is_fetched_with_the_same_hash_is_no_cause() {
        let fetched = |hash: &str, url: &str| {
            let mut derivation = derivation(&[], &[], &[("url", url)]);
            derivation.outputs.insert("out".into(), super::super::derivation::Output { hash: hash.into(), ..Default::default() });
            derivation
        };
        let app = |input: &str| derivation(&[input.to_owned()], &[], &[]);
        let all = BTreeMap::from([
            (path('a', "app"), app(&path('x', "src.tar"))),
            (path('b', "app"), app(&path('y', "src.tar"))),
            (path('x', "src.tar"), fetched("00", "http://old")),
            (path('y', "src.tar"), fetched("00", "http://new")),
        ]);
        assert_eq!(words(&path('a', "app"), &path('b', "app"), &all), (vec![], false));
    }

    #[test]
    fn what_is_not_there_any_more_leaves_the_answer_open() {
        assert_eq!(words(&path('a', "app"), &path('b', "app"), &BTreeMap::new()), (vec![], true));
    }
}
