//! What to type next: offered to be run, or printed at the end.

use serde_json::{Map, Value, json};

use super::Collected;
use crate::cli::{Session, carry_out};
use crate::error::{Error, Result};
use crate::host::facts::{self, Tools};
use crate::host::paths;
use crate::plan::{Action, SecretEntry, SecretSource};
use crate::project::Site;
use crate::project::create::{Creation, ProgramRun};
use crate::template::check::HOST_TOOLS;
use crate::template::command_line::{self, CommandError};
use crate::template::manifest::NextStep;
use crate::template::render::{Context, Renderer};
use crate::template::scaffold::Scaffold;
use crate::template::{Template, escape};
use crate::ui::Ui;
use crate::ui::style::Role;

/// The next steps that nixstart may run itself, if a person wants that and the program is there.
pub(super) fn offered_runs(
    session: &mut Session,
    template: &Template,
    scaffold: &Scaffold,
    tools: &Tools,
) -> Result<Vec<ProgramRun>> {
    let mut runs = Vec::new();
    if !session.ask.is_interactive() {
        return Ok(runs);
    }
    let context = next_step_context(scaffold, tools, false);
    for step in &template.manifest.next_steps {
        let Some(offer) = &step.offer else { continue };
        let Some(command) = rendered_step(step, &context)? else { continue };
        let words = command_line::words(&command).map_err(|error| cannot_run(&command, &error))?;
        let Some((program, arguments)) = words.split_first().filter(|(program, _)| facts::find(program).is_some()) else {
            continue;
        };
        if !carry_out::confirm(
            session,
            &format!("Run `{command}` when the files are there? It {}", step.about),
            false,
            "(a terminal)",
        )? {
            continue;
        }
        runs.push(ProgramRun {
            program: program.clone(),
            arguments: arguments.to_vec(),
            about: format!("It {}.", step.about),
            produces: offer.produces.clone(),
        });
    }
    Ok(runs)
}

fn cannot_run(command: &str, error: &CommandError) -> Error {
    Error::failed(format!("the template offers to run `{command}`, which cannot be run: {error}"))
        .hint("`nixstart template check PATH` looks at every command of a template")
}

fn next_step_context(scaffold: &Scaffold, tools: &Tools, is_missing_secrets: bool) -> Context {
    scaffold.context.clone().with("host", tools.to_value()).with("secrets", json!({ "missing": is_missing_secrets }))
}

/// What the template adds to `nix develop` where it says how its environment is entered; `None` when it says nothing of it.
pub(super) fn shell_arguments(template: &Template, scaffold: &Scaffold) -> Result<Option<Vec<String>>> {
    // With Nix and without direnv, which would enter it in a way of its own.
    let host = HOST_TOOLS.into_iter().map(|tool| (tool.to_owned(), (tool == "nix").into())).collect::<Map<String, Value>>();
    let context = scaffold.context.clone().with("host", host.into()).with("secrets", json!({ "missing": false }));
    for step in &template.manifest.next_steps {
        let Some(command) = rendered_step(step, &context)? else { continue };
        if let Ok([program, verb, arguments @ ..]) = command_line::words(&command).as_deref()
            && (program.as_str(), verb.as_str()) == ("nix", "develop")
        {
            return Ok(Some(arguments.to_vec()));
        }
    }
    Ok(None)
}

/// The command of a next step, when it applies.
fn rendered_step(step: &NextStep, context: &Context) -> Result<Option<String>> {
    let renderer = Renderer::default();
    if !renderer.holds("template.toml", step.when.as_deref(), context).map_err(Error::failed)? {
        return Ok(None);
    }
    renderer.render("template.toml", &step.command, context).map(Some).map_err(Error::failed)
}

/// Says what was made, what is missing, and what to type next.
pub(super) fn report(session: &mut Session, collected: &Collected, creation: &Creation, runs: &[ProgramRun]) -> Result<()> {
    let Collected { template, site, scaffold, secrets, tools, .. } = collected;
    let left: Vec<&str> = required_later(template, secrets, creation.exposure.is_some());
    let context = next_step_context(scaffold, tools, !left.is_empty());
    let project = paths::shown_from(session.shell_directory.as_deref(), &site.path);
    let commands = commands(template, &project, &context, runs)?;
    let ui = &mut session.ui;
    let name = Role::Name.paint(site.path.file_name().unwrap_or_default());
    ui.say("");
    if creation.kept.is_empty() {
        ui.say(&format!("{} {name} is ready.", Role::Success.paint(&template.manifest.title)));
    } else {
        let kept = creation.kept.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        ui.say(&format!(
            "{} {name} is there, but these files stayed yours: {kept}.",
            Role::Warning.paint(&template.manifest.title)
        ));
        ui.say("It may not work before they have what the template's have; `nixstart undo` takes the rest back.");
    }
    say_missing_secrets(ui, creation, site, secrets, &left);
    ui.say("");
    ui.say("Next:");
    ui.say("");
    show_commands(ui, &commands);
    ui.say("");
    say_missing_tools(session, tools);
    Ok(())
}

