//! `nixstart explain`: an error of Nix, direnv, pnpm, skopeo and the like, pasted: what it means and what mends it.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::Session;
use crate::doctor::Check;
use crate::doctor::explain::{Explanation, explain};
use crate::error::{Error, ErrorKind, Result};
use crate::ui::Ui;
use crate::ui::style::Role;

/// An error message is short; more than this is a whole log, and its end is what matters.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Explain an error of Nix, direnv, pnpm, skopeo and others
///
/// Exit code 3 says that nothing known was found.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file that holds the error; standard input when left out or `-`
    file: Option<Utf8PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let text = read(&mut session.ui, args.file.as_deref().filter(|file| *file != "-"))?;
    let found = explain(&text);
    if args.json {
        session.print_json(&json!({ "schema": 1, "explanations": found.iter().map(to_json).collect::<Vec<_>>() }))?;
    } else {
        for explanation in &found {
            show(&mut session.ui, explanation);
        }
    }
    if found.is_empty() {
        return Err(Error::new(ErrorKind::Findings, "no error that nixstart knows is in it")
            .hint("`nixstart doctor` looks at the machine and the project themselves"));
    }
    Ok(())
}

fn read(ui: &mut Ui, file: Option<&Utf8Path>) -> Result<String> {
    let bytes = if let Some(file) = file {
        fs_err::read(file)?
    } else {
        if Ui::is_interactive() {
            ui.question("Paste the error; Ctrl-D on a line of its own ends it");
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    };
    let end = bytes.get(bytes.len().saturating_sub(MOST_BYTES)..).unwrap_or_default();
    Ok(String::from_utf8_lossy(end).into_owned())
}

/// How many columns the words before a text take.
const LABEL: usize = 9;

fn show(ui: &mut Ui, explanation: &Explanation) {
    let Explanation { check, cause, fix, note, is_certain, line, text } = explanation;
    ui.say("");
    ui.say(&format!("{} (line {line})", Role::Name.paint(check)));
    ui.say_beside(&format!("  you see  {}", Role::Quiet.paint(text)), LABEL);
    ui.say_beside(&format!("  because  {cause}{}", if *is_certain { "" } else { " (probably)" }), LABEL);
    ui.say_beside(&format!("  fix      {fix}"), LABEL);
    if let Some(note) = note {
        ui.say_beside(&format!("  note     {note}"), LABEL);
    }
    if Check::find(check).is_some() {
        ui.say(&format!("  look     {}", Role::Command.paint(&format!("nixstart doctor --check {check}"))));
    }
}

fn to_json(explanation: &Explanation) -> serde_json::Value {
    let Explanation { check, cause, fix, note, is_certain, line, text } = explanation;
    json!({ "check": check, "line": line, "text": text, "cause": cause, "fix": fix, "note": note, "certain": is_certain })
}
