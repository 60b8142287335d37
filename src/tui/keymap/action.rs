//! What keys do.

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
    /// Does something with the dashboard.
    Dash(DashAction),
    /// Does something with processes.
    Process(ProcessAction),
    /// Does something with logs.
    Logs(LogsAction),
    /// Does something with the project.
    Project(ProjectAction),
    /// Does something with builds.
    Build(BuildAction),
}

impl Action {
    /// Whether it is about what a screen shows; others move in it, or are the same everywhere.
    pub const fn belongs_to_a_screen(self) -> bool {
        let is_about_the_selected = matches!(self, Self::Explain | Self::Changes | Self::Copy | Self::Apply);
        let is_of_a_screen = matches!(self, Self::Process(_) | Self::Logs(_) | Self::Project(_) | Self::Build(_));
        is_about_the_selected || is_of_a_screen || matches!(self, Self::Variable(_))
    }
}

/// What is done with builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildAction {
    /// Builds what is chosen.
    Start,
    /// Builds the same again.
    Again,
    /// Stops the build.
    Stop,
    /// Types what is to be built.
    Type,
    /// Takes what was typed.
    Accept,
    /// Asks Nix anew what there is.
    List,
    /// Goes to the present or last build.
    Show,
    /// Shows a tree, or a list.
    Shape,
    /// Shows the log of a derivation.
    Log,
    /// Shows everything that is known: why it failed, why it was built anew, what it has made.
    Facts,
}

/// What is done with the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectAction {
    /// Looks anew: evaluates, checks, reads.
    Refresh,
    /// Lets direnv load an `.envrc`, after a look at it.
    Allow,
    /// Keeps direnv from loading it.
    Deny,
    /// Mends what was found.
    Fix,
    /// Shows what holds, too.
    All,
    /// Chooses an app.
    App,
}

/// What is done with the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DashAction {
    /// Goes to a screen by its number, from 1 on.
    Tab(u8),
    /// Goes to the next screen.
    Next,
    /// Goes to the screen before.
    Previous,
    /// Seeks an action by its words.
    Palette,
    /// Gives the mouse to the terminal, or takes it back.
    Mouse,
    /// Starts everything.
    StartAll,
    /// Stops everything.
    StopAll,
    /// Leaves.
    Leave,
}

/// What is done with processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessAction {
    /// Starts them.
    Start,
    /// Stops them.
    Stop,
    /// Restarts them.
    Restart,
    /// Sends them a signal, after a choice.
    Signal,
    /// Shows what they say.
    Logs,
}

/// What is done with logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogsAction {
    /// Stays at the newest line, or does not.
    Follow,
    /// Seeks a text.
    Search,
    /// Seeks by an expression, or by a text as it is.
    Regex,
    /// Goes to the next match.
    Next,
    /// Goes to the match before.
    Previous,
    /// Shows nothing but matches, or everything.
    OnlyMatches,
    /// Shows nothing but standard error, or both.
    OnlyErrors,
    /// Shows nothing but lines with certain fields.
    Fields,
    /// Tells lines of JSON in words, or shows them as they are.
    Pretty,
    /// Breaks long lines, or does not.
    Wrap,
    /// Shows times, or does not.
    Times,
    /// Goes to the first error.
    FirstError,
    /// Goes to the next error.
    NextError,
    /// Marks the line, or takes the mark away.
    Mark,
    /// Goes to the next mark.
    NextMark,
    /// Begins a selection, or ends it.
    Select,
    /// Copies the newest error.
    CopyError,
    /// Chooses whose lines are shown.
    Choose,
    /// Shows the line as a whole.
    Whole,
    /// Scrolls to the left.
    Left,
    /// Scrolls to the right.
    Right,
    /// Scrolls to the beginning of lines.
    Start,
    /// Takes what was typed.
    Accept,
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

impl Action {
    /// Its name in the file of settings; one name has one meaning in a context.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::First => "first",
            Self::Last => "last",
            Self::PageUp => "page-up",
            Self::PageDown => "page-down",
            Self::Toggle => "toggle",
            Self::Explain => "explain",
            Self::Changes => "changes",
            Self::Copy => "copy",
            Self::Apply => "apply",
            Self::Yes => "yes",
            Self::Cancel => "cancel",
            Self::Help => "help",
            Self::Redraw => "redraw",
            Self::Suspend => "suspend",
            Self::Interrupt => "interrupt",
            Self::Variable(action) => action.name(),
            Self::Line(action) => action.name(),
            Self::Process(action) => action.name(),
            Self::Logs(action) => action.name(),
            Self::Build(action) => action.name(),
            Self::Project(action) => action.name(),
            Self::Dash(action) => action.name(),
        }
    }
}

impl DashAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Tab(1) => "screen-1",
            Self::Tab(2) => "screen-2",
            Self::Tab(3) => "screen-3",
            Self::Tab(4) => "screen-4",
            Self::Tab(5) => "screen-5",
            Self::Tab(6) => "screen-6",
            Self::Tab(7) => "screen-7",
            Self::Tab(_) => "screen",
            Self::Next => "next-screen",
            Self::Previous => "previous-screen",
            Self::Palette => "palette",
            Self::Mouse => "mouse",
            Self::StartAll => "start-all",
            Self::StopAll => "stop-all",
            Self::Leave => "leave",
        }
    }
}

impl ProjectAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Fix => "fix",
            Self::All => "all",
            Self::App => "app",
        }
    }
}

impl BuildAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "build",
            Self::Again => "again",
            Self::Stop => "stop",
            Self::Type => "type",
            Self::Accept => "accept",
            Self::List => "list",
            Self::Show => "show",
            Self::Shape => "shape",
            Self::Log => "log",
            Self::Facts => "facts",
        }
    }
}

impl VariableAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Reveal => "reveal",
            Self::Tail => "tail",
            Self::Generate => "generate",
            Self::Unset => "unset",
            Self::Undo => "undo",
            Self::Add => "add",
            Self::Search => "search",
            Self::Accept => "accept",
        }
    }
}

impl LineAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Start => "line-start",
            Self::End => "line-end",
            Self::Back => "back",
            Self::Delete => "delete",
            Self::Word => "delete-word",
            Self::ToStart => "delete-to-start",
        }
    }
}

impl ProcessAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Signal => "signal",
            Self::Logs => "logs",
        }
    }
}

impl LogsAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Search => "search",
            Self::Regex => "regex",
            Self::Next => "next",
            Self::Previous => "previous",
            Self::OnlyMatches => "only-matches",
            Self::OnlyErrors => "only-stderr",
            Self::Fields => "fields",
            Self::Pretty => "pretty",
            Self::Wrap => "wrap",
            Self::Times => "times",
            Self::FirstError => "first-error",
            Self::NextError => "next-error",
            Self::Mark => "mark",
            Self::NextMark => "next-mark",
            Self::Select => "select",
            Self::CopyError => "copy-error",
            Self::Choose => "choose",
            Self::Whole => "whole",
            Self::Left => "left",
            Self::Right => "right",
            Self::Start => "start",
            Self::Accept => "accept",
        }
    }
}
