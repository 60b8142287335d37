//! Continues a run that was cut short.

use camino::{Utf8Path, Utf8PathBuf};

use super::Args;
use crate::cli::carry_out::{self, Outcome};
use crate::cli::{Session, answers, secrets};
use crate::error::{Error, Result};
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::vault::Vault;
use crate::plan::{Action, SecretEntry, SecretSource, Step};
use crate::project::create;
use crate::template::Template;

/// Continues the newest unfinished run of a directory. Secrets that were typed are gone and asked for again.
pub(super) fn run(args: &Args, session: &mut Session, template: &Template, path: &Utf8Path) -> Result<()> {
    let _lock = if args.only_shows() { None } else { Some(Lock::acquire(path)?) };
    let Some(stored) = carry_out::unfinished(path)? else {
        return Err(Error::failed(format!("there is no run to continue for `{}`", paths::shown(path)))
            .hint("run the command without `--resume`"));
    };
    if stored.receipt.plan.title != create::title(path, &template.manifest.name) {
        let what = &stored.receipt.plan.title;
        return Err(Error::failed(format!("what was cut short is another run: {what}"))
            .hint("continue it with the command it was begun with")
            .hint(format!("or take it back with `nixstart undo {}`", stored.id)));
    }
    let mut vault = Vault::default();
    let from_outside = |entry: &&SecretEntry| {
        matches!(entry.source, SecretSource::Entered | SecretSource::StandardInput | SecretSource::File { .. })
    };
    let steps = stored.receipt.steps_to_resume();
    let entries: Vec<&SecretEntry> = steps.iter().flat_map(|step| secret_entries(step)).filter(from_outside).collect();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if !names.is_empty() {
        let specs: Vec<_> =
            template.manifest.secrets.iter().filter(|spec| names.contains(&spec.name.as_str())).cloned().collect();
        // The file of the first try is read and checked again; what is in it now counts.
        let file = args.env_file.clone().or_else(|| entries.iter().find_map(|entry| file_of(entry)));
        let given = answers::read_given(&template.manifest, &args.set, args.answers.as_deref())?;
        let sources = secrets::Sources::read(&mut session.ui, file.as_deref())?;
        secrets::collect(session, &specs, &sources, &given.plain_secrets, &mut vault)?;
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

fn secret_entries(step: &Step) -> &[SecretEntry] {
    if let Action::WriteSecrets { entries, .. } = &step.action { entries } else { &[] }
}

fn file_of(entry: &SecretEntry) -> Option<Utf8PathBuf> {
    if let SecretSource::File { path } = &entry.source { Some(path.clone()) } else { None }
}
