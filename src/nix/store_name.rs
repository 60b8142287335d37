//! Names of what is in the store: which package and which version a name means, and texts without the hashes of paths.

use std::sync::LazyLock;

use regex_lite::Regex;

/// Splits a name as Nix does: the version begins behind the first dash that no letter follows.
pub fn package(name: &str) -> (&str, &str) {
    let starts_version = |(at, _): &(usize, &str)| {
        let next = name.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(|next| !next.is_alphabetic())
    };
    let dash = name.match_indices('-').find(starts_version);
    dash.and_then(|(at, _)| Some((name.get(..at)?, name.get(at + 1..)?))).unwrap_or((name, ""))
}

/// A path in the store.
static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("/nix/store/[0-9a-z]{32}-([0-9A-Za-z+._?=-]+)").ok());

/// A text in which only the package is left of every path of the store.
pub fn without_paths(text: &str) -> String {
    let Some(path) = PATH.as_ref() else { return text.to_owned() };
    path.replace_all(text, |found: &regex_lite::Captures<'_>| {
        found.get(1).map(|name| package(name.as_str()).0.to_owned()).unwrap_or_default()
    })
    .into_owned()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_split_as_nix_does() {
        let cases = [
            ("node-20.1", ("node", "20.1")),
            ("gtk+3-dev-3.24", ("gtk+3-dev", "3.24")),
            ("demo-bot-1.2.0", ("demo-bot", "1.2.0")),
            ("source", ("source", "")),
            ("a-", ("a-", "")),
            ("libä-ö-1", ("libä-ö", "1")),
        ];
        for (name, parts) in cases {
            assert_eq!(package(name), parts, "{name}");
        }
    }

    #[test]
    fn paths_count_by_their_package() {
        let hash = "0".repeat(32);
        let text = format!("PATH=/nix/store/{hash}-node-20.1/bin:/nix/store/{hash}-jq-1.7.1-bin/bin x /nix/store/short-x");
        assert_eq!(without_paths(&text), "PATH=node/bin:jq/bin x /nix/store/short-x");
    }

    proptest! {
        #[test]
        fn nothing_breaks(text in "\\PC{0,30}") {
            let (name, version) = package(&text);
            prop_assert!(text.starts_with(name) && text.ends_with(version));
            let _whatever = without_paths(&text);
        }
    }
}
