//! Variables in the words of another program. Every format has quoting of its own, and a variable that a format cannot carry
//! is refused by its name: nothing is shortened, left out or changed on the way.
//!
//! What is returned holds every value; errors hold keys and reasons only.

mod lines;
mod manifest;
mod names;
mod shells;

use std::fmt;

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use super::reader::{Entry, read};
use super::writer::{self, Unportable, Writer};

/// What variables can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// A `.env` that every program of the project reads alike
    Dotenv,
    /// `export K='…'` for sh, bash, dash and zsh
    Shell,
    /// One JSON object of strings
    Json,
    /// `K=…` without quotes, for `docker run --env-file`
    Docker,
    /// `K="…"` for `EnvironmentFile=` of a systemd unit
    Systemd,
    /// The manifest of a Kubernetes secret
    K8sSecret,
    /// Blocks for the file `$GITHUB_ENV` of a workflow
    Github,
    /// `set -gx K '…'` for fish
    Fish,
    /// `$env:K = '…'` for PowerShell
    Powershell,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dotenv => "a `.env`",
            Self::Shell => "a shell",
            Self::Json => "JSON",
            Self::Docker => "`docker run --env-file`",
            Self::Systemd => "systemd's `EnvironmentFile=`",
            Self::K8sSecret => "a Kubernetes secret",
            Self::Github => "`$GITHUB_ENV`",
            Self::Fish => "fish",
            Self::Powershell => "PowerShell",
        })
    }
}

/// What some formats ask for beyond the variables.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// The name of the Kubernetes secret.
    pub name: &'a str,
    /// The programs that read an exported `.env`.
    pub writer: &'a Writer,
}

/// Why variables are not exported. It names keys, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportError {
    /// Variables that the format cannot carry.
    Refused {
        /// The format.
        format: Format,
        /// Each with its reason, in the order of the document.
        refusals: Vec<Refusal>,
    },
    /// The name of the Kubernetes secret is none.
    Name(String),
    /// All of it is more than a Kubernetes secret may hold.
    TooMuch,
}

/// A variable that a format cannot carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The variable.
    pub key: String,
    /// Why.
    pub reason: Reason,
}

/// Why a format cannot carry a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its name is none there.
    #[error("no name of a variable there")]
    Name,
    /// Its name means something else there.
    #[error("{0} keeps this variable for itself")]
    Reserved(&'static str),
    /// It has several lines.
    #[error("it has more than one line")]
    Lines,
    /// The last character would be taken for a part of the line end.
    #[error("it ends in a carriage return")]
    CarriageReturn,
    /// It has a zero byte.
    #[error("it has a zero byte")]
    Nul,
    /// It is too long for one line.
    #[error("its line would be longer than 64 KiB")]
    Long,
    /// It has a code point that Unicode reserves.
    #[error("it has a code point that Unicode keeps from use")]
    Noncharacter,
    /// It has no form that the readers of a `.env` agree on.
    #[error("{0}")]
    Unportable(Unportable),
}

impl fmt::Display for ExportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { format, refusals } => match refusals.as_slice() {
                [Refusal { key, reason }] => write!(formatter, "`{key}` has no form for {format}: {reason}"),
                several => {
                    let each: Vec<String> = several.iter().map(|one| format!("`{}` ({})", one.key, one.reason)).collect();
                    write!(formatter, "{} variables have no form for {format}: {}", several.len(), each.join(", "))
                }
            },
            Self::Name(name) => write!(formatter, "`{name}` is no name of a Kubernetes object"),
            Self::TooMuch => formatter.write_str("these values are more than the 1 MiB that a Kubernetes secret holds"),
        }
    }
}

impl std::error::Error for ExportError {}

impl ExportError {
    /// A way out, as an instruction.
    pub fn way_out(&self) -> String {
        match self {
            Self::Name(_) => {
                "use lower-case letters, digits, `-` and `.` in `--name`, with a letter or digit at both ends".into()
            }
            Self::TooMuch => "name the variables that are needed, or mount large ones as files".into(),
            Self::Refused { refusals, .. } => match refusals.as_slice() {
                [Refusal { reason: Reason::Unportable(why), .. }] => why.way_out().to_owned(),
                _ => "name the variables to export, or use `--format json`, which carries every value".into(),
            },
        }
    }
}

