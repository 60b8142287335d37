//! How big a closure is, package by package, and by how much it has grown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::build::name;
use super::store_name::package;

/// The bytes of a closure by package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// Bytes by package.
    pub packages: BTreeMap<String, u64>,
}

/// How a closure differs from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Growth {
    /// By how many bytes it is larger; less than 0 for smaller.
    pub total: i64,
    /// The packages that differ, the largest difference first.
    pub packages: Vec<(String, i64)>,
}

impl Closure {
    /// Reads what `nix path-info --json --recursive` prints. Nix up to 2.18 and Lix print an array, later ones an object, and
    /// format 2 of Nix 2.33 one below `info`.
    pub fn read(json: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(json).ok()?;
        let size = |entry: &Value| entry.get("narSize").and_then(Value::as_u64);
        let mut closure = Self::default();
        match &value {
            Value::Array(entries) => {
                for entry in entries {
                    closure.add(entry.get("path").and_then(Value::as_str), size(entry));
                }
            }
            Value::Object(object) => {
                for (path, entry) in object.get("info").and_then(Value::as_object).unwrap_or(object) {
                    closure.add(Some(path), size(entry));
                }
            }
            _ => return None,
        }
        (!closure.packages.is_empty()).then_some(closure)
    }

    fn add(&mut self, path: Option<&str>, bytes: Option<u64>) {
        if let (Some(path), Some(bytes)) = (path, bytes) {
            let total = self.packages.entry(package(name(path)).0.to_owned()).or_default();
            *total = total.saturating_add(bytes);
        }
    }

    /// All bytes together.
    pub fn bytes(&self) -> u64 {
        self.packages.values().fold(0, |total, bytes| total.saturating_add(*bytes))
    }

    /// How it differs from the one before.
    pub fn growth(&self, before: &Self) -> Growth {
        let of = |closure: &Self, package: &str| {
            i64::try_from(closure.packages.get(package).copied().unwrap_or(0)).unwrap_or(i64::MAX)
        };
        let gone = before.packages.keys().filter(|package| !self.packages.contains_key(*package));
        let mut packages: Vec<(String, i64)> = self
            .packages
            .keys()
            .chain(gone)
            .map(|package| (package.clone(), of(self, package).saturating_sub(of(before, package))))
            .filter(|(_, difference)| *difference != 0)
            .collect();
        packages.sort_unstable_by(|left, right| {
            right.1.unsigned_abs().cmp(&left.1.unsigned_abs()).then_with(|| left.0.cmp(&right.0))
        });
        let total = packages.iter().fold(0_i64, |total, (_, difference)| total.saturating_add(*difference));
        Growth { total, packages }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn closure(packages: &[(&str, u64)]) -> Closure {
        Closure { packages: packages.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect() }
    }

    #[test]
    fn reads_what_every_version_prints() {
        for json in [
            include_str!("../../tests/fixtures/nix/nix-2.8.0-cmd-path-info.json"),
            include_str!("../../tests/fixtures/nix/nix-2.26.3-cmd-path-info.json"),
            include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-path-info.json"),
            include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-path-info-fmt2.json"),
        ] {
            let closure = Closure::read(json).unwrap();
            assert_eq!((closure.packages.keys().next().map(String::as_str), closure.bytes()), (Some("demo-bot"), 296));
        }
        assert_eq!((Closure::read("[]"), Closure::read("error"), Closure::read("3")), (None, None, None));
    }

    #[test]
    fn what_has_grown_most_comes_first() {
        let growth = closure(&[("a", 10), ("b", 500), ("new", 7)]).growth(&closure(&[("a", 10), ("b", 100), ("gone", 50)]));
        let expected = [("b".to_owned(), 400), ("gone".to_owned(), -50), ("new".to_owned(), 7)];
        assert_eq!((growth.total, growth.packages.as_slice()), (357, expected.as_slice()));
    }

    proptest! {
        #[test]
        fn growth_there_is_shrinking_back(
            left in prop::collection::btree_map("[a-c]", 0..1000_u64, 0..4),
            right in prop::collection::btree_map("[a-c]", 0..1000_u64, 0..4),
        ) {
            let (left, right) = (Closure { packages: left }, Closure { packages: right });
            prop_assert_eq!(left.growth(&right).total, -right.growth(&left).total);
            prop_assert_eq!(left.growth(&left), Growth::default());
        }
    }
}
