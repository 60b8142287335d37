//! The one table of keys. Dispatch, footer, help, palette and `docs/keys.md` all read it, and so does the file of settings, which may
//! give an action other keys.

mod action;
mod context;
mod table;

use std::sync::OnceLock;

use super::msg::Key;
pub use action::{Action, BuildAction, DashAction, LineAction, LogsAction, ProcessAction, ProjectAction, VariableAction};
pub use context::Context;
pub use table::KEYMAP;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The keys by name; the first one is shown in the footer.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// The same in words, in the imperative.
    pub help: &'static str,
    /// The word in the footer; `None` when it is not there.
    pub bar: Option<&'static str>,
}

const fn row(
    context: Context,
    keys: &'static [&'static str],
    action: Action,
    help: &'static str,
    bar: Option<&'static str>,
) -> Binding {
    Binding { context, keys, action, help, bar }
}

/// The table with what the settings of this user say; it is decided once, before the first screen.
static CHOSEN: OnceLock<Vec<Binding>> = OnceLock::new();

/// Lets a table hold that was made of [`KEYMAP`] and settings.
pub fn choose(rows: Vec<Binding>) {
    let _first_wins = CHOSEN.set(rows);
}

/// The rows that hold.
pub fn rows() -> &'static [Binding] {
    CHOSEN.get().map_or(KEYMAP, Vec::as_slice)
}

/// The rows of a context, without those that hold around it.
pub fn of(context: Context) -> impl Iterator<Item = &'static Binding> {
    rows().iter().filter(move |binding| binding.context == context)
}

/// The rows of a context and of all that is around it.
pub fn all_of(context: Context) -> impl Iterator<Item = &'static Binding> {
    std::iter::successors(Some(context), |context| context.around()).flat_map(of)
}

/// What a key does in a context.
pub fn find(context: Context, key: &Key) -> Option<Action> {
    all_of(context).find(|binding| binding.keys.contains(&key.name())).map(|binding| binding.action)
}

/// The first key of an action, for texts that name it.
pub fn key(context: Context, action: Action) -> &'static str {
    let bound = all_of(context).find(|binding| binding.action == action);
    bound.and_then(|binding| binding.keys.first()).copied().unwrap_or_default()
}

/// The table as Markdown.
pub fn markdown() -> String {
    let mut text =
        "# Keys\n\nGenerated from the table that the program itself reads; `?` shows the keys of a screen. Other keys can be given in\n`config.toml`, by the name of the context and of the action; see [dashboard](dashboard.md).\n".to_owned();
    for context in Context::ALL {
        text += &format!(
            "\n## {}\n\n`{}` in `config.toml`.\n\n| keys | what they do | action |\n| --- | --- | --- |\n",
            context.title(),
            context.name()
        );
        for binding in KEYMAP.iter().filter(|binding| binding.context == context) {
            let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
            text += &format!("| {} | {} | `{}` |\n", keys.join(" "), binding.help, binding.action.name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_meaning_in_a_context() {
        for context in Context::ALL {
            let mut keys: Vec<&str> = all_of(context).flat_map(|row| row.keys).copied().collect();
            let all = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all, "{context:?}");
        }
    }

    #[test]
    fn every_row_is_in_a_context_that_is_documented_and_has_a_key() {
        assert!(KEYMAP.iter().all(|row| Context::ALL.contains(&row.context) && !row.keys.is_empty() && !row.help.is_empty()));
        assert_eq!(KEYMAP.iter().filter(|row| markdown().contains(row.help)).count(), KEYMAP.len());
    }
}
