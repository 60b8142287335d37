//! `nixstart setup`: a machine that is ready for Nix projects, by a plan that can be taken back.

mod choices;
mod proof;

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::{PlanFlags, Session, ShownBy, carry_out, review, undo};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::lock::Lock;
use crate::host::probe::{self, Reach, Vantage};
use crate::host::vault::Vault;
use crate::host::{journal, paths};
use crate::plan::Step;
use crate::plan::receipt::Status;
use crate::setup::{self, Route, Setup, SetupError};
use crate::ui::plan_view;

/// Install and configure Nix and direnv on this machine
///
/// Looks at the machine, shows what is missing as a numbered plan, and carries it out once you agree. What is there already
/// is left alone.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Show the plan and stop
    #[arg(long, visible_alias = "dry-run")]
    plan: bool,
    /// Print JSON; applies the plan only together with `--yes`
    #[arg(long)]
    json: bool,
    /// Also say which ways to install Nix there are, and why some do not work here
    #[arg(long)]
    explain: bool,
    /// Only this step; may be given several times
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Not this step; may be given several times, and with `--resume` too
    #[arg(long, value_name = "ID")]
    skip: Vec<String>,
    /// How Nix is installed
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Plan no step that needs root; what root has to do is listed
    #[arg(long)]
    no_root: bool,
    /// Consent to the plan without being asked
    #[arg(short, long, conflicts_with = "plan")]
    yes: bool,
    /// Continue a run that was cut short
    #[arg(long, conflicts_with_all = ["explain", "only", "route", "no_root", "latest", "installer_sha256", "offline_installer"])]
    resume: bool,
    /// Take the newest setup back
    #[arg(long, conflicts_with_all = ["resume", "explain", "only", "skip", "route", "no_root", "latest", "installer_sha256", "offline_installer"])]
    undo: bool,
    /// Install the newest Nix, whose installer nobody can pin; asks once more, unless `--yes` is there too
    #[arg(long, conflicts_with = "offline_installer")]
    latest: bool,
    /// Trust an installer with this SHA-256, in place of the one that is built in
    #[arg(long, value_name = "DIGEST")]
    installer_sha256: Option<String>,
    /// Use an installer that was downloaded elsewhere
    #[arg(long, value_name = "FILE")]
    offline_installer: Option<Utf8PathBuf>,
}

impl Args {
    const fn flags(&self) -> PlanFlags {
        PlanFlags { dry_run: self.plan, yes: self.yes, json: self.json, accepts_unpinned: self.latest, shown_by: ShownBy::Plan }
    }

