//! The whitelist of direnv's settings: directories and files that it loads without asking (direnv `config.go`, 2.32).

use camino::Utf8Path;

/// What is on the whitelist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whitelist {
    prefixes: Vec<String>,
    files: Vec<String>,
}

impl Whitelist {
    /// Reads `direnv.toml`. What cannot be read has no whitelist, as for direnv, which then loads nothing at all.
    pub fn read(text: &str, home: Option<&Utf8Path>) -> Self {
        let table: toml::Table = toml::from_str(text).unwrap_or_default();
        let words = |name: &str| -> Vec<String> {
            let list = table.get("whitelist").and_then(|whitelist| whitelist.get(name)).and_then(toml::Value::as_array);
            list.into_iter().flatten().filter_map(toml::Value::as_str).map(|word| expanded(word, home)).collect()
        };
        Self { prefixes: words("prefix"), files: words("exact").into_iter().map(file).collect() }
    }

    /// Whether an `.envrc` is on it. A prefix is one of the text, not of directories.
    pub fn has(&self, path: &Utf8Path) -> bool {
        let path = path.as_str();
        self.files.iter().any(|file| file == path) || self.prefixes.iter().any(|prefix| path.starts_with(prefix.as_str()))
    }
}

/// A path in which `~/` is the home directory.
fn expanded(word: &str, home: Option<&Utf8Path>) -> String {
    match (word.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest).into_string(),
        _ => word.to_owned(),
    }
}

/// A directory stands for the `.envrc` in it.
fn file(word: String) -> String {
    if word.ends_with("/.envrc") || word.ends_with("/.env") { word } else { format!("{}/.envrc", word.trim_end_matches('/')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_of_the_text_and_exact_ones_of_a_file_or_its_directory() {
        let text = "[whitelist]\nprefix = [ \"~/work\" ]\nexact = [ \"/srv/a\", \"/srv/b/.envrc\" ]\n";
        let list = Whitelist::read(text, Some("/home/ada".into()));
        let has = |path: &str| list.has(path.into());
        assert!(has("/home/ada/work/x/.envrc") && has("/home/ada/workshop/.envrc"));
        assert!(has("/srv/a/.envrc") && has("/srv/b/.envrc") && !has("/srv/a/b/.envrc") && !has("/srv/workshop/.envrc"));
    }

    #[test]
    fn a_file_that_is_no_toml_has_none() {
        for text in ["", "[whitelist", "whitelist = 3", "[whitelist]\nprefix = \"/\"", "[whitelist]\nprefix = [1]"] {
            assert_eq!(Whitelist::read(text, None), Whitelist::default(), "{text}");
        }
    }
}
