//! What is said of a command line that cannot be understood. A secret that was typed there is not repeated: the terminal's
//! scrollback and logs of CI keep what is printed, and whoever typed it knows it.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind as Mistake};

use crate::error::ErrorKind;
use crate::ui::Ui;

/// What stands for a word of the command line.
const NOT_SHOWN: &str = "…";

/// Prints what clap has to say: help and version are data, everything else a mistake on the command line.
pub(super) fn explain(mut error: clap::Error, args: &[OsString]) -> u8 {
    if !error.use_stderr() {
        let _closed = error.print();
        return 0;
    }
    if args.iter().any(|arg| arg == "env") {
        hide_words(&mut error);
    }
    Ui::mistake(&error.render().ansi().to_string());
    ErrorKind::Usage.exit_code()
}

/// Takes out what was typed where nothing, or something else, was expected. Names of our own flags and values stay.
fn hide_words(error: &mut clap::Error) {
    let mut kinds = vec![ContextKind::InvalidValue, ContextKind::InvalidSubcommand];
    if error.kind() == Mistake::UnknownArgument {
        kinds.push(ContextKind::InvalidArg);
    }
    for kind in kinds {
        let is_said = matches!(error.get(kind), Some(ContextValue::String(word)) if !word.is_empty());
        if is_said {
            error.insert(kind, ContextValue::String(NOT_SHOWN.to_owned()));
        }
    }
    // A whole sentence that repeats the word.
    error.remove(ContextKind::Suggested);
}