/// Writes variables in a format. Each key should be there once.
pub fn export(entries: &[Entry], format: Format, options: &Options<'_>) -> Result<SecretString, ExportError> {
    if format == Format::Json {
        return Ok(json(entries));
    }
    if format == Format::K8sSecret && !names::is_object_name(options.name) {
        return Err(ExportError::Name(options.name.to_owned()));
    }
    let mut parts = Vec::new();
    let mut refusals = Vec::new();
    for entry in entries {
        match part(entry, format, options.writer) {
            Ok(part) => parts.push(part),
            Err(reason) => refusals.push(Refusal { key: entry.key.clone(), reason }),
        }
    }
    if !refusals.is_empty() {
        return Err(ExportError::Refused { format, refusals });
    }
    if format == Format::K8sSecret {
        return manifest::kubernetes(options.name, &parts);
    }
    Ok(parts.concat().into())
}

/// The text of one variable, with its line end.
fn part(entry: &Entry, format: Format, writer: &Writer) -> Result<String, Reason> {
    let (key, value) = (entry.key.as_str(), entry.value.expose_secret());
    names::check(key, format)?;
    if value.contains('\0') {
        return Err(Reason::Nul);
    }
    match format {
        Format::Dotenv => dotenv(key, value, writer),
        Format::Shell => Ok(shells::posix(key, value)),
        Format::Fish => Ok(shells::fish(key, value)),
        Format::Powershell => Ok(shells::powershell(key, value)),
        Format::Docker => lines::docker(key, value),
        Format::Systemd => lines::systemd(key, value),
        Format::Github => lines::github(key, value),
        Format::K8sSecret | Format::Json => Ok(manifest::kubernetes_entry(key, value)),
    }
}

fn dotenv(key: &str, value: &str, writer: &Writer) -> Result<String, Reason> {
    let line = format!("{key}={}\n", writer.quote(value).map_err(Reason::Unportable)?);
    let is_read_back = matches!(read(&line).as_slice(), [found] if found.key == key && found.value.expose_secret() == value);
    // Our own reader has the last word.
    if is_read_back { Ok(line) } else { Err(Reason::Unportable(Unportable::is(writer::Reason::Quotes))) }
}

