//! Where keys have their meaning.

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
    /// Every screen of the dashboard.
    Dash,
    /// What runs, what is broken, what to do next.
    Overview,
    /// The processes.
    Processes,
    /// What they say.
    Logs,
    /// What can be built.
    Builds,
    /// A build.
    Build,
    /// What is to be built, while it is typed.
    Installable,
    /// What is sought or has to be in a line, while it is typed.
    Seek,
    /// A choice.
    Menu,
    /// A line of a log as a whole.
    Whole,
    /// Every action by its words.
    Palette,
    /// The dev shells of the project and how direnv stands.
    Shells,
    /// What checks found.
    Health,
    /// The variables of a `.env`, on the dashboard.
    Variables,
}

impl Context {
    /// Every context, in the order of the documentation.
    pub const ALL: [Self; 23] = [
        Self::Dash,
        Self::Overview,
        Self::Processes,
        Self::Logs,
        Self::Shells,
        Self::Variables,
        Self::Health,
        Self::Builds,
        Self::Build,
        Self::Installable,
        Self::Seek,
        Self::Whole,
        Self::Menu,
        Self::Palette,
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
            Self::Dash => "Every screen of the dashboard",
            Self::Overview => "Overview",
            Self::Processes => "Processes",
            Self::Logs => "Logs",
            Self::Builds => "Builds",
            Self::Build => "One build",
            Self::Installable => "Installable that is typed",
            Self::Seek => "Search or filter that is typed",
            Self::Menu => "Choice",
            Self::Whole => "Whole line of a log",
            Self::Palette => "Palette of actions",
            Self::Shells => "Shells",
            Self::Health => "Health",
            Self::Variables => "Secrets of the dashboard, beside the keys for variables",
        }
    }

    /// Its name in the file of settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Review => "review",
            Self::Changes => "changes",
            Self::Secrets => "secrets",
            Self::Value => "value",
            Self::Name => "name",
            Self::Confirm => "confirm",
            Self::Help => "help",
            Self::TooSmall => "too-small",
            Self::Dash => "dash",
            Self::Overview => "overview",
            Self::Processes => "processes",
            Self::Logs => "logs",
            Self::Builds => "builds",
            Self::Build => "build",
            Self::Installable => "installable",
            Self::Seek => "seek",
            Self::Menu => "menu",
            Self::Whole => "whole",
            Self::Palette => "palette",
            Self::Shells => "shells",
            Self::Health => "health",
            Self::Variables => "variables",
        }
    }

    /// Where its keys are sought when it does not have them.
    pub const fn around(self) -> Option<Self> {
        match self {
            Self::Overview | Self::Processes | Self::Logs | Self::Shells | Self::Health | Self::Builds | Self::Build => {
                Some(Self::Dash)
            }
            Self::Variables => Some(Self::Secrets),
            Self::Anywhere => None,
            Self::Review
            | Self::Changes
            | Self::Secrets
            | Self::Value
            | Self::Name
            | Self::Confirm
            | Self::Help
            | Self::TooSmall
            | Self::Dash
            | Self::Seek
            | Self::Installable
            | Self::Menu
            | Self::Whole
            | Self::Palette => Some(Self::Anywhere),
        }
    }
}
