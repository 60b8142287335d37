//! The few settings of `nix.conf` that say where the network is: caches, and the file of certificate authorities.

use super::without_secrets;

/// The cache that Nix asks when nothing else is set.
pub const DEFAULT_CACHE: &str = "https://cache.nixos.org";

/// Caches to ask, from texts of `nix.conf` in the order in which Nix reads them: a later `substituters` takes the place of
/// an earlier one, `extra-substituters` adds. Without users, passwords and parameters; each once.
pub fn caches(texts: &[String]) -> Vec<String> {
    let mut found = vec![DEFAULT_CACHE.to_owned()];
    for (name, value) in texts.iter().flat_map(|text| settings(text)) {
        let addresses = value.split_whitespace().map(|address| without_secrets(address).trim_end_matches('/').to_owned());
        match name {
            "substituters" | "binary-caches" => found = addresses.collect(),
            "extra-substituters" | "extra-binary-caches" => found.extend(addresses),
            _ => {}
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|address| seen.insert(address.clone()));
    found
}

/// The last value of a setting.
pub fn setting(texts: &[String], wanted: &str) -> Option<String> {
    let values = texts.iter().flat_map(|text| settings(text)).filter(|(name, _)| *name == wanted);
    values.last().map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
}

/// Files that a text includes (`include` and `!include`), as they are written.
pub fn includes(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (word, path) = line.split('#').next()?.trim().split_once(char::is_whitespace)?;
        matches!(word, "include" | "!include").then_some(path.trim())
    })
}

fn settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (name, value) = line.split('#').next()?.split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_list_replaces_and_extra_adds() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(caches(&texts(&["sandbox = false\n"])), [DEFAULT_CACHE]);
        let system = "extra-substituters = https://a.example?priority=1 https://u:p@b.example/nix # mine\n";
        assert_eq!(caches(&texts(&[system])), [DEFAULT_CACHE, "https://a.example", "https://b.example/nix"]);
        assert_eq!(caches(&texts(&[system, "substituters = https://c.example/ https://c.example"])), ["https://c.example"]);
        assert!(caches(&texts(&["substituters =\n"])).is_empty());
    }

    #[test]
    fn finds_what_is_included() {
        let text = "!include nixstart.conf\ninclude /etc/other.conf # always\nincluded = no\n";
        assert_eq!(includes(text).collect::<Vec<_>>(), ["nixstart.conf", "/etc/other.conf"]);
    }

    #[test]
    fn the_last_value_counts() {
        let texts = ["ssl-cert-file = /a".to_owned(), "ssl-cert-file=/b # x\n".to_owned()];
        assert_eq!(setting(&texts, "ssl-cert-file").as_deref(), Some("/b"));
        assert_eq!(setting(&texts, "netrc-file"), None);
    }
}
