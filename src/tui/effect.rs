//! What an update wants done. Updates themselves touch nothing.

/// Something to be done outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Gives a text to the clipboard of the terminal.
    Copy(String),
    /// Draws everything anew.
    Redraw,
    /// Stops the process until the shell lets it go on.
    Suspend,
    /// Ends the conversation.
    End(Ending),
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With a yes.
    Accepted,
    /// With a no.
    Cancelled,
    /// With Ctrl-C.
    Interrupted,
    /// The terminal is gone.
    Lost,
}

/// What a screen or a modal answers to an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Something is done.
    Do(Effect),
    /// Something is said in passing.
    Say(String),
    /// A modal opens.
    Open(super::modal::Modal),
    /// The modal on top closes.
    Close,
}
