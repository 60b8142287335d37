//! `os-release`, the file in which a Linux distribution says its name.

/// A Linux distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    /// `ID` (`debian`); `linux` when the file does not say, as its manual demands.
    pub id: String,
    /// `VERSION_ID` (`13`).
    pub version: Option<String>,
    /// `ID_LIKE`, the relatives.
    pub like: Vec<String>,
    /// `PRETTY_NAME`, for people.
    pub name: Option<String>,
}

impl Distribution {
    /// Reads `os-release`: shell-like assignments, quoted or not. A later assignment wins.
    pub fn parse(text: &str) -> Self {
        let mut distribution = Self { id: "linux".to_owned(), ..Self::default() };
        for line in text.lines() {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            let value = unquote(value.trim());
            let given = Some(value.clone()).filter(|value| !value.is_empty());
            match key {
                "ID" if !value.is_empty() => distribution.id = value,
                "VERSION_ID" => distribution.version = given,
                "ID_LIKE" => distribution.like = value.split_whitespace().map(str::to_owned).collect(),
                "PRETTY_NAME" => distribution.name = given,
                _ => {}
            }
        }
        distribution
    }

    /// What a person calls it.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// Takes quotes away, and the backslashes that stand before quotes, dollars, backslashes and backticks.
fn unquote(value: &str) -> String {
    let inner = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value);
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    text.retain(|character| !character.is_control());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_quoted_and_bare_values() {
        let text =
            "PRETTY_NAME=\"Linux \\\"Mint\\\" 22\"\nID=linuxmint\nID_LIKE='ubuntu debian'\nVERSION_ID=\"22\"\n# VERSION_ID=1\n";
        let distribution = Distribution::parse(text);
        assert_eq!(distribution.label(), "Linux \"Mint\" 22");
        assert_eq!((distribution.id.as_str(), distribution.version.as_deref()), ("linuxmint", Some("22")));
        assert_eq!(distribution.like, ["ubuntu", "debian"]);
    }

    #[test]
    fn a_file_that_says_nothing_is_some_linux() {
        assert_eq!(Distribution::parse("\"\n=\nID=\n").label(), "linux");
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            let distribution = Distribution::parse(&text);
            prop_assert!(!distribution.id.is_empty());
            prop_assert!(!distribution.label().contains('\x1b'));
        }
    }
}
