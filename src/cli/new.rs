//! `nixstart new`: from a template to a project that runs.

mod conflicts;
mod next_steps;
mod resume;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::carry_out::{self, Outcome};
use super::enter::{self, Shell};
use super::{PlanFlags, Session, answers, directory, secrets, setup, template};
use crate::ask::{self, Asked};
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::FileTree;
use crate::host::facts::{Tools, Versions};
use crate::host::lock::Lock;
use crate::host::probe::{self, Reach, Vantage};
use crate::host::vault::Vault;
use crate::host::{git, paths, target};
use crate::plan::SecretEntry;
use crate::project::create::{self, CreateError, Git, Request};
use crate::project::{ProjectName, Site};
use crate::question::{self, Answer, Answers, Choice, Question};
use crate::template::Template;
use crate::template::catalog;
use crate::template::scaffold::{Given, Scaffold};
use crate::ui::{Ui, Verbosity};

/// Create a project from a template
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Name of a template, or the path of a folder with `template.toml`; chosen from a list when left out
    template: Option<String>,
    /// Where the project goes; its last component is the project's name [default: the template's name]
    #[arg(value_name = "DIR")]
    directory: Option<Utf8PathBuf>,
    /// Answer a question of the template; may be given several times
    #[arg(long, value_name = "NAME=ANSWER")]
    set: Vec<String>,
    /// Take answers from a TOML or JSON file
    #[arg(long, value_name = "FILE")]
    answers: Option<Utf8PathBuf>,
    /// Take every default, leave secrets for later, and consent
    #[arg(long)]
    defaults: bool,
    /// Take secrets from a `.env` file, or from standard input with `-`
    #[arg(long, value_name = "FILE")]
    env_file: Option<Utf8PathBuf>,
    /// Continue a run that was cut short
    #[arg(long)]
    resume: bool,
    /// Make no repository and stage nothing
    #[arg(long, conflicts_with = "commit")]
    no_git: bool,
    /// Make the first commit
    #[arg(long)]
    commit: bool,
    #[command(flatten)]
    plan: PlanFlags,
}

impl Args {
    const fn git(&self) -> Git {
        match (self.no_git, self.commit) {
            (true, _) => Git::Leave,
            (false, true) => Git::Commit,
            (false, false) => Git::Stage,
        }
    }

    /// `--defaults` consents; with `--dry-run` nothing is applied all the same.
    const fn flags(&self) -> PlanFlags {
        PlanFlags { yes: self.plan.yes || (self.defaults && !self.plan.dry_run), ..self.plan }
    }

    const fn only_shows(&self) -> bool {
        let flags = self.flags();
        flags.dry_run || (flags.json && !flags.yes)
    }
}

/// What was collected before the disk is looked at in detail.
struct Collected {
    template: Template,
    site: Site,
    scaffold: Scaffold,
    secrets: Vec<SecretEntry>,
    /// What looks like a mistake and is repeated where consent is asked for.
    warnings: Vec<String>,
    vault: Vault,
    tools: Tools,
}

pub(super) fn run(args: Args, session: &mut Session) -> Result<()> {
    if args.defaults {
        session.ask = ask::defaults();
    }
    let template = choose_template(args.template.as_deref(), session)?;
    let default_directory = Utf8PathBuf::from(&template.manifest.name);
    let (path, name) = directory::resolve(args.directory.as_ref().unwrap_or(&default_directory))?;
    template::check_apart(&template, &path)?;
    if args.resume {
        return resume::run(&args, session, &template, &path);
    }
    // From here on: a run that is going on must not look like one that was cut short.
    let _lock = if args.only_shows() { None } else { Some(Lock::acquire(&path)?) };
    let collected = collect(&args, session, template, &path, &name)?;
    create(&args, session, collected)
}

fn create(args: &Args, session: &mut Session, mut collected: Collected) -> Result<()> {
    // Somebody may have made the directory while questions were answered.
    collected.site = target::survey(&collected.site.path)?;
    let Collected { template, site, scaffold, secrets, warnings, vault, tools } = &collected;
    let on_disk = if site.exists { target::on_disk_of(&site.path, &scaffold.tree)? } else { BTreeMap::new() };
    if site.is_repository && args.git() != Git::Leave {
        let paths: Vec<_> = scaffold.tree.iter().map(|(path, _)| path.clone()).collect();
        git::index::check_paths(&site.path, &paths)?;
    }
    let resolutions = conflicts::resolve(session, &scaffold.tree, &on_disk)?;
    let runs = next_steps::offered_runs(session, template, scaffold, tools)?;
    let request = Request {
        template: &template.manifest.name,
        tree: &scaffold.tree,
        site,
        on_disk: &on_disk,
        resolutions: &resolutions,
        git: args.git(),
        secrets,
        runs: &runs,
    };
    let mut creation = create::plan(&request).map_err(|error| explain(error, site))?;
    creation.plan.notes.extend(warnings.iter().cloned());
    match carry_out::carry_out(session, &creation.plan, vault, args.flags())? {
        Outcome::Shown => {}
        Outcome::NothingToDo => {
            session.ui.say(&format!("Nothing to do: `{}` is as the template wants it", paths::shown(&site.path)));
        }
        Outcome::Applied => {
            next_steps::report(session, &collected, &creation, &runs)?;
            if !args.plan.json && offer_setup(session, &collected.tools)? && Ui::has_whole_terminal() {
                enter_shell(session, &collected)?;
            }
        }
    }
    Ok(())
}

