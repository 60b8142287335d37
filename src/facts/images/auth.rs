//! Reads where logins of registries are kept: `auth.json` of the containers tools and `config.json` of Docker.
//!
//! Only the names of registries come out, never a login.

use serde_json::Value;

use crate::secret::shapes;

/// How a login is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// In the file itself.
    InFile,
    /// With a helper, which was not asked.
    Helper,
}

/// The registries a file has logins for.
pub fn logins(text: &str) -> Option<Vec<(String, Login)>> {
    let file: Value = serde_json::from_str(text).ok()?;
    let helped = file.get("credHelpers").and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<(String, Login)> = helped.filter_map(|(host, _)| Some((host_of_key(host)?, Login::Helper))).collect();
    let has_store = file.get("credsStore").and_then(Value::as_str).is_some_and(|store| !store.is_empty());
    for (key, entry) in file.get("auths").and_then(Value::as_object).into_iter().flatten() {
        let is_set = |field: &str| entry.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let login = if ["auth", "identitytoken", "registrytoken", "password"].into_iter().any(is_set) {
            Login::InFile
        } else if has_store {
            Login::Helper
        } else {
            continue;
        };
        found.extend(host_of_key(key).map(|host| (host, login)));
    }
    Some(found)
}

/// The registry of a key like `https://index.docker.io/v1/` or `ghcr.io/owner`.
fn host_of_key(key: &str) -> Option<String> {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let host = parse_host(key.split('/').next().unwrap_or_default())?;
    Some(if matches!(host.as_str(), "index.docker.io" | "registry-1.docker.io") { "docker.io".to_owned() } else { host })
}

/// The registry that an image's name begins with; Docker Hub when it names none.
pub fn host_of_image(image: &str) -> Option<String> {
    let image = image.trim_matches(['"', '\'']);
    let (first, rest) = image.split_once('/').unwrap_or((image, ""));
    if rest.is_empty() || !(first.contains(['.', ':']) || first == "localhost") {
        let is_name = !image.is_empty() && image.chars().all(|c| c.is_ascii_alphanumeric() || "/:._-".contains(c));
        return is_name.then(|| "docker.io".to_owned());
    }
    parse_host(first)
}

/// The name of a registry, unless it may be something else, like a variable or a credential.
pub fn parse_host(text: &str) -> Option<String> {
    let (name, port) = text.split_once(':').unwrap_or((text, ""));
    let is_label = |label: &str| {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty() && label.len() <= 40 && label.chars().all(is_part)
    };
    let is_name = name == "localhost" || (name.contains('.') && name.split('.').all(is_label));
    let is_host = is_name && port.chars().all(|c| c.is_ascii_digit()) && port.len() <= 5 && text.len() <= 120;
    (is_host && shapes::shape_of_word(name).is_none()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_logins_of_both_tools() {
        let text = r#"{"auths":{"ghcr.io/me":{"auth":"eA=="},"https://index.docker.io/v1/":{},"empty.example.org":{}},
            "credHelpers":{"gcr.io":"gcloud"},"credsStore":"osxkeychain"}"#;
        let expected = [
            ("gcr.io", Login::Helper),
            ("ghcr.io", Login::InFile),
            ("docker.io", Login::Helper),
            ("empty.example.org", Login::Helper),
        ];
        assert_eq!(logins(text).unwrap(), expected.map(|(host, login)| (host.to_owned(), login)));
        assert_eq!(logins(r#"{"auths":{"ghcr.io":{}}}"#), Some(vec![]));
        assert_eq!(logins("{"), None);
    }

    #[test]
    fn knows_the_registry_of_an_image() {
        let cases = [
            ("ghcr.io/me/bot:1", Some("ghcr.io")),
            ("localhost:5000/bot", Some("localhost:5000")),
            ("me/bot", Some("docker.io")),
            ("bot", Some("docker.io")),
            ("$REGISTRY/bot", None),
            ("me:pass@ghcr.io/bot", None),
            ("${{ env.X }}/bot", None),
        ];
        for (image, expected) in cases {
            assert_eq!(host_of_image(image).as_deref(), expected, "{image}");
        }
    }

    proptest! {
        #[test]
        fn no_file_breaks_it(text in "\\PC{0,40}", host in "[a-z.:/@$-]{0,20}") {
            logins(&text);
            host_of_image(&host);
        }
    }
}
