//! Writes a text as a literal of Nix, JSON, POSIX shell or YAML, so that no value can break out of its place.

/// A Nix string with its quotes.
pub fn nix(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "\\${")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t");
    format!("\"{escaped}\"")
}

/// A JSON string with its quotes.
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One word of a POSIX shell, quoted when it needs to be.
pub fn sh(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// A YAML scalar: bare when it means itself in YAML 1.1 and 1.2, else double-quoted.
pub fn yaml(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let is_bare = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_plain) && !is_yaml_word(text);
    if is_bare { text.to_owned() } else { json(text) }
}

/// Words that YAML 1.1 reads as something other than text.
fn is_yaml_word(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_only_what_needs_it() {
        assert_eq!([sh("my-bot"), sh("it's"), sh("")], ["my-bot", "'it'\\''s'", "''"]);
        assert_eq!([yaml("my-bot"), yaml("no"), yaml("1x"), yaml("a: b")], ["my-bot", "\"no\"", "\"1x\"", "\"a: b\""]);
        assert_eq!(nix("a${b}\"\\"), "\"a\\${b}\\\"\\\\\"");
        assert_eq!(json("a\"b"), "\"a\\\"b\"");
    }

    /// The text a Nix string literal stands for, read by rnix's lexer rules.
    fn nix_value(literal: &str) -> Option<String> {
        let root = rnix::Root::parse(literal).ok().ok()?;
        let rnix::ast::Expr::Str(string) = root.expr()? else { return None };
        string
            .normalized_parts()
            .into_iter()
            .map(|part| if let rnix::ast::InterpolPart::Literal(text) = part { Some(text) } else { None })
            .collect()
    }

    proptest! {
        #[test]
        fn literals_mean_the_text(text in "[ -~]{0,30}|\\PC{0,20}|[\"'$\\{}\\\\\n\t`#:-]{0,10}") {
            prop_assert_eq!(nix_value(&nix(&text)), Some(text.clone()));
            prop_assert_eq!(serde_json::from_str::<String>(&json(&text)).unwrap(), text.clone());
            prop_assert_eq!(serde_saphyr::from_str::<String>(&yaml(&text)).unwrap(), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_shell_reads_one_word(text in "[ -~]{0,30}|[\"'$\\{}\\\\\n\t`#~*-]{0,10}") {
            let output = Command::new("sh").arg("-c").arg(format!("printf %s {}", sh(&text))).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