/// On a machine that is not ready, what makes it ready is offered in the same flow: its own plan is shown before anything
/// is done. Whether it is ready now is returned.
fn offer_setup(session: &mut Session, tools: &Tools) -> Result<bool> {
    if !session.ask.is_interactive() || session.ui.verbosity() == Verbosity::Quiet || is_ready(tools)? {
        return Ok(false);
    }
    if !carry_out::confirm(session, "Set this machine up for it now? The plan is shown first", true, "nixstart setup")? {
        session.ui.say("`nixstart setup` does it later.");
        return Ok(false);
    }
    match setup::run(&setup::Args::default(), session) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
        Err(error) => {
            // The project is there whatever becomes of the machine.
            session.ui.error(&error);
            Ok(false)
        }
    }
}

/// Whether the machine can enter a project: Nix is there, new enough, and flakes are switched on.
fn is_ready(tools: &Tools) -> Result<bool> {
    if !tools.has("nix") || tools.outdated_nix.is_some() {
        return Ok(false);
    }
    let facts = probe::gather(&Vantage::here(Reach { network: false, deep: false })?).facts;
    Ok(crate::setup::nix::has_flakes(&facts))
}

/// The end of the wizard: the shell of the project, when its template says how it is entered.
fn enter_shell(session: &mut Session, collected: &Collected) -> Result<()> {
    let Some(arguments) = next_steps::shell_arguments(&collected.template, &collected.scaffold)? else { return Ok(()) };
    enter::enter(session, &Shell { project: &collected.site.path, arguments: &arguments })
}

fn explain(error: CreateError, site: &Site) -> Error {
    match error {
        CreateError::Blocked(_) => {
            Error::refused(error).hint(format!("look at `{}`, or choose another directory", paths::shown(&site.path)))
        }
        CreateError::TrackedEnv => Error::refused(error)
            .hint("run `git rm --cached .env`, add `.env` to `.gitignore`, commit both, and change every secret that was in it"),
    }
}

/// A template by name or path, or the one the person picks.
fn choose_template(name: Option<&str>, session: &mut Session) -> Result<Template> {
    if let Some(name) = name {
        return template::find(name);
    }
    let templates: Vec<Template> = catalog::all().into_iter().collect::<std::result::Result<_, _>>().map_err(Error::failed)?;
    let choice = |template: &Template| Choice {
        value: template.manifest.name.clone(),
        label: Some(template.manifest.name.clone()),
        help: Some(template.manifest.description.clone()),
    };
    let question = Question::select("template", "Which template?", templates.iter().map(choice).collect());
    let flag = format!("nixstart new {}", catalog::names().join("|"));
    match session.ask.ask(&mut session.ui, Asked { question: &question, default: None, flag: &flag })? {
        Answer::Text(name) => template::find(&name),
        Answer::Bool(_) | Answer::List(_) => Err(Error::failed("no template was chosen")),
    }
}

/// Everything that is asked and read, in the order in which a person meets it.
fn collect(args: &Args, session: &mut Session, template: Template, path: &Utf8Path, name: &ProjectName) -> Result<Collected> {
    let given = answers::read_given(&template.manifest, &args.set, args.answers.as_deref())?;
    let sources = secrets::Sources::read(&mut session.ui, args.env_file.as_deref())?;
    let site = target::survey(path)?;
    target::check_writable(path)?;
    if args.git() != Git::Leave {
        git::check_settings()?;
        if let Some(trouble) = git::place_of(path).trouble {
            return Err(trouble.into());
        }
    }
    if args.commit {
        git::check_identity(path)?;
        if site.is_repository {
            git::check_nothing_is_going_on(path)?;
        }
        if site.is_repository && git::has_staged_changes(path)? {
            return Err(Error::refused("the repository has staged changes, which `--commit` would commit too")
                .hint("commit them first, or leave `--commit` out"));
        }
    }
    if !args.only_shows() {
        refuse_when_cut_short(path)?;
    }
    let earlier = site.record.as_ref().map(|record| record.answers.clone()).unwrap_or_default();
    let answers = answers::complete(session, &template, name, given.answers, &earlier)?;
    refuse_to_mix(&template, &site, &answers)?;
    say_derived_names(session, &template, name);
    let scaffold = render(&template, name, &answers)?;
    let mut vault = Vault::default();
    let exposure = create::why_env_is_exposed(&site, args.git(), &expected_gitignore(&site, &scaffold.tree));
    let asking = exposure.map(|why| {
        if session.ask.is_interactive() && !scaffold.secrets.is_empty() {
            session.ui.say(&format!("Secrets are not asked for, because a `.env` would not be private: {why}"));
        }
        std::mem::replace(&mut session.ask, ask::defaults())
    });
    say_unneeded_secrets(session, &scaffold, &given.plain_secrets);
    let collected = secrets::collect(session, &missing_specs(&scaffold, &site), &sources, &given.plain_secrets, &mut vault);
    if let Some(asking) = asking {
        session.ask = asking;
    }
    let secrets::Collected { entries: secrets, warnings } = collected?;
    let versions = if session.ask.is_interactive() { Versions::Asked } else { Versions::FromPaths };
    Ok(Collected { template, site, scaffold, secrets, warnings, vault, tools: Tools::find(versions) })
}

