//! What a person has set for all projects, in `config.toml` of the directory of settings: other keys, other colours. What is wrong
//! in it is named with its file and line, and with the nearest name that would be right.

use camino::{Utf8Path, Utf8PathBuf};
use ratatui::style::Color;
use toml_edit::{Document, Item, TableLike};

use crate::error::{Error, Result, did_you_mean};
use crate::host::paths;
use crate::tui::keymap::{self, Binding, Context, KEYMAP};
use crate::tui::theme::{self, Chosen};
use crate::ui::style::Role;

/// The name of the file.
pub const FILE: &str = "config.toml";

/// What was set.
#[derive(Debug, Default)]
pub struct Config {
    keys: Option<Vec<Binding>>,
    looks: Chosen,
}

/// What is wrong in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {what}")]
pub struct ConfigError {
    path: Utf8PathBuf,
    line: usize,
    what: String,
    hint: Option<String>,
}

/// Reads the settings of this user; there need not be any.
pub fn load() -> Result<Config> {
    let path = paths::config_directory()?.join(FILE);
    match fs_err::read_to_string(&path) {
        Ok(text) => Config::parse(&text, &path).map_err(|error| {
            let hint = error.hint.clone();
            Error::failed(error).maybe_hint(hint)
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(Error::failed(error)),
    }
}

impl Config {
    /// Lets the settings hold for every screen from now on.
    pub fn apply(self) {
        if let Some(rows) = self.keys {
            keymap::choose(rows);
        }
        theme::choose(self.looks);
    }

    /// Reads settings.
    pub fn parse(text: &str, path: &Utf8Path) -> Result<Self, ConfigError> {
        let reader = Reader { text, path };
        let document = Document::parse(text).map_err(|error| {
            reader.wrong(error.span().map(|span| span.start), error.message().lines().next().unwrap_or_default().to_owned())
        })?;
        let mut config = Self::default();
        for (name, item) in document.iter() {
            match name {
                "keys" => config.keys = Some(reader.keys(reader.table(name, item)?)?),
                "theme" => config.looks = reader.looks(reader.table(name, item)?)?,
                other => return Err(reader.unknown(item, ("table", other), ["keys", "theme"])),
            }
        }
        Ok(config)
    }
}

/// Reads, and knows where.
struct Reader<'a> {
    text: &'a str,
    path: &'a Utf8Path,
}

impl Reader<'_> {
    fn wrong(&self, place: Option<usize>, what: String) -> ConfigError {
        let before = self.text.get(..place.unwrap_or_default()).unwrap_or_default();
        ConfigError { path: self.path.to_owned(), line: before.matches('\n').count() + 1, what, hint: None }
    }

    fn unknown<'b>(&self, item: &Item, (kind, name): (&str, &str), known: impl IntoIterator<Item = &'b str>) -> ConfigError {
        let hint = did_you_mean(name, known);
        ConfigError { hint, ..self.wrong(item.span().map(|span| span.start), format!("there is no {kind} `{name}`")) }
    }

    fn table<'b>(&self, name: &str, item: &'b Item) -> Result<&'b dyn TableLike, ConfigError> {
        item.as_table_like().ok_or_else(|| self.wrong(item.span().map(|span| span.start), format!("`{name}` must be a table")))
    }

    /// The table of keys with those that are set: `context.action = ["key"]`.
    fn keys(&self, contexts: &dyn TableLike) -> Result<Vec<Binding>, ConfigError> {
        let mut rows = KEYMAP.to_vec();
        for (name, item) in contexts.iter() {
            let Some(context) = Context::ALL.into_iter().find(|context| context.name() == name) else {
                return Err(self.unknown(item, ("context", name), Context::ALL.map(Context::name)));
            };
            for (action, keys) in self.table(name, item)?.iter() {
                let named = |row: &Binding| row.context == context && row.action.name() == action;
                let Some(first) = rows.iter().position(named) else {
                    let known = rows.iter().filter(|row| row.context == context).map(|row| row.action.name());
                    return Err(self.unknown(keys, ("action", action), known));
                };
                let keys = self.key_names(action, keys)?;
                // What stands further below for the same action goes.
                let mut index = 0;
                rows.retain(|row| {
                    index += 1;
                    index - 1 == first || !named(row)
                });
                rows.iter_mut().filter(|row| named(row)).for_each(|row| row.keys = keys);
            }
        }
        self.refuse_doubles(&rows, contexts)?;
        Ok(rows)
    }

    /// The keys live as long as the program: there is one file, read once.
    fn key_names(&self, action: &str, item: &Item) -> Result<&'static [&'static str], ConfigError> {
        let place = item.span().map(|span| span.start);
        let wrong = || self.wrong(place, format!("`{action}` must be a list of keys, such as [\"x\", \"ctrl-x\"]"));
        let mut names: Vec<&'static str> = Vec::new();
        for value in item.as_array().ok_or_else(wrong)? {
            let name = value.as_str().ok_or_else(wrong)?;
            if !is_key(name) {
                let what = format!("there is no key `{name}`; keys are `x`, `X`, `space`, `enter`, `pgup`, `ctrl-x`, `alt-x`");
                return Err(self.wrong(value.span().map(|span| span.start), what));
            }
            names.push(name.to_owned().leak());
        }
        if names.is_empty() { Err(wrong()) } else { Ok(names.leak()) }
    }

    /// A key has one meaning in a context and all that is around it.
    fn refuse_doubles(&self, rows: &[Binding], contexts: &dyn TableLike) -> Result<(), ConfigError> {
        for context in Context::ALL {
            let around: Vec<Context> = std::iter::successors(Some(context), |context| context.around()).collect();
            let inside: Vec<&Binding> = rows.iter().filter(|row| around.contains(&row.context)).collect();
            for (index, row) in inside.iter().enumerate() {
                let others = inside.iter().skip(index + 1);
                let clash =
                    others.flat_map(|other| row.keys.iter().filter(|key| other.keys.contains(key)).map(move |key| (other, key)));
                let Some((other, key)) = clash.into_iter().next() else { continue };
                let place = contexts.get(context.name()).or_else(|| contexts.get(row.context.name()));
                let place = place.or_else(|| contexts.get(other.context.name())).and_then(Item::span).map(|span| span.start);
                let name = |row: &Binding| format!("{}.{}", row.context.name(), row.action.name());
                return Err(self.wrong(place, format!("the key `{key}` is for `{}` and for `{}`", name(row), name(other))));
            }
        }
        Ok(())
    }

    /// `role = "colour"`, and `symbols = "ascii"`.
    fn looks(&self, table: &dyn TableLike) -> Result<Chosen, ConfigError> {
        let mut looks = Chosen::default();
        for (name, item) in table.iter() {
            let place = item.span().map(|span| span.start);
            let value = item.as_str().ok_or_else(|| self.wrong(place, format!("`{name}` must be a text")))?;
            if name == "symbols" {
                looks.is_unicode = Some(match value {
                    "ascii" => false,
                    "unicode" => true,
                    other => return Err(self.unknown(item, ("set of symbols", other), ["ascii", "unicode"])),
                });
                continue;
            }
            let Some(role) = Role::ALL.into_iter().find(|role| role.name() == name) else {
                return Err(self.unknown(item, ("role", name), Role::ALL.map(Role::name).into_iter().chain(["symbols"])));
            };
            let color: Color = value.parse().map_err(|_no_more_is_known| {
                self.wrong(place, format!("there is no colour `{value}`; colours are `red`, `light-red`, `208`, `#ff8700`"))
            })?;
            looks.palette = looks.palette.with(role, color);
        }
        Ok(looks)
    }
}

