//! A project that a template has made, as it was rendered and as it would be with something more.

use camino::Utf8PathBuf;

use crate::cli::carry_out::{self, Outcome};
use crate::cli::{PlanFlags, Session};
use crate::error::{Error, Result, did_you_mean};
use crate::host::lock::Lock;
use crate::host::vault::Vault;
use crate::host::{git, paths, target};
use crate::project::change;
use crate::project::name::ProjectName;
use crate::project::record::{Part, RECORD, Record, Source};
use crate::question::{self, Answers};
use crate::template::part::{PartError, Wanted};
use crate::template::scaffold::{Given, Scaffold};
use crate::template::update::{Merge, merge};
use crate::template::{Template, catalog};

/// How a change is carried out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Flags of the plan.
    pub(super) flags: PlanFlags,
    /// Whether what can be merged is applied although something cannot.
    pub(super) skips_conflicts: bool,
}

/// A project and the template that has made it.
pub(super) struct Project {
    root: Utf8PathBuf,
    record: Record,
    name: ProjectName,
    template: Template,
}

impl Project {
    /// The project around the current directory.
    pub(super) fn find() -> Result<Self> {
        let here = paths::current_directory()?;
        let root = here.ancestors().find(|directory| directory.join(RECORD).is_file());
        let root = root.ok_or_else(|| {
            Error::failed(format!(
                "there is no `{RECORD}` in `{}` or above it, so nixstart has not made this project",
                paths::shown(&here)
            ))
            .hint("`nixstart add package` works in every project with a `devenv.nix`")
        })?;
        let record = target::survey(root)?.record.ok_or_else(|| Error::failed(format!("`{RECORD}` cannot be read")))?;
        let template = template_of(&record)?;
        let name = ProjectName::parse(&record.project).map_err(Error::failed)?;
        Ok(Self { root: root.to_owned(), record, name, template })
    }

    /// The answers that stand for a feature of the template.
    pub(super) fn feature(&self, kind: &str, name: Option<&str>) -> Result<Answers> {
        let known: Vec<_> = self.template.manifest.features.iter().filter(|feature| feature.kind == kind).collect();
        let names: Vec<&str> = known.iter().map(|feature| feature.name.as_str()).collect();
        let found = match name {
            Some(name) => known.iter().find(|feature| feature.name == name),
            None => known.first().filter(|_| known.len() == 1),
        };
        if let Some(feature) = found {
            return Ok(feature.answers.clone());
        }
        let wanted = name.map(|name| format!(" `{name}`")).unwrap_or_default();
        let error = Error::failed(format!("the template `{}` knows no {kind}{wanted}", self.record.template));
        let hint = name.and_then(|name| did_you_mean(name, names.iter().copied()));
        Err(error.hint(hint.unwrap_or_else(|| {
            if names.is_empty() { "add it by hand in `devenv.nix`".to_owned() } else { format!("it knows {}", names.join(", ")) }
        })))
    }

    /// Changes the project to one that was made with other answers.
    pub(super) fn with_answers(&self, session: &mut Session, options: Options, title: &str, changed: Answers) -> Result<()> {
        let mut answers = self.record.answers.clone();
        for (name, answer) in changed {
            let question = question::find(&self.template.manifest.questions, &name).map_err(|_unknown| {
                Error::failed(format!("the template `{}` has no place for it", self.record.template)).hint("add it by hand")
            })?;
            answers.insert(name, question.check(answer).map_err(|error| Error::usage(error.to_string()))?);
        }
        let answers = self.template.completed(&self.name, &answers).map_err(Error::failed)?;
        let before = self.scaffold(&self.record.answers, &self.record.parts)?;
        let after = self.scaffold(&answers, &self.record.parts)?;
        self.carry_out(session, options, title, (&before, &after))
    }

    /// Changes the project to one that has another part.
    pub(super) fn with_part(&self, session: &mut Session, options: Options, wanted: Wanted<'_>) -> Result<()> {
        let part = self.template.new_part(wanted, &self.record.parts).map_err(refused_part)?;
        let title = format!("Add the {} {}", part.part, part.name);
        let mut parts = self.record.parts.clone();
        if !parts.contains(&part) {
            parts.push(part);
        }
        let before = self.scaffold(&self.record.answers, &self.record.parts)?;
        let after = self.scaffold(&self.record.answers, &parts)?;
        self.carry_out(session, options, &title, (&before, &after))
    }

