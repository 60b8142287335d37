//! The proof that a setup worked: an exit code of an installer is none, so the machine is looked at and something is built.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8PathBuf;

use crate::cli::Session;
use crate::doctor::{self, Finding, Status};
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::host::exec::{self, Request};
use crate::host::paths;
use crate::host::probe::{self, Reach, Vantage};
use crate::plan::{Action, Plan};
use crate::setup;
use crate::template::escape;
use crate::ui::doctor_view;

/// How long a program of the proof may take: it starts Nix for the first time, perhaps on a slow machine.
const TIME: Duration = Duration::from_secs(120);

/// Looks at the machine again and builds something, as a new shell would.
pub(super) fn prove(session: &mut Session, plan: &Plan, needs_login: bool, vantage: &Vantage) -> Result<()> {
    let proofs: BTreeSet<&str> = plan.steps.iter().flat_map(|step| setup::proof::checks(&step.id)).copied().collect();
    let deep = Reach { network: false, deep: proofs.contains(setup::proof::BUILD) };
    let fresh = Vantage { reach: deep, timeout: TIME, ..in_new_shell(vantage, plan)? };
    let found = doctor::examine(&probe::gather(&fresh).facts, |check| proofs.contains(check.id));
    let is_proven = found.iter().all(proves) || (needs_login && proves_in_group(&fresh, &proofs));
    if !is_proven {
        doctor_view::show(&mut session.ui, &found);
        return Err(Error::new(ErrorKind::Partial, "the steps are done, but Nix does not work yet")
            .hint("`nixstart doctor` says what is missing")
            .hint("take back what was done with `nixstart setup --undo`"));
    }
    session.ui.say("");
    if needs_login {
        session.ui.say("Log out and in again, then everything works; in this shell `sg nix-users` does.");
    }
    Ok(())
}

/// Whether a check proves what it stands for. One that says nothing here is no proof of a build, and one that could not be
/// judged is none of anything.
fn proves(finding: &Finding) -> bool {
    match finding.status {
        Status::Pass(_) | Status::Warn(_) => true,
        Status::Skip(_) => finding.check.id != setup::proof::BUILD,
        Status::Fail(_) | Status::Crash(_) => false,
    }
}

/// Puts the user's profile on PATH in shells that read it.
const PROFILE_SCRIPT: &str = "/nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh";

/// The same with the directories on PATH that an installation puts there for new shells.
fn in_new_shell(vantage: &Vantage, plan: &Plan) -> Result<Vantage> {
    let downloaded = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Download { path, .. } => path.parent().map(ToOwned::to_owned),
        _ => None,
    });
    let home = paths::home_directory()?;
    let has_profile = plan.step("nix-path").is_some() || vantage.system(PROFILE_SCRIPT).is_file();
    let profile = has_profile.then(|| home.join(".nix-profile/bin"));
    let installed = std::iter::once(Utf8PathBuf::from("/nix/var/nix/profiles/default/bin")).chain(profile);
    let path = vantage.variable(env_vars::PATH).unwrap_or_default().to_owned();
    let path = installed.chain(downloaded).fold(path, |path, directory| format!("{path}:{directory}"));
    let mut fresh = vantage.clone();
    fresh.environment.insert(env_vars::PATH.to_owned(), path);
    Ok(fresh)
}

/// A group that was just joined is the session's only after a login; `sg` has it at once, so the same checks run there.
fn proves_in_group(vantage: &Vantage, proofs: &BTreeSet<&str>) -> bool {
    let Some(own) = std::env::current_exe().ok().and_then(|path| Utf8PathBuf::from_path_buf(path).ok()) else { return false };
    let line = format!("{} doctor --offline --deep", escape::sh(own.as_str()));
    let line = proofs.iter().fold(line, |line, id| line + " --check " + id);
    let arguments = [setup::distro::USERS.to_owned(), "-c".to_owned(), line];
    let request = Request { directory: &vantage.directory, program: "sg", arguments: &arguments, timeout: Some(TIME) };
    exec::perform(request, &mut |_| {}).is_ok()
}
