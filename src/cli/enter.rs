//! Enters the dev shell of a project: this process is replaced by it, so that what comes next is the person's own session.

use camino::Utf8Path;

use super::Session;
use crate::error::{Error, Result};
use crate::host::exec;
use crate::host::nix::FEATURES;
use crate::host::paths;
use crate::host::probe::{self, Reach, Vantage};
use crate::setup::distro::USERS;
use crate::template::escape;
use crate::ui::style::Role;

/// A shell that can be entered.
pub(super) struct Shell<'a> {
    /// The project, as an absolute path.
    pub(super) project: &'a Utf8Path,
    /// What its template adds to `nix develop`.
    pub(super) arguments: &'a [String],
}

/// Enters a shell on a machine that was just set up; returns only when that cannot be done.
pub(super) fn enter(session: &mut Session, shell: &Shell<'_>) -> Result<()> {
    let vantage = Vantage::here(Reach { network: false, deep: false })?;
    let facts = probe::gather(&vantage).facts;
    let project = paths::shown_from(session.shell_directory.as_deref(), shell.project);
    let typed = std::iter::once("nix develop".to_owned()).chain(shell.arguments.iter().map(|word| escape::sh(word)));
    let typed = typed.collect::<Vec<_>>().join(" ");
    let Some(nix) = facts.nix.program() else {
        return Err(Error::failed("Nix is not where its installers put it")
            .hint(format!("open a new shell, then: cd {} && {typed}", escape::sh(&project))));
    };
    let ui = &mut session.ui;
    ui.say("");
    ui.say(&format!("Entering the project's shell: {} in `{project}`.", Role::Command.paint(&format!("`{typed}`"))));
    ui.say("What it needs and is not there yet is downloaded first. Type `exit` to leave it.");
    ui.say("If it does not open, `nixstart doctor` says why; the same command enters it later.");
    ui.say("");
    let is_new_in_group = facts.system.privilege.known().is_some_and(|privilege| privilege.joined_since_login(USERS));
    let words = command(nix, shell.arguments, is_new_in_group);
    let (program, arguments) = words.split_first().map_or(("nix", &[][..]), |(program, rest)| (program.as_str(), rest));
    Err(exec::replace(shell.project, program, arguments, nix.parent()))
}

fn command(nix: &Utf8Path, arguments: &[String], is_through_group: bool) -> Vec<String> {
    let nix = std::iter::once(nix.to_string());
    let words: Vec<String> =
        nix.chain(std::iter::once("develop").chain(FEATURES).map(str::to_owned)).chain(arguments.iter().cloned()).collect();
    if !is_through_group {
        return words;
    }
    let line = words.iter().map(|word| escape::sh(word)).collect::<Vec<_>>().join(" ");
    vec!["sg".to_owned(), USERS.to_owned(), "-c".to_owned(), format!("exec {line}")]
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn a_group_that_was_just_joined_is_entered_by_sg() {
        let nix = Utf8Path::new("/nix/var/nix/profiles/default/bin/nix");
        let arguments = ["--impure".to_owned()];
        assert_eq!(
            command(nix, &arguments, false),
            [nix.as_str(), "develop", "--extra-experimental-features", "nix-command flakes", "--impure"]
        );
        assert_eq!(
            command(nix, &arguments, true),
            [
                "sg",
                "nix-users",
                "-c",
                "exec /nix/var/nix/profiles/default/bin/nix develop --extra-experimental-features 'nix-command flakes' --impure"
            ]
        );
    }
}
