//! What was asked for on the command line, joined with what the machine offers to choose from.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::Args;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::apply::download;
use crate::host::{clock, paths};
use crate::plan::Sha256;
use crate::setup::{Choices, Installers, OwnFile, Recognised, Route, Source};

/// Names a table of installers in place of the one that is built in. Only builds for tests read it.
const TEST_INSTALLERS: &str = "NIXSTART_TEST_INSTALLERS";

/// The choices of a person.
pub(super) fn of(args: &Args, home: &Utf8Path) -> Result<Choices> {
    let wanted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let (route, recognised) = match args.route.clone().or_else(|| env_vars::get(env_vars::ROUTE)) {
        Some(name) => named(&name)?,
        None => (None, None),
    };
    Ok(Choices {
        route,
        recognised,
        installers: installers()?,
        source: source(args)?,
        named_digest: args.installer_sha256.as_deref().map(Sha256::parse).transpose().map_err(Error::usage)?,
        downloads: paths::state_directory()?.join("downloads").join(clock::compact_timestamp()),
        programs: paths::data_directory()?,
        only: wanted(&args.only),
        skip: wanted(&args.skip),
        without_root: args.no_root,
        home: home.to_owned(),
    })
}

/// A way to install Nix, or a kind of machine that somebody else looks after.
fn named(name: &str) -> Result<(Option<Route>, Option<Recognised>)> {
    let route = Route::find(name);
    let recognised = Recognised::find(name);
    if route.is_some() || recognised.is_some() {
        return Ok((route, recognised));
    }
    let names: Vec<&str> = Route::ALL.map(Route::name).into_iter().chain(Recognised::ALL.map(Recognised::name)).collect();
    let hint = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| format!("routes are {}", names.join(", ")));
    Err(Error::usage(format!("there is no route `{name}`")).hint(hint))
}

fn source(args: &Args) -> Result<Source> {
    let Some(path) = &args.offline_installer else {
        return Ok(if args.latest { Source::Latest } else { Source::Pinned });
    };
    let path = paths::absolute(path)?;
    match download::digest_of(&path) {
        Some(sha256) => Ok(Source::File(OwnFile { path, sha256 })),
        None => Err(Error::new(ErrorKind::Failed, format!("`{path}` is no plain file that can be read"))
            .hint("`--offline-installer` wants an installer that was downloaded elsewhere")),
    }
}

fn installers() -> Result<Installers> {
    let table = env_vars::get(TEST_INSTALLERS).filter(|_| cfg!(debug_assertions));
    let installers = match table {
        Some(path) => Installers::parse(&fs_err::read_to_string(path)?),
        None => Installers::built_in(),
    };
    installers.map_err(|error| Error::new(ErrorKind::Internal, error))
}
