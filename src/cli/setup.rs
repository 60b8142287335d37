//! `nixstart setup`: a machine that is ready for Nix projects, by a plan that can be taken back.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::{PlanFlags, Session, carry_out, review, undo};
use crate::doctor;
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::exec::{self, Request};
use crate::host::lock::Lock;
use crate::host::probe::{self, Reach, Vantage};
use crate::host::vault::Vault;
use crate::host::{journal, paths, privilege};
use crate::plan::receipt::Status;
use crate::plan::{Plan, Privilege};
use crate::setup::{self, Choices, Route, Setup, SetupError};
use crate::template::escape;
use crate::ui::{doctor_view, plan_view};

/// Install and configure Nix and direnv on this machine
///
/// Looks at the machine, shows what is missing as a numbered plan, and carries it out once you agree. What is there already
/// is left alone.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Show the plan and stop
    #[arg(long)]
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
    /// Not this step; may be given several times
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
    #[arg(long, conflicts_with = "undo")]
    resume: bool,
    /// Take the newest setup back
    #[arg(long)]
    undo: bool,
}

impl Args {
    const fn flags(&self) -> PlanFlags {
        PlanFlags { dry_run: self.plan, yes: self.yes, json: self.json }
    }

    const fn only_shows(&self) -> bool {
        self.plan || (self.json && !self.yes)
    }
}

/// How long the proof may take: it starts Nix for the first time.
const PROOF_TIME: Duration = Duration::from_secs(120);

