//! `nixstart shell`: enters a dev shell of the flake around the current directory, or tells what there is.

use serde_json::json;

use super::{Session, build};
use crate::error::{Error, Result, did_you_mean};
use crate::host::nix::{self, Copies, FEATURES};
use crate::host::probe::flake::{self, Demands};
use crate::host::{dev_shells, exec, paths};
use crate::nix::dev_shells::{DevShell, is_name};
use crate::ui::style::Role;

/// Enter a dev shell, or run a command in it
///
/// The exit code is that of the shell or of the command. `--list` tells which shells there are and what is in them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The dev shell; `default` when left out
    name: Option<String>,
    /// Tell which dev shells there are and what is in them
    #[arg(long, conflicts_with_all = ["name", "pure", "command"])]
    list: bool,
    /// Print JSON
    #[arg(long, requires = "list")]
    json: bool,
    /// Hand on nothing of the environment but what hardly a program runs without
    #[arg(long)]
    pure: bool,
    /// A command that is run in the shell, behind `--`
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Variables that a pure shell gets although it should get nothing: without them no terminal works and no certificate is
/// found.
const KEPT: [&str; 11] =
    ["HOME", "USER", "LOGNAME", "TERM", "COLORTERM", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "NIX_SSL_CERT_FILE"];

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let here = paths::current_directory()?;
    let root = build::flake_around(&here)?;
    let program = nix::program()?;
    nix::refuse_to_copy_secrets(&root, Copies::KnownToGit)?;
    let demands = flake::demands(&root);
    dev_shells::refuse_unknown(&demands)?;
    if args.list {
        return list(session, &dev_shells::list(&program, &root, &|| true)?, args.json);
    }
    let name = args.name.as_deref().unwrap_or("default");
    refuse_odd_name(name)?;
    if args.name.is_some() && args.command.is_empty() {
        // Nix would speak of attributes of systems to a person.
        refuse_unknown_shell(name, &dev_shells::list(&program, &root, &|| true)?)?;
        session.ui.say(&format!("Entering the dev shell {}; `exit` leaves it", Role::Name.paint(name)));
    }
    Err(exec::replace(&here, program.as_str(), &words(args, name, &demands), program.parent()))
}

/// A name that is another attribute path, or another flake.
fn refuse_odd_name(name: &str) -> Result<()> {
    if is_name(name) {
        return Ok(());
    }
    Err(Error::usage(format!("`{name}` is no name of a dev shell"))
        .hint("`nixstart shell --list` names them; for another flake use `nix develop`"))
}

fn list(session: &mut Session, shells: &[DevShell], is_json: bool) -> Result<()> {
    if is_json {
        return session.print_json(&json!({ "schema": 1, "shells": shells }));
    }
    for shell in shells {
        let packages = if shell.packages.is_empty() { "nothing that is known".to_owned() } else { shell.packages.join(", ") };
        session.ui.data(&format!("{}\n", shell.name))?;
        session.ui.say_beside(&format!("  packages   {packages}"), LABEL);
        if !shell.processes.is_empty() {
            session.ui.say_beside(&format!("  processes  {}", shell.processes.join(", ")), LABEL);
        }
    }
    session.ui.hint(if shells.is_empty() {
        "this flake has no dev shells for this machine"
    } else {
        "enter one with `nixstart shell NAME`"
    });
    Ok(())
}

/// How many columns the words before a text take.
const LABEL: usize = 11;

fn refuse_unknown_shell(name: &str, known: &[DevShell]) -> Result<()> {
    let names: Vec<&str> = known.iter().map(|shell| shell.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    let all = || if names.is_empty() { "it has none at all".to_owned() } else { format!("there are {}", names.join(", ")) };
    let hint = did_you_mean(name, names.iter().copied()).unwrap_or_else(all);
    Err(Error::failed(format!("this flake has no dev shell `{name}` for {}", nix::system())).hint(hint))
}

/// What is handed to Nix.
fn words(args: &Args, name: &str, demands: &Demands) -> Vec<String> {
    let mut words = vec!["develop".to_owned()];
    words.extend(FEATURES.map(str::to_owned));
    words.push(format!(".#{name}"));
    if demands.is_impure {
        words.push("--impure".to_owned());
    }
    if args.pure {
        words.push("--ignore-environment".to_owned());
        words.extend(KEPT.iter().flat_map(|name| ["--keep".to_owned(), (*name).to_owned()]));
    }
    if !args.command.is_empty() {
        words.push("--command".to_owned());
        words.extend(args.command.iter().cloned());
    }
    words
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::error::ErrorKind;

    fn args(pure: bool, command: &[&str]) -> Args {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Args { name: None, list: false, json: false, pure, command }
    }

    #[test]
    fn a_shell_is_entered_as_the_flake_asks_for() {
        let impure = Demands { is_impure: true, ..Demands::default() };
        let words_of = |args: &Args, demands: &Demands| words(args, "dev-api", demands)[3..].to_vec();
        assert_eq!(words_of(&args(false, &["node", "-v"]), &impure), [".#dev-api", "--impure", "--command", "node", "-v"]);
        let pure = words_of(&args(true, &[]), &Demands::default());
        assert_eq!(pure[..4], [".#dev-api", "--ignore-environment", "--keep", "HOME"]);
    }

    #[test]
    fn a_name_cannot_be_another_flake() {
        assert!(refuse_odd_name("dev-web").is_ok());
        for name in ["", "a.b", "../x", "x#y", "--x"] {
            assert_eq!(refuse_odd_name(name).unwrap_err().kind(), ErrorKind::Usage, "{name}");
        }
    }
}
