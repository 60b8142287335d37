//! What `nix show-config --json` says: the settings that are in force, with Nix's defaults.

use serde_json::Value;

use super::conf::without_userinfo;

/// The cache of devenv and its key, as its manual prints it.
pub const DEVENV_CACHE: (&str, &str) =
    ("https://devenv.cachix.org", "devenv.cachix.org-1:w1cLUi8dv3hnoSPGAuibQv+f9TZLr6cv/Hm9XgU50cw=");

/// Settings that are in force, as far as checks ask for them. No value of a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Whether builds see only what they declare.
    pub sandbox: Sandbox,
    /// How many builds run at once, when Nix says a number.
    pub max_jobs: Option<u64>,
    /// How many processors one build is told to use; 0 for all.
    pub cores: u64,
    /// The caches that are asked.
    pub substituters: Vec<String>,
    /// The caches that untrusted users may ask for, besides.
    pub trusted_substituters: Vec<String>,
    /// The names of the keys that are trusted, without the keys.
    pub key_names: Vec<String>,
    /// Whether signatures are asked for.
    pub requires_signatures: bool,
    /// Whether a flake may change settings without being asked about.
    pub accepts_flake_config: bool,
    /// Whether equal files are kept once.
    pub optimises_store: bool,
    /// The group of the users that builds run as; empty for none.
    pub build_users_group: String,
    /// Hosts that there is an access token for.
    pub token_hosts: Vec<String>,
}

/// How far builds are kept apart from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// All of them.
    On,
    /// All but those that ask not to be.
    Relaxed,
    /// None.
    Off,
}

/// Reads what `nix show-config --json` prints; `None` when it is something else.
pub fn parse(json: &str) -> Option<Effective> {
    let settings: Value = serde_json::from_str(json).ok()?;
    let value = |name: &str| settings.get(name).and_then(|setting| setting.get("value"));
    let is_on = |name: &str, default: bool| value(name).and_then(Value::as_bool).unwrap_or(default);
    let list = |name: &str| value(name).map(words).unwrap_or_default();
    let sandbox = match value("sandbox")? {
        Value::Bool(false) => Sandbox::Off,
        Value::String(word) if word == "relaxed" => Sandbox::Relaxed,
        Value::String(word) if word == "false" => Sandbox::Off,
        _ => Sandbox::On,
    };
    Some(Effective {
        sandbox,
        max_jobs: value("max-jobs").and_then(number),
        cores: value("cores").and_then(Value::as_u64).unwrap_or(0),
        substituters: list("substituters").iter().map(|url| without_userinfo(url)).collect(),
        trusted_substituters: list("trusted-substituters").iter().map(|url| without_userinfo(url)).collect(),
        key_names: list("trusted-public-keys").iter().map(|key| key_name(key).to_owned()).collect(),
        requires_signatures: is_on("require-sigs", true),
        accepts_flake_config: is_on("accept-flake-config", false),
        optimises_store: is_on("auto-optimise-store", false),
        build_users_group: value("build-users-group").and_then(Value::as_str).unwrap_or_default().to_owned(),
        token_hosts: value("access-tokens").map(hosts).unwrap_or_default(),
    })
}

/// `devenv.cachix.org-1` of `devenv.cachix.org-1:w1cL…`.
pub fn key_name(key: &str) -> &str {
    key.split(':').next().unwrap_or(key)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The words of a list; Nix has written lists as arrays and as text with spaces.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn hosts(tokens: &Value) -> Vec<String> {
    tokens.as_object().map(|tokens| tokens.keys().cloned().collect()).unwrap_or_default()
}

/// The names after `warning: unknown setting` in what Nix prints to stderr.
pub fn unknown(stderr: &str) -> Vec<String> {
    let names = stderr.lines().filter_map(|line| line.split_once("unknown setting '")?.1.split('\'').next());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_nix_2_8_prints() {
        let json = r#"{"sandbox":{"aliases":["build-use-sandbox"],"defaultValue":true,"value":false},
            "max-jobs":{"defaultValue":1,"value":1},"cores":{"value":2},"build-users-group":{"value":"nixbld"},
            "substituters":{"value":["https://cache.nixos.org/","https://me:pw@cache.example.org"]},
            "trusted-public-keys":{"value":["cache.nixos.org-1:6NCH="]},"access-tokens":{"value":{"github.com":"ghp_x"}},
            "experimental-features":{"value":[2,3]}}"#;
        let read = parse(json).unwrap();
        assert_eq!((read.sandbox, read.max_jobs, read.cores), (Sandbox::Off, Some(1), 2));
        assert_eq!(read.substituters, ["https://cache.nixos.org/", "https://cache.example.org"]);
        assert_eq!(
            (read.key_names.as_slice(), read.token_hosts.as_slice()),
            (&["cache.nixos.org-1".to_owned()][..], &["github.com".to_owned()][..])
        );
        assert_eq!(
            (read.build_users_group.as_str(), read.requires_signatures, read.accepts_flake_config),
            ("nixbld", true, false)
        );
        assert!(!format!("{read:?}").contains("ghp_x"));
    }

    #[test]
    fn tells_modes_of_the_sandbox_apart() {
        let sandbox =
            |value: &str| parse(&format!(r#"{{"sandbox":{{"value":{value}}},"max-jobs":{{"value":4}}}}"#)).unwrap().sandbox;
        assert_eq!(
            (sandbox("true"), sandbox("\"relaxed\""), sandbox("\"false\"")),
            (Sandbox::On, Sandbox::Relaxed, Sandbox::Off)
        );
        assert_eq!(parse("error: no"), None);
        assert_eq!(parse("[]"), None);
    }

    #[test]
    fn names_unknown_settings_once() {
        assert_eq!(unknown("warning: unknown setting 'foo'\nwarning: unknown setting 'foo'\nother 'x'"), ["foo"]);
    }
}