/// Whether a key has this name.
fn is_key(name: &str) -> bool {
    let bare = name.strip_prefix("ctrl-").unwrap_or(name);
    let bare = bare.strip_prefix("alt-").unwrap_or(bare);
    let named = [
        "space",
        "enter",
        "esc",
        "tab",
        "backtab",
        "del",
        "backspace",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pgup",
        "pgdn",
    ];
    let mut characters = bare.chars();
    named.contains(&bare) || matches!((characters.next(), characters.next()), (Some(character), None) if !character.is_control())
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::tui::keymap::{Action, DashAction, LogsAction};

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Utf8Path::new("config.toml")).map_err(|error| match &error.hint {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        })
    }

    #[test]
    fn keys_and_colours_are_set() {
        let config = parse(
            "[keys]\ndash.leave = ['Q', 'ctrl-q']\n[keys.logs]\nsearch = ['ctrl-s']\n[theme]\nname = 'light-blue'\nsymbols = 'ascii'\n",
        );
        let config = config.unwrap();
        let rows = config.keys.unwrap();
        let keys = |action| rows.iter().find(|row| row.action == action).unwrap().keys;
        assert_eq!(keys(Action::Dash(DashAction::Leave)), ["Q", "ctrl-q"]);
        assert_eq!(keys(Action::Logs(LogsAction::Search)), ["ctrl-s"]);
        assert_eq!(rows.len(), KEYMAP.len());
        let palette = theme::Palette::default().with(Role::Name, Color::LightBlue);
        assert_eq!(config.looks, Chosen { palette, is_unicode: Some(false) });
        assert!(parse("").unwrap().keys.is_none());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_what_would_be_right() {
        let wrong = |text: &str| parse(text).unwrap_err();
        assert_eq!(wrong("[kees]\nx = 1"), "config.toml:1: there is no table `kees`; did you mean `keys`?");
        assert_eq!(wrong("[keys.log]\nx = ['y']"), "config.toml:1: there is no context `log`; did you mean `logs`?");
        assert_eq!(wrong("[keys.logs]\n\nfolow = ['y']"), "config.toml:3: there is no action `folow`; did you mean `follow`?");
        assert!(wrong("[keys.logs]\nfollow = 'y'").starts_with("config.toml:2: `follow` must be a list of keys"));
        assert!(wrong("[keys.logs]\nfollow = ['ctrl-']").starts_with("config.toml:2: there is no key `ctrl-`"));
        assert_eq!(wrong("[keys.logs]\nfollow = ['q']"), "config.toml:1: the key `q` is for `dash.leave` and for `logs.follow`");
        assert_eq!(wrong("[theme]\nnane = 'red'"), "config.toml:2: there is no role `nane`; did you mean `name`?");
        assert!(wrong("[theme]\nname = 'rot'").starts_with("config.toml:2: there is no colour `rot`"));
        assert_eq!(wrong("[theme]\nsymbols = 'asci'"), "config.toml:2: there is no set of symbols `asci`; did you mean `ascii`?");
        assert!(wrong("[theme]\nname = ").starts_with("config.toml:2: "));
    }
}