/// What to type, each with what it does.
fn commands(template: &Template, project: &str, context: &Context, runs: &[ProgramRun]) -> Result<Vec<(String, String)>> {
    let mut commands = Vec::new();
    if project != "." {
        commands.push((format!("cd {}", escape::sh(project)), String::new()));
    }
    for step in &template.manifest.next_steps {
        let Some(command) = rendered_step(step, context)? else { continue };
        if !is_run(&command, runs) {
            commands.push((command, step.about.clone()));
        }
    }
    Ok(commands)
}

/// Whether a command is among the programs that were run.
fn is_run(command: &str, runs: &[ProgramRun]) -> bool {
    let Ok(words) = command_line::words(command) else { return false };
    let Some((program, arguments)) = words.split_first() else { return false };
    runs.iter().any(|run| run.program == *program && run.arguments == arguments)
}

fn show_commands(ui: &mut Ui, commands: &[(String, String)]) {
    let column = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    for (command, about) in commands {
        let pad = " ".repeat(column - command.chars().count());
        let fits = column + about.chars().count() + 6 <= ui.width();
        let painted = Role::Command.paint(command);
        match about.as_str() {
            "" => ui.verbatim(&format!("  {painted}")),
            about if fits => ui.verbatim(&format!("  {painted}{pad}  {}", Role::Quiet.paint(&format!("# {about}")))),
            about => {
                ui.verbatim(&format!("  {painted}"));
                ui.say(&format!("    {}", Role::Quiet.paint(&format!("# {about}"))));
            }
        }
    }
}

/// What has to be filled in before anything works, and how it stays private.
fn say_missing_secrets(ui: &mut Ui, creation: &Creation, site: &Site, secrets: &[SecretEntry], left: &[&str]) {
    if let Some(why) = creation.exposure {
        let warning =
            format!("a `.env` here would not be private, because {why}; add `.env` to `.gitignore` of a repository first");
        let was_brought = |entry: &SecretEntry| !matches!(entry.source, SecretSource::Later | SecretSource::Default { .. });
        if secrets.iter().any(was_brought) {
            ui.withheld(&format!("nothing you brought is written: {warning}"));
        } else {
            ui.warn(&warning);
        }
    }
    if left.is_empty() {
        return;
    }
    let wrote_secrets = creation.plan.steps.iter().any(|step| matches!(step.action, Action::WriteSecrets { .. }));
    let how =
        if wrote_secrets || site.env_keys.is_some() { "fill in `.env`" } else { "copy `.env.example` to `.env` and fill it in" };
    ui.say(&format!("Left for later: {}; {how}. The README says where to get them.", left.join(", ")));
}

/// The required secrets that nobody has given yet, or that are held back.
fn required_later<'a>(template: &Template, secrets: &'a [SecretEntry], are_held_back: bool) -> Vec<&'a str> {
    let is_required = |name: &str| template.manifest.secret(name).is_some_and(|spec| spec.required.in_default_profile());
    secrets
        .iter()
        .filter(|entry| (are_held_back || entry.source == SecretSource::Later) && is_required(&entry.name))
        .map(|entry| entry.name.as_str())
        .collect()
}

fn say_missing_tools(session: &mut Session, tools: &Tools) {
    if let Some(version) = &tools.outdated_nix {
        let (major, minor) = crate::nix::OLDEST_NIX;
        session.ui.say(&format!(
            "{version} is on this machine, and projects need {major}.{minor} or newer; `nixstart setup` says how to get it, and so does `INSTALLING-NIX.md` in the project."
        ));
    } else if !tools.has("nix") {
        session.ui.say(
            "Nix is not installed on this machine; `nixstart setup` brings it, and `INSTALLING-NIX.md` in the project says more.",
        );
    } else if !tools.has("direnv") {
        session.ui.say(
            "direnv is not installed; with it the environment is entered by itself. `INSTALLING-NIX.md` says how to get it.",
        );
    }
    if !tools.has("git") {
        session.ui.say("git is not installed; nixstart did not need it, but you and Nix will. Install it with your system's package manager.");
    }
}
