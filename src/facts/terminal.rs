//! What is known about the terminal.

use super::Fact;

/// What is known about the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Whether standard input is one.
    pub is_input: Fact<bool>,
    /// Whether standard output is one.
    pub is_output: Fact<bool>,
    /// Its columns and rows; irrelevant without one.
    pub size: Fact<(u16, u16)>,
    /// `TERM`.
    pub kind: Fact<Option<String>>,
    /// `COLORTERM`.
    pub colours: Fact<Option<String>>,
    /// Whether `NO_COLOR` asks for none.
    pub is_colour_off: Fact<bool>,
    /// What decides how characters are written.
    pub locale: Fact<Locale>,
    /// What stands between the program and the screen (`tmux`, `GNU screen`, `Zellij`, `ssh`).
    pub between: Fact<Vec<String>>,
    /// The archive of locales for programs from Nix; irrelevant on NixOS, on macOS and without a store.
    pub archive: Fact<Archive>,
}

/// What decides how characters are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locale {
    /// The variable that decides (`LC_ALL`, `LC_CTYPE`, `LANG`); `None` when none is set.
    pub variable: Option<String>,
    /// Its value.
    pub value: Option<String>,
}

impl Locale {
    /// Whether it writes UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.encoding().is_some_and(|encoding| matches!(encoding.as_str(), "utf-8" | "utf8"))
    }

    /// Whether it is one that every C library has built in.
    pub fn is_built_in(&self) -> bool {
        let name = self.value.as_deref().and_then(|value| value.split(['.', '@']).next());
        matches!(name, None | Some("C" | "POSIX"))
    }

    /// What comes after the dot, without what comes after an at sign. macOS also has a bare `UTF-8`.
    fn encoding(&self) -> Option<String> {
        let value = self.value.as_deref()?.split('@').next()?;
        Some(value.split_once('.').map_or(value, |(_, encoding)| encoding).to_ascii_lowercase())
    }
}

/// The archive of locales for programs from Nix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archive {
    /// `LOCALE_ARCHIVE`.
    pub named: Option<String>,
    /// Whether it names a file.
    pub is_there: bool,
    /// Whether the system has one at the place where programs from Nix look as well.
    pub has_systems: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn locale(value: &str) -> Locale {
        Locale { variable: Some("LANG".to_owned()), value: Some(value.to_owned()) }
    }

    #[test]
    fn knows_how_a_locale_writes() {
        for value in ["en_GB.UTF-8", "de_DE.utf8@euro", "C.UTF-8", "UTF-8"] {
            assert!(locale(value).is_utf8(), "{value}");
        }
        for value in ["C", "en_GB", "de_DE.ISO-8859-1", "ja_JP.eucJP"] {
            assert!(!locale(value).is_utf8(), "{value}");
        }
        assert!(locale("C.UTF-8").is_built_in() && !locale("en_GB.UTF-8").is_built_in());
        assert!(Locale::default().is_built_in() && !Locale::default().is_utf8());
    }

    proptest! {
        #[test]
        fn no_locale_breaks_it(value in any::<String>()) {
            let locale = locale(&value);
            prop_assert!(!(locale.is_utf8() && value.is_empty()));
            let _built_in = locale.is_built_in();
        }
    }
}
