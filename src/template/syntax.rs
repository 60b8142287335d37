//! Parses a rendered file as the language its name promises, and says where it is wrong.

use serde::de::IgnoredAny;

use super::manifest::line_of_offset;

/// What is wrong with a file: a 1-based line (0 when unknown) and a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// 1-based line, 0 when the parser does not say.
    pub line: usize,
    /// What the parser says, on one line.
    pub message: String,
}

/// Parses a file by its name. Files of languages we have no parser for pass.
pub fn check(file_name: &str, text: &str) -> Option<SyntaxError> {
    if file_name == "flake.lock" {
        return json(text);
    }
    match file_name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("nix") => nix(text),
        // TypeScript and editors read comments in their settings; JSON does not have them.
        Some("json") if file_name.starts_with("tsconfig") => None,
        Some("json") => json(text),
        Some("toml") => toml(text),
        Some("yaml" | "yml") => yaml(text),
        _ => None,
    }
}

fn nix(text: &str) -> Option<SyntaxError> {
    let error = rnix::Root::parse(text).errors().first()?.to_string();
    let offset = error.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse::<usize>().ok());
    Some(SyntaxError { line: offset.map_or(0, |offset| line_of_offset(text, offset)), message: one_line(&error) })
}

fn json(text: &str) -> Option<SyntaxError> {
    let error = serde_json::from_str::<IgnoredAny>(text).err()?;
    Some(SyntaxError { line: error.line(), message: one_line(&error.to_string()) })
}

fn toml(text: &str) -> Option<SyntaxError> {
    let error = toml::from_str::<toml::Table>(text).err()?;
    Some(SyntaxError {
        line: error.span().map_or(0, |span| line_of_offset(text, span.start)),
        message: one_line(error.message()),
    })
}

fn yaml(text: &str) -> Option<SyntaxError> {
    let error = serde_saphyr::from_multiple::<IgnoredAny>(text).err()?;
    let line = error.location().map_or(0, |location| usize::try_from(location.line()).unwrap_or(0));
    Some(SyntaxError { line, message: one_line(&error.to_string()) })
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, text: &str) -> Option<usize> {
        check(name, text).map(|error| error.line)
    }

    #[test]
    fn finds_the_line_of_a_mistake() {
        assert_eq!(line("a.nix", "{\n  a = 1;\n  b = ;\n}\n"), Some(3));
        assert_eq!(line("a.json", "{\n  \"a\": 1,\n}\n"), Some(3));
        assert_eq!(line("a.toml", "a = 1\nb = = 2\n"), Some(2));
        assert!(line("a.yaml", "a: 1\nb: [1\n").is_some());
    }

    #[test]
    fn passes_what_is_right_and_what_it_cannot_read() {
        assert_eq!(check("a.nix", "{ pkgs, ... }: pkgs.hello"), None);
        assert_eq!(check("a.json", "{}"), None);
        assert_eq!(check("a.toml", "a = 1"), None);
        assert_eq!(check("a.yml", "on: push\n---\nb: ${{ x }}\n"), None);
        assert_eq!(check("a.ts", "{{{"), None);
    }
}