/// A run that was cut short is continued or taken back before another one begins, so that no two own the same files.
fn refuse_when_cut_short(path: &Utf8Path) -> Result<()> {
    let unfinished = carry_out::unfinished(path)?.filter(|stored| !stored.receipt.steps_to_undo().is_empty());
    let Some(stored) = unfinished else { return Ok(()) };
    Err(Error::failed(format!("an earlier run for this directory was cut short at {}", stored.receipt.at))
        .hint("continue it with the same command and `--resume`")
        .hint(format!("or take it back with `nixstart undo {}`", stored.id)))
}

/// Other answers, or another template, would mix two projects in one directory.
fn refuse_to_mix(template: &Template, site: &Site, answers: &Answers) -> Result<()> {
    let Some(record) = &site.record else { return Ok(()) };
    let is_same_template =
        record.template == template.manifest.name && record.source.is_none_or(|source| source == template.source());
    let what = if is_same_template {
        let differing = record.answers.iter().find(|(name, answer)| is_other(template, answers, name, answer));
        differing.map(|(name, answer)| format!("{name} = {}", answer.display()))
    } else {
        let source = record.source.map(|source| format!("{} ", source.word())).unwrap_or_default();
        Some(format!("the {source}template `{}`", record.template))
    };
    let Some(what) = what else { return Ok(()) };
    Err(Error::refused(format!("`{}` was made with {what}; anything else would mix two projects", paths::shown(&site.path)))
        .hint("choose another directory"))
}

/// Whether a question is answered in another way than it was. The record is read as an answer of today: several choices
/// are the same in any order.
fn is_other(template: &Template, answers: &Answers, name: &str, recorded: &Answer) -> bool {
    let question = question::find(&template.manifest.questions, name);
    let recorded = question.ok().and_then(|question| question.check(recorded.clone()).ok()).unwrap_or_else(|| recorded.clone());
    answers.get(name).is_some_and(|given| *given != recorded)
}

/// The `.gitignore` that the project will have, unless somebody decides otherwise: the lines of both.
fn expected_gitignore(site: &Site, tree: &FileTree) -> String {
    let ours = tree.get(".gitignore").map(|file| String::from_utf8_lossy(&file.contents).into_owned());
    [site.gitignore.clone(), ours].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// A value that was given with `--set` for a secret that a project with these answers does not have.
fn say_unneeded_secrets(session: &mut Session, scaffold: &Scaffold, given: &BTreeMap<String, String>) {
    let is_declared = |name: &str| scaffold.secrets.iter().any(|spec| spec.name == name);
    for name in given.keys().filter(|name| !is_declared(name)) {
        session.ui.warn(&format!("`{name}` is not needed with these answers, so what you gave for it has no effect"));
    }
}

/// The declared secrets that the `.env` of an existing project lacks.
fn missing_specs(scaffold: &Scaffold, site: &Site) -> Vec<crate::secret::SecretSpec> {
    let present = site.env_keys.as_deref().unwrap_or_default();
    scaffold.secrets.iter().filter(|spec| !present.contains(&spec.name)).cloned().collect()
}

fn say_derived_names(session: &mut Session, template: &Template, name: &ProjectName) {
    let derived = name.derived(&template.manifest.name);
    let differing: Vec<String> = [("npm", &derived.npm), ("Nix", &derived.nix), ("DNS", &derived.dns)]
        .into_iter()
        .filter(|(_, other)| other.as_str() != name.as_str())
        .map(|(world, other)| format!("{world}: {other}"))
        .collect();
    if !differing.is_empty() {
        session.ui.say(&format!("`{name}` is not a name everywhere; it becomes {}", differing.join(", ")));
    }
}

fn render(template: &Template, name: &ProjectName, answers: &Answers) -> Result<Scaffold> {
    let hint = "`nixstart template check PATH` looks at every file of a template";
    template.scaffold(Given { name, answers, parts: &[] }, catalog::carried).map_err(|error| Error::failed(error).hint(hint))
}
