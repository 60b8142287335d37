//! What `direnv status` prints: text in every version, JSON since 2.33. Older versions print text even when asked for JSON.

use camino::Utf8PathBuf;
use serde_json::Value;

use super::Permission;

/// What `direnv status` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The bash that runs `.envrc` files; JSON does not say.
    pub bash: Option<Utf8PathBuf>,
    /// After how many milliseconds direnv says that it takes long; JSON does not say.
    pub warn_timeout: Option<u64>,
    /// The `.envrc` that was found.
    pub found: Option<Utf8PathBuf>,
    /// Whether it may be loaded.
    pub permission: Option<Permission>,
}

impl Status {
    /// Reads what `direnv status` or `direnv status --json` printed.
    pub fn read(output: &str) -> Self {
        match serde_json::from_str::<Value>(output) {
            Ok(value) => Self::of_json(&value),
            Err(_) => Self::of_text(output),
        }
    }

    fn of_json(value: &Value) -> Self {
        let found = value.pointer("/state/foundRC");
        let path = found.and_then(|found| found.get("path")).and_then(Value::as_str);
        let allowed = found.and_then(|found| found.get("allowed")).map(ToString::to_string);
        Self { found: path.map(Into::into), permission: allowed.as_deref().and_then(permission), ..Self::default() }
    }

    fn of_text(output: &str) -> Self {
        let after = |start: &str| output.lines().find_map(|line| line.strip_prefix(start)).map(str::trim);
        Self {
            bash: after("bash_path ").map(Into::into),
            warn_timeout: after("warn_timeout ").and_then(milliseconds),
            found: after("Found RC path ").map(Into::into),
            permission: after("Found RC allowed ").and_then(permission),
        }
    }
}

/// direnv says `true` and `false` until 2.32, and 0, 1 and 2 since 2.33.
fn permission(word: &str) -> Option<Permission> {
    match word {
        "true" | "0" => Some(Permission::Allowed),
        "false" | "1" => Some(Permission::NotAllowed),
        "2" => Some(Permission::Denied),
        _ => None,
    }
}

/// Milliseconds of a duration as Go prints and reads it (`5s`, `1m30s`, `500ms`).
pub fn milliseconds(duration: &str) -> Option<u64> {
    let mut rest = duration.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit_end = tail.find(|character: char| character.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit_end)?;
        let whole: u64 = number.split('.').next()?.parse().ok()?;
        let factor = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            _ => return None,
        };
        total = total.checked_add(whole.checked_mul(factor)?)?;
        rest = tail;
    }
    (!duration.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_text_of_old_and_new_versions() {
        let text = "direnv exec path /usr/bin/direnv\nDIRENV_CONFIG /home/ada/.config/direnv\nbash_path /usr/bin/bash\n\
            disable_stdin false\nwarn_timeout 5s\nwhitelist.prefix []\nwhitelist.exact map[]\nNo .envrc or .env loaded\n\
            Found RC path /home/ada/p/.envrc\nFound watch: \".envrc\" - 2026-08-21T12:58:06Z\nFound RC allowed false\n\
            Found RC allowPath /home/ada/.local/share/direnv/allow/0a8f\n";
        let status = Status::read(text);
        assert_eq!(status.bash.unwrap(), "/usr/bin/bash");
        assert_eq!((status.warn_timeout, status.permission), (Some(5000), Some(Permission::NotAllowed)));
        assert_eq!(status.found.unwrap(), "/home/ada/p/.envrc");
        assert_eq!(Status::read("Found RC allowed 2\n").permission, Some(Permission::Denied));
        assert_eq!(Status::read("Found RC allowed true\n").permission, Some(Permission::Allowed));
    }

    #[test]
    fn reads_json() {
        let text = r#"{"config":{"ConfigDir":"/c","SelfPath":"/d"},"state":{"foundRC":{"allowed":1,"path":"/p/.envrc"},"loadedRC":null}}"#;
        let status = Status::read(text);
        assert_eq!((status.found.unwrap().as_str(), status.permission), ("/p/.envrc", Some(Permission::NotAllowed)));
        assert_eq!(Status::read(r#"{"state":{"foundRC":null}}"#), Status::default());
    }

    #[test]
    fn reads_durations_of_go() {
        let cases = [
            ("5s", Some(5000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("1.5s", Some(1000)),
            ("", None),
            ("5", None),
            ("x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(?s)(Found RC allowed |Found RC path |warn_timeout |[0-9.hmsé]|\n|\\{|\\}|\"){0,30}") {
            let _status = Status::read(&text);
            let _milliseconds = milliseconds(&text);
        }
    }
}
