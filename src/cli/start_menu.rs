//! Bare `nixstart`: on a terminal the dashboard inside a project and a short menu outside one, help anywhere else.

use super::processes::Project;
use super::{Session, dash, doctor, help, new, setup, template};
use crate::ask::Asked;
use crate::error::Result;
use crate::question::{Answer, Choice, Question};
use crate::ui::Ui;

pub(super) fn run(session: &mut Session) -> Result<()> {
    if !session.ask.is_interactive() {
        session.ui.data(&super::command().render_help().to_string())?;
        return Ok(());
    }
    if Ui::has_whole_terminal() && Project::around_here().is_ok() {
        return dash::run(&dash::Args::default(), session);
    }
    let question = menu();
    let default = Answer::Text("new".to_owned());
    let asked = Asked { question: &question, default: Some(&default), flag: "nixstart new" };
    let Answer::Text(choice) = session.ask.ask(&mut session.ui, asked)? else { return Ok(()) };
    match choice.as_str() {
        "new" => new::run(new::Args::default(), session),
        "templates" => template::list(session),
        "setup" => setup::run(&setup::Args::default(), session),
        "doctor" => doctor::run(doctor::Args::default(), session),
        _ => help::run(help::Args::default(), session),
    }
}

fn menu() -> Question {
    let choice =
        |value: &str, label: &str, help: &str| Choice { value: value.into(), label: Some(label.into()), help: Some(help.into()) };
    Question::select(
        "start",
        "What would you like to do?",
        vec![
            choice("new", "New project", "from a template, ready to run"),
            choice("templates", "Templates", "what there is to start from"),
            choice("setup", "Set up this machine", "Nix, direnv and their settings, by a plan you see first"),
            choice("doctor", "Check this machine", "what stops a Nix project from working, and what mends it"),
            choice("help", "Help", "all commands"),
        ],
    )
}
