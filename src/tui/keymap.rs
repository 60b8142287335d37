//! The one table of keys. Dispatch, footer, help and `docs/keys.md` all read it.

use super::msg::Key;

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Everywhere.
    Anywhere,
    /// The review of a plan.
    Review,
    /// The changes of one step, over the whole screen.
    Changes,
    /// A question of yes or no.
    Confirm,
    /// The list of keys.
    Help,
    /// A terminal in which nothing fits.
    TooSmall,
}

impl Context {
    /// Every context, in the order of the documentation.
    pub const ALL: [Self; 6] = [Self::Review, Self::Changes, Self::Confirm, Self::Help, Self::TooSmall, Self::Anywhere];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Everywhere",
            Self::Review => "Review of a plan",
            Self::Changes => "Changes of a step",
            Self::Confirm => "Question",
            Self::Help => "List of keys",
            Self::TooSmall => "Terminal that is too small",
        }
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Up by one.
    Up,
    /// Down by one.
    Down,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// Up by a page.
    PageUp,
    /// Down by a page.
    PageDown,
    /// Switches on or off.
    Toggle,
    /// Shows why and how.
    Explain,
    /// Shows what changes.
    Changes,
    /// Copies.
    Copy,
    /// Applies.
    Apply,
    /// Says yes.
    Yes,
    /// Goes back or says no.
    Cancel,
    /// Shows the keys.
    Help,
    /// Draws anew.
    Redraw,
    /// Goes to the shell for a while.
    Suspend,
    /// Stops the program.
    Interrupt,
}

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

/// The table. What comes first in a context stays longest in a narrow footer.
pub const KEYMAP: &[Binding] = &[
    row(Context::Review, &["a", "enter"], Action::Apply, "Apply what is on, after a last question", Some("apply")),
    row(Context::Review, &["q", "esc"], Action::Cancel, "Leave without changing anything", Some("cancel")),
    row(Context::Review, &["?"], Action::Help, "Show the keys", Some("keys")),
    row(Context::Review, &["space"], Action::Toggle, "Switch the step on or off", Some("on/off")),
    row(Context::Review, &["d"], Action::Changes, "Show the whole change or command", Some("changes")),
    row(Context::Review, &["c"], Action::Copy, "Copy the commands of the step", Some("copy")),
    row(Context::Review, &["e"], Action::Explain, "Go to the top of the explanation", None),
    row(Context::Review, &["up", "k"], Action::Up, "Go to the step above", None),
    row(Context::Review, &["down", "j"], Action::Down, "Go to the step below", None),
    row(Context::Review, &["home", "g"], Action::First, "Go to the first step", None),
    row(Context::Review, &["end", "G"], Action::Last, "Go to the last row", None),
    row(Context::Review, &["pgup"], Action::PageUp, "Scroll the explanation up", None),
    row(Context::Review, &["pgdn"], Action::PageDown, "Scroll the explanation down", None),
    row(Context::Changes, &["esc", "q", "d", "e"], Action::Cancel, "Go back to the steps", Some("back")),
    row(Context::Changes, &["?"], Action::Help, "Show the keys", Some("keys")),
    row(Context::Changes, &["c"], Action::Copy, "Copy the commands of the step", Some("copy")),
    row(Context::Changes, &["up", "k"], Action::Up, "Scroll up by a line", None),
    row(Context::Changes, &["down", "j"], Action::Down, "Scroll down by a line", Some("scroll")),
    row(Context::Changes, &["pgup"], Action::PageUp, "Scroll up by a page", None),
    row(Context::Changes, &["pgdn", "space"], Action::PageDown, "Scroll down by a page", Some("page")),
    row(Context::Changes, &["home", "g"], Action::First, "Go to the beginning", None),
    row(Context::Changes, &["end", "G"], Action::Last, "Go to the end", None),
    row(Context::Confirm, &["y"], Action::Yes, "Say yes", Some("yes")),
    row(Context::Confirm, &["n", "esc", "q"], Action::Cancel, "Say no and go back", Some("no")),
    row(Context::Help, &["esc", "q", "?", "enter"], Action::Cancel, "Go back", Some("back")),
    row(Context::Help, &["up", "k"], Action::Up, "Scroll up by a line", None),
    row(Context::Help, &["down", "j"], Action::Down, "Scroll down by a line", Some("scroll")),
    row(Context::TooSmall, &["q", "esc"], Action::Cancel, "Leave without changing anything", Some("cancel")),
    row(Context::Anywhere, &["ctrl-c"], Action::Interrupt, "Stop; nothing is changed", None),
    row(Context::Anywhere, &["ctrl-z"], Action::Suspend, "Go to the shell; `fg` comes back", None),
    row(Context::Anywhere, &["ctrl-l"], Action::Redraw, "Draw the screen anew", None),
];

/// The rows of a context, without those that hold everywhere.
pub fn of(context: Context) -> impl Iterator<Item = &'static Binding> {
    KEYMAP.iter().filter(move |binding| binding.context == context)
}

/// What a key does in a context.
pub fn find(context: Context, key: &Key) -> Option<Action> {
    let bound = of(context).chain(of(Context::Anywhere)).find(|binding| binding.keys.contains(&key.name()));
    bound.map(|binding| binding.action)
}

/// The first key of an action, for texts that name it.
pub fn key(context: Context, action: Action) -> &'static str {
    let bound = of(context).find(|binding| binding.action == action);
    bound.and_then(|binding| binding.keys.first()).copied().unwrap_or_default()
}

/// The table as Markdown.
pub fn markdown() -> String {
    let mut text =
        "# Keys\n\nGenerated from the table that the program itself reads; `?` shows the keys of a screen.\n".to_owned();
    for context in Context::ALL {
        text += &format!("\n## {}\n\n| keys | what they do |\n| --- | --- |\n", context.title());
        for binding in of(context) {
            let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
            text += &format!("| {} | {} |\n", keys.join(" "), binding.help);
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
            let elsewhere = if context == Context::Anywhere { None } else { Some(Context::Anywhere) };
            let mut keys: Vec<&str> =
                of(context).chain(elsewhere.into_iter().flat_map(of)).flat_map(|row| row.keys).copied().collect();
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