fn json(entries: &[Entry]) -> SecretString {
    let object: serde_json::Map<String, serde_json::Value> =
        entries.iter().map(|entry| (entry.key.clone(), entry.value.expose_secret().into())).collect();
    format!("{:#}\n", serde_json::Value::Object(object)).into()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> Vec<Entry> {
        pairs.iter().map(|(key, value)| Entry { key: (*key).into(), value: (*value).to_owned().into() }).collect()
    }

    fn exported(pairs: &[(&str, &str)], format: Format) -> Result<String, ExportError> {
        let writer = Writer::default();
        export(&entries(pairs), format, &Options { name: "app", writer: &writer }).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn each_format_has_its_own_quoting() {
        let of = |format| exported(&[("A", "it's"), ("B", "")], format).unwrap();
        assert_eq!(of(Format::Dotenv), "A=\"it's\"\nB=\n");
        assert_eq!(of(Format::Shell), "export A='it'\\''s'\nexport B=''\n");
        assert_eq!(of(Format::Json), "{\n  \"A\": \"it's\",\n  \"B\": \"\"\n}\n");
        assert_eq!(of(Format::Docker), "A=it's\nB=\n");
        assert_eq!(of(Format::Systemd), "A=\"it's\"\nB=\"\"\n");
        assert_eq!(of(Format::Github), "A<<NIXSTART_END\nit's\nNIXSTART_END\nB<<NIXSTART_END\n\nNIXSTART_END\n");
        assert_eq!(of(Format::Fish), "set -gx A 'it\\'s'\nset -gx B ''\n");
        assert_eq!(of(Format::Powershell), "$env:A = 'it''s'\n$env:B = ''\n");
    }

    #[test]
    fn a_kubernetes_secret_is_yaml_of_strings() {
        let text = exported(&[("yes", "1"), ("A", "é\n")], Format::K8sSecret).unwrap();
        let parsed: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(
            parsed,
            serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "app" }, "type": "Opaque",
                "data": { "yes": "MQ==", "A": "w6kK" }
            })
        );
        let empty: serde_json::Value = serde_saphyr::from_str(&exported(&[], Format::K8sSecret).unwrap()).unwrap();
        assert_eq!(empty["data"], serde_json::json!({}));
        let large = "x".repeat(1024 * 1024 + 1);
        assert_eq!(exported(&[("A", &large)], Format::K8sSecret), Err(ExportError::TooMuch));
    }

    #[test]
    fn a_kubernetes_object_has_a_name_of_kubernetes() {
        let writer = Writer::default();
        for (name, is_right) in [
            ("app", true),
            ("a.b-c", true),
            ("1", true),
            ("App", false),
            ("-a", false),
            ("a.", false),
            ("", false),
            ("a\n", false),
        ] {
            let result = export(&[], Format::K8sSecret, &Options { name, writer: &writer });
            assert_eq!(result.is_ok(), is_right, "{name:?}");
        }
    }

    #[test]
    fn every_refused_variable_is_named_with_its_reason_and_without_its_value() {
        let secret = ["se", "cret"].concat();
        let two = [("A", format!("{secret}\n")), ("B", "1".into()), ("C", format!("\0{secret}"))];
        let two: Vec<(&str, &str)> = two.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let error = exported(&two, Format::Docker).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 variables have no form for `docker run --env-file`: `A` (it has more than one line), `C` (it has a zero byte)"
        );
        assert!(!format!("{error:?}").contains(&secret));
        let dollar = ["pa$", "word"].concat();
        let error = exported(&[("A", &dollar)], Format::Dotenv).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`A` has no form for a `.env`: it has a `$` that Next.js, Vite and bun would expand, even in quotes"
        );
        assert_eq!(error.way_out(), "in a URL write `%24` in place of `$`; otherwise choose a value without `$`");
    }

    #[test]
    fn names_that_mean_something_else_are_refused() {
        let why = |key: &str, format| match exported(&[(key, "1")], format) {
            Ok(_) => "carried".to_owned(),
            Err(ExportError::Refused { refusals, .. }) => refusals[0].reason.to_string(),
            Err(other) => other.to_string(),
        };
        for (key, format, expected) in [
            ("a-b", Format::Shell, "no name of a variable there"),
            ("a.b", Format::Fish, "no name of a variable there"),
            ("1A", Format::Systemd, "no name of a variable there"),
            ("a-b", Format::Docker, "carried"),
            ("a.b", Format::K8sSecret, "carried"),
            ("..a", Format::K8sSecret, "no name of a variable there"),
            ("a b", Format::Json, "carried"),
            ("UID", Format::Shell, "bash keeps this variable for itself"),
            ("path", Format::Shell, "zsh keeps this variable for itself"),
            ("UID", Format::Fish, "carried"),
            ("status", Format::Fish, "fish keeps this variable for itself"),
            ("Node_Options", Format::Github, "GitHub's runner keeps this variable for itself"),
            ("GITHUB_SHA", Format::Github, "GitHub's runner keeps this variable for itself"),
            ("GITHUB_TOKEN", Format::Github, "carried"),
        ] {
            assert_eq!(why(key, format), expected, "{key}");
        }
    }

    proptest! {
        #[test]
        fn no_format_fails_on_any_value(value in "\\PC{0,30}|[a-z'\"`$\\\\ #=\n\r\t\u{0}é]{0,12}", key in "[A-Za-z_.-]{1,6}") {
            for format in Format::value_variants() {
                let text = match exported(&[(&key, &value)], *format) {
                    Ok(text) => text,
                    Err(error) => { let _ = (error.to_string(), error.way_out()); continue }
                };
                prop_assert!(text.is_empty() || text.ends_with('\n'));
            }
        }
    }
}
