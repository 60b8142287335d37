//! Continues a run that was cut short.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::Args;
use crate::cli::carry_out::{self, Outcome};
use crate::cli::{Session, secrets};
use crate::error::{Error, Result};
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::vault::Vault;
use crate::plan::{Action, SecretEntry, SecretSource};
use crate::template::Template;

/// Continues the newest unfinished run of a directory. Secrets that were typed are gone and asked for again.
pub(super) fn run(args: &Args, session: &mut Session, template: &Template, path: &Utf8Path) -> Result<()> {
    let _lock = if args.only_shows() { None } else { Some(Lock::acquire(path)?) };
    let Some(stored) = carry_out::unfinished(path)? else {
        return Err(Error::failed(format!("there is no run to continue for `{}`", paths::shown(path)))
            .hint("run the command without `--resume`"));
    };
    let mut vault = Vault::default();
    let lost = |entry: &&SecretEntry| matches!(entry.source, SecretSource::Entered | SecretSource::StandardInput);
    let steps = stored.receipt.steps_to_resume();
    let entries = steps
        .iter()
        .filter_map(|step| if let Action::WriteSecrets { entries, .. } = &step.action { Some(entries) } else { None });
    let names: Vec<&str> = entries.flatten().filter(lost).map(|entry| entry.name.as_str()).collect();
    if !names.is_empty() {
        let specs: Vec<_> =
            template.manifest.secrets.iter().filter(|spec| names.contains(&spec.name.as_str())).cloned().collect();
        let sources = secrets::Sources::read(&mut session.ui, args.env_file.as_deref())?;
        secrets::collect(session, &specs, &sources, &BTreeMap::new(), &mut vault)?;
        let gone: Vec<&str> = names.into_iter().filter(|name| vault.get(name).is_none()).collect();
        if !gone.is_empty() {
            session.ui.say(&format!("Left for later, because what was typed is not kept: {}", gone.join(", ")));
        }
    }
    if carry_out::resume(session, &stored, &vault, args.flags())? == Outcome::Applied {
        session.ui.say(&format!("`{}` is complete; its README says what to type next", paths::shown(path)));
    }
    Ok(())
}
