//! How two sets of variables differ: by key, and whether the values are the same; no value comes out.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::reader::Entry;

/// Where a variable is, and whether it has one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Only the first set has it.
    OnlyFirst,
    /// Only the second set has it.
    OnlySecond,
    /// Both have it, with the same value.
    Same,
    /// Both have it, with different values.
    Different,
}

impl Standing {
    /// The word for it in `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnlyFirst => "only-first",
            Self::OnlySecond => "only-second",
            Self::Same => "same",
            Self::Different => "different",
        }
    }
}

/// Compares two sets, in the order of the first; what only the second has comes behind.
pub fn compare<'a>(first: &'a [Entry], second: &'a [Entry]) -> Vec<(&'a str, Standing)> {
    let (in_first, in_second) = (by_key(first), by_key(second));
    let of_first = first.iter().map(|entry| {
        let standing = match in_second.get(entry.key.as_str()) {
            None => Standing::OnlyFirst,
            Some(other) if other.value.expose_secret() == entry.value.expose_secret() => Standing::Same,
            Some(_) => Standing::Different,
        };
        (entry.key.as_str(), standing)
    });
    let of_second = second.iter().filter(|entry| !in_first.contains_key(entry.key.as_str()));
    of_first.chain(of_second.map(|entry| (entry.key.as_str(), Standing::OnlySecond))).collect()
}

fn by_key(entries: &[Entry]) -> BTreeMap<&str, &Entry> {
    entries.iter().map(|entry| (entry.key.as_str(), entry)).collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::dotenv::read;

    #[test]
    fn says_where_each_variable_is() {
        let (first, second) = (read("A=1\nB=2\nC='x y'\n"), read("D=\nC=\"x y\"\nB=3\n"));
        assert_eq!(
            compare(&first, &second),
            [("A", Standing::OnlyFirst), ("B", Standing::Different), ("C", Standing::Same), ("D", Standing::OnlySecond)]
        );
    }
}