    const fn only_shows(&self) -> bool {
        self.plan || (self.json && !self.yes)
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let home = paths::home_directory()?;
    if args.undo {
        return take_back(args, session, &home);
    }
    let _lock = if args.only_shows() { None } else { Some(Lock::acquire(&home)?) };
    if args.resume {
        return resume(args, session, &home);
    }
    refuse_when_cut_short(args, &home)?;
    let choices = choices::of(args, &home)?;
    let vantage = Vantage::here(Reach { network: false, deep: false })?;
    let mut facts = probe::gather(&vantage).facts;
    facts.packages = probe::packages::look(&vantage);
    if args.explain && !args.json {
        show_routes(session, &setup::routes(&facts, &choices));
    }
    let setup = setup::plan(&facts, &choices).map_err(|error| explain(error, args.explain))?;
    apply(args, session, setup, &vantage)
}

fn apply(args: &Args, session: &mut Session, mut setup: Setup, vantage: &Vantage) -> Result<()> {
    let flags = args.flags();
    if args.json {
        return apply_as_data(args, session, &setup, vantage);
    }
    if setup.plan.steps.is_empty() {
        show_notes(session, &setup);
        setup.extras.iter().for_each(|step| session.ui.note(&review::left_out_by_default(&setup.plan, step)));
        return match (left_over(&setup), &setup.lacks) {
            // Whoever only looks has seen it.
            (Err(_), _) if args.only_shows() => Ok(()),
            (left @ Err(_), _) => left,
            (Ok(()), Some(lack)) => {
                session.ui.say(&format!("There is nothing to do, but {lack}"));
                Ok(())
            }
            (Ok(()), None) => {
                session.ui.say("This machine is ready: nothing to do");
                Ok(())
            }
        };
    }
    let Setup { plan, optional, requires, extras, .. } = setup.clone();
    let (plan, outcome) = review::carry_out(session, review::Proposal { plan, extras, optional, requires }, flags)?;
    setup.plan = plan;
    if outcome != carry_out::Outcome::Applied {
        return Ok(());
    }
    proof::prove(session, &setup.plan, setup.needs_login, vantage)?;
    left_over(&setup)?;
    if let Some(lack) = &setup.lacks {
        session.ui.say(&format!("What was asked for is done, but {lack}"));
    } else if !setup.needs_login {
        session.ui.say("This machine is ready. Open a new shell to use it.");
    }
    Ok(())
}

/// The same for programs: one document when all went well, and none otherwise.
fn apply_as_data(args: &Args, session: &mut Session, setup: &Setup, vantage: &Vantage) -> Result<()> {
    if args.only_shows() {
        return session.print_json(&to_json(setup, None));
    }
    let mut receipt = None;
    if setup.plan.pending().next().is_some() {
        receipt = Some(carry_out::apply(session, &setup.plan, &Vault::default(), args.flags())?);
        proof::prove(session, &setup.plan, setup.needs_login, vantage)?;
    }
    show_notes(session, setup);
    left_over(setup)?;
    session.print_json(&to_json(setup, receipt.as_deref()))
}

fn show_notes(session: &mut Session, setup: &Setup) {
    setup.plan.notes.iter().for_each(|note| session.ui.note(&session.ui.spoken(note)));
}

/// What remains to be done by a person is an error; the notes of the plan say what it is.
fn left_over(setup: &Setup) -> Result<()> {
    if setup.is_left_to_root {
        Err(Error::new(ErrorKind::NeedsPrivilege, "the steps that remain need root; they are listed above"))
    } else if setup.is_left_to_person {
        Err(Error::failed("what remains has to be done by hand; it is listed above"))
    } else {
        Ok(())
    }
}

/// An error with what can be done about it; which routes work has been said when they were asked for.
fn explain(error: SetupError, knows_routes: bool) -> Error {
    match &error {
        SetupError::Unfit { .. } | SetupError::NoInstaller { .. } if knows_routes => Error::refused(error),
        SetupError::Unfit { .. } | SetupError::NoInstaller { .. } => {
            Error::refused(error).hint("`nixstart setup --plan --explain` says which routes work here")
        }
        SetupError::NoSuchStep(id) => {
            let hint = did_you_mean(id, setup::STEPS).unwrap_or_else(|| format!("steps are {}", setup::STEPS.join(", ")));
            Error::usage(error).hint(hint)
        }
        SetupError::OtherMachine(_) => Error::refused(error).hint("leave `--route` out, and the best way is chosen"),
        SetupError::UnknownFile { found, .. } => {
            let hint = format!("when you trust it, say so with `--installer-sha256 {found}`");
            Error::refused(error).hint(hint).hint("a newer nixstart knows newer installers")
        }
        SetupError::NoRoom { .. } | SetupError::NoFiles { .. } => {
            Error::failed(error).hint("make room there, then run the command again")
        }
    }
}

fn show_routes(session: &mut Session, routes: &[(Route, Option<setup::Unfit>)]) {
    session.ui.say("Ways to install Nix:");
    for (route, why) in routes {
        let fits = why.as_ref().map_or_else(|| "works here".to_owned(), |why| format!("does not work here: {why}"));
        session.ui.say(&format!("  {}: {} ({})", route.name(), route.about(), session.ui.spoken(&fits)));
    }
}

fn to_json(setup: &Setup, receipt: Option<&str>) -> Value {
    let route = |(route, why): &(Route, Option<setup::Unfit>)| json!({ "name": route.name(), "about": route.about(), "fits": why.is_none(), "why": why.as_ref().map(ToString::to_string) });
    let extra = |step: &Step| json!({ "id": step.id, "title": step.title, "explanation": step.explanation });
    json!({
        "schema": 1, "plan": plan_view::to_json(&setup.plan), "applied": receipt.is_some(), "receipt": receipt,
        "route": setup.route.map(Route::name), "routes": setup.alternatives.iter().map(route).collect::<Vec<_>>(),
        "needs_login": setup.needs_login, "notes": setup.plan.notes, "extras": setup.extras.iter().map(extra).collect::<Vec<_>>(),
    })
}

fn refuse_when_cut_short(args: &Args, home: &camino::Utf8Path) -> Result<()> {
    if args.only_shows() {
        return Ok(());
    }
    let unfinished = carry_out::unfinished_of(COMMAND, home)?.filter(|stored| !stored.receipt.steps_to_undo().is_empty());
    let Some(stored) = unfinished else { return Ok(()) };
    Err(Error::failed(format!("an earlier setup was cut short at {}", stored.receipt.at))
        .hint("continue it with `nixstart setup --resume`")
        .hint("or take it back with `nixstart setup --undo`"))
}

fn resume(args: &Args, session: &mut Session, home: &camino::Utf8Path) -> Result<()> {
    let Some(stored) = carry_out::unfinished_of(COMMAND, home)? else {
        return Err(Error::failed("there is no setup to continue").hint("run the command without `--resume`"));
    };
    let rest = carry_out::rest_of(&stored, &args.skip)?;
    if carry_out::continue_with(session, &stored, &rest, &Vault::default(), args.flags())? != carry_out::Outcome::Applied {
        return Ok(());
    }
    let mut plan = stored.receipt.plan.clone();
    for step in plan.steps.iter().filter(|step| args.skip.contains(&step.id)) {
        session.ui.say(&format!("left out: {}", step.title));
    }
    plan.steps.retain(|step| !args.skip.contains(&step.id));
    let vantage = Vantage::here(Reach { network: false, deep: false })?;
    proof::prove(session, &plan, plan.step("nix-group").is_some(), &vantage)?;
    if args.json { carry_out::print_json(session, &rest, Some(&stored.id)) } else { Ok(()) }
}

/// What receipts call this command. A doctor leaves some for the same directory, when it is started there.
const COMMAND: &str = "setup";

fn take_back(args: &Args, session: &mut Session, home: &camino::Utf8Path) -> Result<()> {
    let Some(stored) = journal::newest_of(home, |receipt| receipt.status != Status::Reverted && receipt.plan.command == COMMAND)?
    else {
        return Err(Error::failed("there is no setup to take back").hint("`nixstart undo --list` shows every receipt"));
    };
    undo::take_back_receipt(session, &stored.id, args.flags())
}