    fn scaffold(&self, answers: &Answers, parts: &[Part]) -> Result<Scaffold> {
        let given = Given { name: &self.name, answers, parts };
        self.template
            .scaffold(given, catalog::carried)
            .map_err(|error| Error::failed(error).hint("the answers in `nixstart.toml` have to be those of the template"))
    }

    /// Merges two renderings into the project.
    pub(super) fn carry_out(
        &self,
        session: &mut Session,
        options: Options,
        title: &str,
        (before, after): (&Scaffold, &Scaffold),
    ) -> Result<()> {
        let _lock = if options.flags.dry_run { None } else { Some(Lock::acquire(&self.root)?) };
        let on_disk = target::on_disk_of(&self.root, &after.tree)?;
        let merges = merge(&before.tree, &after.tree, &on_disk);
        show_refused(session, &merges, options)?;
        let place = git::place_of(&self.root);
        let request = change::Request {
            root: &self.root,
            command: "add",
            title: title.to_owned(),
            merges,
            is_repository: place.is_root || place.parent.is_some(),
        };
        let plan = change::plan(request);
        if plan.steps.is_empty() {
            session.ui.say("everything of it is there already");
        }
        if carry_out::carry_out(session, &plan, &Vault::default(), options.flags)? == Outcome::Applied {
            say_what_is_new(session, before, after);
        }
        Ok(())
    }
}

/// What the person asked for cannot be, or what the project is of has no place for it.
fn refused_part(error: PartError) -> Error {
    match error {
        PartError::NoSuchPart { .. } => Error::failed(error),
        PartError::NoSuchKind { .. }
        | PartError::BadName(_)
        | PartError::Reserved(_)
        | PartError::NameTaken { .. }
        | PartError::NoPort(_)
        | PartError::NoPortLeft => Error::usage(error.to_string()),
        PartError::PortTaken { .. } => Error::usage(error.to_string()).hint("leave `--port` out: the next that is free is taken"),
    }
}

/// The template of a project, in the version that has made it: with another one, what somebody has changed could not be told
/// from what the template has.
fn template_of(record: &Record) -> Result<Template> {
    if record.source == Some(Source::Folder) {
        return Err(Error::failed(format!(
            "the template `{}` is a folder, and nobody knows whether it has changed",
            record.template
        ))
        .hint("add it to the project by hand"));
    }
    let template = catalog::find(&record.template)
        .ok_or_else(|| Error::failed(format!("this nixstart has no template `{}`", record.template)))?
        .map_err(Error::failed)?;
    let version = template.manifest.version.to_string();
    if version != record.template_version {
        return Err(Error::failed(format!(
            "this project was made with version {} of its template, and this nixstart has {version}",
            record.template_version
        ))
        .hint(format!("use nixstart {}, which has made it", record.nixstart)));
    }
    Ok(template)
}

/// Shows what a person has to do. Unless they said so, nothing is changed then.
fn show_refused(session: &mut Session, merges: &[(crate::file_tree::RelativePath, Merge)], options: Options) -> Result<()> {
    let refused: Vec<_> = merges
        .iter()
        .filter_map(|(path, merge)| if let Merge::Refuse { why, wanted } = merge { Some((path, why, wanted)) } else { None })
        .collect();
    for (path, why, wanted) in &refused {
        session.ui.withheld(&format!("`{path}` is not changed: {why}; to be done by hand:"));
        session.ui.to_be_pasted(wanted);
    }
    if refused.is_empty() || options.skips_conflicts {
        return Ok(());
    }
    let files = if refused.len() == 1 { "a file".to_owned() } else { format!("{} files", refused.len()) };
    Err(Error::refused(format!("{files} cannot be merged, so nothing was changed"))
        .hint("make the changes that are shown by hand, and run the same command again")
        .hint("or add `--skip-conflicts`: everything else is changed, and these are left to you"))
}

fn say_what_is_new(session: &mut Session, before: &Scaffold, after: &Scaffold) {
    let is_new = |name: &&str| !before.secrets.iter().any(|spec| spec.name == **name);
    let names: Vec<&str> = after.secrets.iter().map(|spec| spec.name.as_str()).filter(is_new).collect();
    if !names.is_empty() {
        session.ui.say(&format!("New variables: {}; `nixstart env list` says what each is for", names.join(", ")));
    }
    let differs = |path: &str| before.tree.get(path) != after.tree.get(path);
    if differs("pnpm-lock.yaml") {
        session.ui.say("The dependencies have changed: run `pnpm install`, and `nixstart build` for the hash that Nix needs");
    }
}
