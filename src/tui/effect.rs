//! What an update wants done. Updates themselves touch nothing.

use super::build_order::BuildOrder;
use super::desk::{Errand, Order};
use super::keymap::Action;
use super::modal::menu::Choice;
use super::reading::Reading;
use crate::process;
use crate::ui::screen::Mouse;

/// Something to be done outside the model. What takes time is done by somebody else, who sends a message back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Asks something of processes; of all when none is named.
    Act(process::Action, Vec<String>),
    /// Reads what processes have said.
    Read(Box<Reading>),
    /// Asks something of whoever builds.
    Build(Box<BuildOrder>),
    /// Asks for something about the project.
    Order(Order),
    /// Gives the terminal away for something that needs it to itself.
    Visit(Errand),
    /// Saves the variables that were changed; the terminal is given away meanwhile.
    Save,
    /// Gives the mouse away, or takes it.
    Mouse(Mouse),
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
    /// The same is done as by a key of this action.
    Perform(Action),
    /// The screen is told what was chosen.
    Chosen(Choice),
}