/// The checks that prove a step: an exit code of an installer is no proof.
const fn proof(step: &str) -> &'static [&'static str] {
    match step.as_bytes() {
        b"nix" => &["nix-present", "nix-on-path", "nix-version-min", "daemon-access", "store-probe-build"],
        b"nix-group" => &["daemon-access", "daemon-socket"],
        b"flakes" => &["flakes-enabled", "nix-conf-parse"],
        b"direnv-hook" => &["direnv-hook"],
        _ => &[],
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
    let route = args.route.as_deref().map(parse_route).transpose()?;
    let vantage = Vantage::here(Reach { network: false, deep: false })?;
    let mut facts = probe::gather(&vantage).facts;
    facts.packages = probe::packages::look(&vantage);
    let wanted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let choices =
        Choices { route, only: wanted(&args.only), skip: wanted(&args.skip), without_root: args.no_root, home: home.clone() };
    let setup = setup::plan(&facts, &choices).map_err(explain)?;
    if args.explain && !args.json {
        show_routes(session, &setup);
    }
    apply(args, session, setup, &vantage)
}

fn apply(args: &Args, session: &mut Session, mut setup: Setup, vantage: &Vantage) -> Result<()> {
    let flags = args.flags();
    if args.only_shows() && args.json {
        return session.print_json(&to_json(&setup));
    }
    if setup.plan.steps.is_empty() {
        setup.plan.notes.iter().for_each(|note| session.ui.note(note));
        if setup.is_left_to_person {
            return Err(left_to_person(args));
        }
        session.ui.say("This machine is ready: nothing to do");
        return Ok(());
    }
    let (plan, outcome) = review::carry_out(session, setup.plan, setup.optional.clone(), setup.requires.clone(), flags)?;
    setup.plan = plan;
    if outcome != carry_out::Outcome::Applied {
        return Ok(());
    }
    prove(session, &setup, vantage)?;
    if setup.is_left_to_person { Err(left_to_person(args)) } else { Ok(()) }
}

/// What remains is said in the notes of the plan.
fn left_to_person(args: &Args) -> Error {
    if args.no_root {
        Error::new(ErrorKind::NeedsPrivilege, "the steps that remain need root; they are listed above")
    } else {
        Error::new(ErrorKind::Findings, "what remains has to be done by hand; it is listed above")
    }
}

/// Looks at the machine again and builds something.
fn prove(session: &mut Session, setup: &Setup, vantage: &Vantage) -> Result<()> {
    let proofs: BTreeSet<&str> = setup.plan.steps.iter().flat_map(|step| proof(&step.id)).copied().collect();
    let deep = Vantage { reach: Reach { network: false, deep: setup.plan.step("nix").is_some() }, ..vantage.clone() };
    let found = doctor::examine(&probe::gather(&deep).facts, |check| proofs.contains(check.id));
    let failed = found.iter().filter(|finding| matches!(finding.status, doctor::Status::Fail(_)));
    let is_proven = failed.clone().next().is_none() || (setup.needs_login && proves_in_group(vantage, &proofs));
    if !is_proven {
        doctor_view::show(&mut session.ui, &found);
        return Err(Error::new(ErrorKind::Partial, "the steps are done, but Nix does not work yet")
            .hint("`nixstart doctor` says what is missing")
            .hint("take back what was done with `nixstart setup --undo`"));
    }
    session.ui.say("");
    if setup.needs_login {
        session.ui.say("Log out and in again, then everything works; in this shell `sg nix-users` does.");
    } else if !setup.is_left_to_person {
        session.ui.say("This machine is ready. Open a new shell to use it.");
    }
    Ok(())
}

/// A group that was just joined is the session's only after a login; `sg` has it at once, so the same checks run there.
fn proves_in_group(vantage: &Vantage, proofs: &BTreeSet<&str>) -> bool {
    let Some(own) = std::env::current_exe().ok().and_then(|path| Utf8PathBuf::from_path_buf(path).ok()) else { return false };
    let line = format!("{} doctor --offline --deep", escape::sh(own.as_str()));
    let line = proofs.iter().fold(line, |line, id| line + " --check " + id);
    let arguments = [setup::nix::USERS.to_owned(), "-c".to_owned(), line];
    let request = Request { directory: &vantage.directory, program: "sg", arguments: &arguments, timeout: Some(PROOF_TIME) };
    exec::perform(request, &mut |_| {}).is_ok()
}

fn parse_route(name: &str) -> Result<Route> {
    let names = Route::ALL.map(Route::name);
    Route::find(name).ok_or_else(|| {
        let hint = did_you_mean(name, names).unwrap_or_else(|| format!("routes are {}", names.join(", ")));
        Error::usage(format!("there is no route `{name}`")).hint(hint)
    })
}

fn explain(error: SetupError) -> Error {
    match &error {
        SetupError::Unfit { .. } => Error::refused(error).hint("`nixstart setup --plan --explain` says which routes work here"),
        SetupError::NoSuchStep(id) => {
            let hint = did_you_mean(id, setup::STEPS).unwrap_or_else(|| format!("steps are {}", setup::STEPS.join(", ")));
            Error::usage(error).hint(hint)
        }
    }
}

fn show_routes(session: &mut Session, setup: &Setup) {
    session.ui.say("Ways to install Nix:");
    for (route, why) in &setup.alternatives {
        let fits = why.as_ref().map_or_else(|| "works here".to_owned(), |why| format!("does not work here: {why}"));
        session.ui.say(&format!("  {}: {} ({fits})", route.name(), route.about()));
    }
}

fn to_json(setup: &Setup) -> Value {
    let route = |(route, why): &(Route, Option<setup::Unfit>)| json!({ "name": route.name(), "about": route.about(), "fits": why.is_none(), "why": why.as_ref().map(ToString::to_string) });
    json!({
        "schema": 1, "plan": plan_view::to_json(&setup.plan), "applied": false, "receipt": null,
        "route": setup.route.map(Route::name), "routes": setup.alternatives.iter().map(route).collect::<Vec<_>>(),
        "needs_login": setup.needs_login,
    })
}

fn refuse_when_cut_short(args: &Args, home: &camino::Utf8Path) -> Result<()> {
    if args.only_shows() {
        return Ok(());
    }
    let unfinished = carry_out::unfinished(home)?.filter(|stored| !stored.receipt.steps_to_undo().is_empty());
    let Some(stored) = unfinished else { return Ok(()) };
    Err(Error::failed(format!("an earlier setup was cut short at {}", stored.receipt.at))
        .hint("continue it with `nixstart setup --resume`")
        .hint("or take it back with `nixstart setup --undo`"))
}

fn resume(args: &Args, session: &mut Session, home: &camino::Utf8Path) -> Result<()> {
    let Some(stored) = carry_out::unfinished(home)? else {
        return Err(Error::failed("there is no setup to continue").hint("run the command without `--resume`"));
    };
    carry_out::resume(session, &stored, &Vault::default(), args.flags()).map(drop)
}

fn take_back(args: &Args, session: &mut Session, home: &camino::Utf8Path) -> Result<()> {
    let Some(stored) = journal::newest_of(home, |status| status != Status::Reverted)? else {
        return Err(Error::failed("there is no setup to take back").hint("`nixstart undo --list` shows every receipt"));
    };
    undo::take_back_receipt(session, &stored.id, args.flags())
}

/// The commands that root would have to type for a plan.
pub(super) fn root_commands(plan: &Plan) -> Vec<String> {
    plan.pending().filter(|step| step.privilege == Privilege::Root).filter_map(setup::typed).collect()
}

/// Asks before the first root step and makes sure that root steps can be run.
pub(super) fn obtain_root(session: &mut Session, plan: &Plan, has_consent: bool) -> Result<()> {
    let commands = root_commands(plan);
    if commands.is_empty() || privilege::is_root() {
        return Ok(());
    }
    let is_interactive = session.ask.is_interactive();
    if is_interactive && !has_consent {
        let question = format!("{} of these steps run as root, through sudo. Go on?", commands.len());
        if !carry_out::confirm(session, &question, true, "--yes")? {
            return Err(Error::new(ErrorKind::Declined, "you said no; nothing was changed"));
        }
    }
    privilege::obtain(is_interactive, &commands)
}
