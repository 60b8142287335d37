//! nix-portable: Nix as one file, with its store in the user's directory. It behaves as the program whose name it has.

use super::download::{self, Place};
use super::installer::Kind;
use super::{Choices, Setup, SetupError, path};
use crate::facts::Facts;

/// Adds the steps that bring it.
pub(super) fn add(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let directory = choices.programs.join("nix-portable");
    let place = Place { directory: &directory, name: Some("nix") };
    download::add(Kind::NixPortable, facts, choices, place, setup)?;
    setup
        .plan
        .notes
        .push("this Nix keeps its store in ~/.nix-portable, which stays when it is taken back; direnv cannot use it".to_owned());
    path::add(&path::Entry::Directory(directory), facts, setup);
    Ok(())
}
