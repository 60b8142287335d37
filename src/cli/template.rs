//! `nixstart template`: what there is to start from, and whether a template is sound.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::Session;
use crate::diagnostic::Severity;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{paths, template_folder};
use crate::project::ProjectName;
use crate::question::{Answers, Question};
use crate::secret::SecretSpec;
use crate::template::check::{Report, check};
use crate::template::manifest::service_each;
use crate::template::part::PartSpec;
use crate::template::scaffold::Given;
use crate::template::{Manifest, Template, catalog};
use crate::ui::style::Role;

/// List, show and check templates
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: TemplateCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TemplateCommand {
    /// List the built-in templates
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a template asks, writes and needs
    Show {
        /// Name of a template, or the path of its folder
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Render every combination of answers and parse the results
    Check {
        /// Folder of a template; all built-in ones when left out
        path: Option<Utf8PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: Args, session: &mut Session) -> Result<()> {
    match args.command {
        TemplateCommand::List { json: false } => list(session),
        TemplateCommand::List { json: true } => list_json(session),
        TemplateCommand::Show { name, json } => show(session, &name, json),
        TemplateCommand::Check { path, json } => check_templates(session, path.as_deref(), json),
    }
}

/// A template by name, or by the path of its folder when the text looks like a path.
pub(super) fn find(name: &str) -> Result<Template> {
    if name.contains('/') || name == "." || name == ".." {
        return template_folder::read(Utf8Path::new(name));
    }
    if let Some(template) = catalog::find(name) {
        template.map_err(Error::failed)
    } else {
        let error = Error::failed(format!("there is no template `{name}`")).hint(catalog::hint_for(name));
        let is_folder = Utf8Path::new(name).join("template.toml").is_file();
        Err(error.maybe_hint(is_folder.then(|| format!("to use the folder of that name, write `./{name}`"))))
    }
}

/// Refuses a project that would share files with the folder of its template.
pub(super) fn check_apart(template: &Template, project: &Utf8Path) -> Result<()> {
    let Some(folder) = &template.folder else { return Ok(()) };
    if !project.starts_with(folder) && !folder.starts_with(project) {
        return Ok(());
    }
    let message =
        format!("the project at `{}` would share files with the folder of its template, `{folder}`", paths::shown(project));
    Err(Error::refused(message).hint("name a directory apart from it: `nixstart new TEMPLATE DIR`"))
}

fn built_in() -> Result<Vec<Template>> {
    catalog::all().into_iter().collect::<std::result::Result<_, _>>().map_err(Error::failed)
}

/// Prints the names and descriptions of the built-in templates.
pub(super) fn list(session: &mut Session) -> Result<()> {
    let templates = built_in()?;
    let width = templates.iter().map(|template| template.manifest.name.len()).max().unwrap_or(0);
    for Template { manifest, .. } in &templates {
        session.ui.data(&format!("{:width$}  {}\n", manifest.name, manifest.description))?;
    }
    Ok(())
}

fn list_json(session: &mut Session) -> Result<()> {
    let entry = |Template { manifest, .. }: &Template| json!({ "name": manifest.name, "title": manifest.title, "description": manifest.description, "version": manifest.version });
    session.print_json(&json!({ "schema": 1, "templates": built_in()?.iter().map(entry).collect::<Vec<_>>() }))
}

fn show(session: &mut Session, name: &str, as_json: bool) -> Result<()> {
    let template = find(name)?;
    if as_json {
        return session.print_json(&description(&template));
    }
    let Manifest { title, description, version, questions, parts, secrets, services, .. } = &template.manifest;
    let mut text = format!("{} {version}\n{description}\n", Role::Heading.paint(title));
    let defaults = default_answers(&template);
    text += &section("Questions", questions.iter().map(|question| question_line(question, &defaults)));
    text += &section("Secrets", secrets.iter().map(secret_line));
    // (Those of parts have names only where there is one.)
    let services = services.iter().filter(|(_, fields)| service_each(fields).is_none());
    text += &section("Services", services.map(|(name, _)| name.clone()));
    text += &section("As many as you like, with `nixstart add`", parts.iter().map(part_line));
    text += &section("Files with the default answers", default_files(&template).into_iter());
    session.ui.data(&text)?;
    Ok(())
}

fn section(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { String::new() } else { format!("\n{}\n{}", Role::Heading.paint(title), lines.concat()) }
}

/// The answers of a project that has the template's name when every question is answered with Enter.
fn default_answers(template: &Template) -> Answers {
    let mut answers = Answers::new();
    let Ok(name) = ProjectName::parse(&template.manifest.name) else { return answers };
    for question in &template.manifest.questions {
        if let Ok(Some(default)) = Template::default_of(question, &template.context(&name, &answers)) {
            answers.insert(question.name.clone(), default);
        }
    }
    answers
}

/// The files such a project gets.
fn default_files(template: &Template) -> Vec<String> {
    let name = ProjectName::parse(&template.manifest.name);
    let answers = default_answers(template);
    let scaffold =
        name.ok().and_then(|name| template.scaffold(Given { name: &name, answers: &answers, parts: &[] }, catalog::carried).ok());
    scaffold.map_or_else(Vec::new, |scaffold| scaffold.tree.iter().map(|(path, _)| path.to_string()).collect())
}

fn secret_line(secret: &SecretSpec) -> String {
    format!("{}  {} ({})", secret.name, secret.description, secret.required.words())
}

fn part_line(part: &PartSpec) -> String {
    let kinds: Vec<&str> = part.kinds.iter().map(|kind| kind.value.as_str()).collect();
    format!("{}  {} [{}]", part.name, part.about, kinds.join(", "))
}

fn question_line(question: &Question, defaults: &Answers) -> String {
    let choices: Vec<&str> = question.choices.iter().map(|choice| choice.value.as_str()).collect();
    let choices = if choices.is_empty() { String::new() } else { format!(" [{}]", choices.join(", ")) };
    let default = defaults.get(&question.name).map(|default| format!(" (default: {})", default.display())).unwrap_or_default();
    let advanced = if question.advanced { format!(" (not asked; `--set {}=…`)", question.name) } else { String::new() };
    format!("{}  {}{choices}{default}{advanced}", question.name, question.prompt())
}

fn description(template: &Template) -> Value {
    let manifest = &template.manifest;
    let question = |question: &Question| {
        let choices: Vec<&str> = question.choices.iter().map(|choice| choice.value.as_str()).collect();
        json!({ "name": question.name, "prompt": question.prompt(), "choices": choices, "default": question.default, "advanced": question.advanced })
    };
    let part = |part: &PartSpec| {
        let kinds: Vec<&str> = part.kinds.iter().map(|kind| kind.value.as_str()).collect();
        json!({ "name": part.name, "about": part.about, "kinds": kinds })
    };
    json!({
        "schema": 1, "name": manifest.name, "title": manifest.title, "description": manifest.description, "version": manifest.version,
        "questions": manifest.questions.iter().map(question).collect::<Vec<_>>(),
        "parts": manifest.parts.iter().map(part).collect::<Vec<_>>(),
        "secrets": manifest.secrets, "services": manifest.services, "files": template.files.keys().collect::<Vec<_>>(),
    })
}

fn check_templates(session: &mut Session, path: Option<&Utf8Path>, as_json: bool) -> Result<()> {
    let templates = match path {
        // What cannot be read at all is a finding, too.
        Some(path) => {
            vec![template_folder::read(path).map_err(|error| Error::new(ErrorKind::Findings, format!("{path}: {error}")))?]
        }
        None => built_in()?,
    };
    let reports: Vec<(&Template, Report)> =
        templates.iter().map(|template| (template, check(template, catalog::carried))).collect();
    if as_json {
        let entry = |(template, report): &(&Template, Report)| json!({ "template": template.manifest.name, "combinations": report.combinations, "findings": report.findings });
        session.print_json(&json!({ "schema": 1, "templates": reports.iter().map(entry).collect::<Vec<_>>() }))?;
    } else {
        for (template, report) in &reports {
            show_report(session, template, report, path)?;
        }
    }
    let errors =
        reports.iter().flat_map(|(_, report)| &report.findings).filter(|finding| finding.severity == Severity::Error).count();
    match errors {
        0 => Ok(()),
        1 => Err(Error::new(ErrorKind::Findings, "the check found an error")),
        errors => Err(Error::new(ErrorKind::Findings, format!("the check found {errors} errors"))),
    }
}

fn show_report(session: &mut Session, template: &Template, report: &Report, path: Option<&Utf8Path>) -> Result<()> {
    let folder = path.map(|path| format!("{path}/")).unwrap_or_default().replace("//", "/");
    for finding in &report.findings {
        session.ui.data(&format!(
            "{folder}{}: {}: {} [{}]\n",
            finding.place,
            finding.severity.word(),
            finding.message,
            finding.code
        ))?;
        if let Some(hint) = &finding.hint {
            session.ui.data(&format!("  hint: {hint}\n"))?;
        }
    }
    let summary = format!(
        "{}: {} combinations of answers, {} files rendered, {} findings",
        template.manifest.name,
        report.combinations,
        report.files,
        report.findings.len()
    );
    session.ui.say(&summary);
    Ok(())
}
