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
    /// The variables of a `.env`.
    Secrets,
    /// A value that is typed.
    Value,
    /// A key that is typed: a new one, or one that is looked for.
    Name,
    /// A question of yes or no.
    Confirm,
    /// The list of keys.
    Help,
    /// A terminal in which nothing fits.
    TooSmall,
}

impl Context {
    /// Every context, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Review,
        Self::Changes,
        Self::Secrets,
        Self::Value,
        Self::Name,
        Self::Confirm,
        Self::Help,
        Self::TooSmall,
        Self::Anywhere,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Everywhere",
            Self::Review => "Review of a plan",
            Self::Changes => "Changes of a step",
            Self::Secrets => "Variables of a `.env`",
            Self::Value => "Value of a variable",
            Self::Name => "Name of a variable",
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
    /// Does something with a variable.
    Variable(VariableAction),
    /// Moves in a line that is typed, or takes out of it.
    Line(LineAction),
}

/// What is done with a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableAction {
    /// Types a value.
    Edit,
    /// Shows the value for a while.
    Reveal,
    /// Shows the end of the value for a while.
    Tail,
    /// Lets the value be made at random.
    Generate,
    /// Takes it out.
    Unset,
    /// Leaves it as it is in the file.
    Undo,
    /// Adds one.
    Add,
    /// Goes to one.
    Search,
    /// Takes what was typed.
    Accept,
}

/// What is done in a line that is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineAction {
    /// Left by a character.
    Left,
    /// Right by a character.
    Right,
    /// To the beginning.
    Start,
    /// To the end.
    End,
    /// Takes the character before the cursor out.
    Back,
    /// Takes the character at the cursor out.
    Delete,
    /// Takes the word before the cursor out.
    Word,
    /// Takes out everything before the cursor.
    ToStart,
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
    row(Context::Secrets, &["enter"], Action::Variable(VariableAction::Edit), "Type or paste a value", Some("edit")),
    row(Context::Secrets, &["s"], Action::Apply, "Save, after a look at what changes", Some("save")),
    row(Context::Secrets, &["q", "esc"], Action::Cancel, "Leave; unsaved changes are asked about", Some("leave")),
    row(Context::Secrets, &["?"], Action::Help, "Show the keys", Some("keys")),
    row(Context::Secrets, &["r"], Action::Variable(VariableAction::Reveal), "Show the value for ten seconds", Some("reveal")),
    row(
        Context::Secrets,
        &["g"],
        Action::Variable(VariableAction::Generate),
        "Make the value at random on saving",
        Some("generate"),
    ),
    row(Context::Secrets, &["x", "del"], Action::Variable(VariableAction::Unset), "Take the variable out", Some("unset")),
    row(
        Context::Secrets,
        &["u"],
        Action::Variable(VariableAction::Undo),
        "Leave the variable as it is in the file",
        Some("undo"),
    ),
    row(Context::Secrets, &["a"], Action::Variable(VariableAction::Add), "Add a variable", Some("add")),
    row(Context::Secrets, &["/"], Action::Variable(VariableAction::Search), "Go to a variable by its name", Some("search")),
    row(Context::Secrets, &["t"], Action::Variable(VariableAction::Tail), "Show the last four of a long value", None),
    row(Context::Secrets, &["c"], Action::Copy, "Copy the address where it is found", None),
    row(Context::Secrets, &["up", "k"], Action::Up, "Go to the variable above", None),
    row(Context::Secrets, &["down", "j"], Action::Down, "Go to the variable below", None),
    row(Context::Secrets, &["home"], Action::First, "Go to the first variable", None),
    row(Context::Secrets, &["end", "G"], Action::Last, "Go to the last variable", None),
    row(Context::Secrets, &["pgup"], Action::PageUp, "Scroll the help up", None),
    row(Context::Secrets, &["pgdn"], Action::PageDown, "Scroll the help down", None),
    row(
        Context::Value,
        &["enter"],
        Action::Variable(VariableAction::Accept),
        "Take the value; nothing is saved yet",
        Some("take"),
    ),
    row(Context::Value, &["esc"], Action::Cancel, "Go back; the old value stays", Some("back")),
    row(
        Context::Value,
        &["ctrl-r"],
        Action::Variable(VariableAction::Reveal),
        "Show what is typed for ten seconds",
        Some("reveal"),
    ),
    row(
        Context::Value,
        &["ctrl-g"],
        Action::Variable(VariableAction::Generate),
        "Make the value at random on saving",
        Some("generate"),
    ),
    row(Context::Value, &["ctrl-u"], Action::Line(LineAction::ToStart), "Empty the line before the cursor", Some("empty")),
    row(Context::Value, &["ctrl-w"], Action::Line(LineAction::Word), "Take out the word before the cursor", None),
    row(Context::Value, &["backspace"], Action::Line(LineAction::Back), "Take out the character before the cursor", None),
    row(Context::Value, &["ctrl-h"], Action::Line(LineAction::Back), "The same", None),
    row(Context::Value, &["del", "ctrl-d"], Action::Line(LineAction::Delete), "Take out the character at the cursor", None),
    row(Context::Value, &["left", "ctrl-b"], Action::Line(LineAction::Left), "Go left", None),
    row(Context::Value, &["right", "ctrl-f"], Action::Line(LineAction::Right), "Go right", None),
    row(Context::Value, &["home", "ctrl-a"], Action::Line(LineAction::Start), "Go to the beginning", None),
    row(Context::Value, &["end", "ctrl-e"], Action::Line(LineAction::End), "Go to the end", None),
    row(Context::Value, &["pgup"], Action::PageUp, "Scroll the help up", None),
    row(Context::Value, &["pgdn"], Action::PageDown, "Scroll the help down", None),
    row(Context::Name, &["enter"], Action::Variable(VariableAction::Accept), "Take the name", Some("take")),
    row(Context::Name, &["esc"], Action::Cancel, "Go back", Some("back")),
    row(Context::Name, &["ctrl-u"], Action::Line(LineAction::ToStart), "Empty the line before the cursor", Some("empty")),
    row(Context::Name, &["ctrl-w"], Action::Line(LineAction::Word), "Take out the word before the cursor", None),
    row(Context::Name, &["backspace"], Action::Line(LineAction::Back), "Take out the character before the cursor", None),
    row(Context::Name, &["ctrl-h"], Action::Line(LineAction::Back), "The same", None),
    row(Context::Name, &["del", "ctrl-d"], Action::Line(LineAction::Delete), "Take out the character at the cursor", None),
    row(Context::Name, &["left", "ctrl-b"], Action::Line(LineAction::Left), "Go left", None),
    row(Context::Name, &["right", "ctrl-f"], Action::Line(LineAction::Right), "Go right", None),
    row(Context::Name, &["home", "ctrl-a"], Action::Line(LineAction::Start), "Go to the beginning", None),
    row(Context::Name, &["end", "ctrl-e"], Action::Line(LineAction::End), "Go to the end", None),
    row(Context::Confirm, &["y"], Action::Yes, "Say yes", Some("yes")),
    row(Context::Confirm, &["n", "esc", "q"], Action::Cancel, "Say no and go back", Some("no")),
    row(Context::Confirm, &["up", "k"], Action::Up, "Scroll up by a line", None),
    row(Context::Confirm, &["down", "j"], Action::Down, "Scroll down by a line", None),
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
