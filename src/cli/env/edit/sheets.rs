//! The same for the dashboard: which files there are, their forms, and how they are saved.

use std::sync::Arc;

use super::{changes, form, title};
use crate::ask;
use crate::cli::Session;
use crate::cli::env::change::{Consent, change};
use crate::cli::env::site::{self, Site};
use crate::cli::env::{DEFAULT_PROFILE, Flags};
use crate::error::Result;
use crate::host::memory;
use crate::secret::form::Form;
use crate::tui::desk::{App, Sheets};
use crate::ui::{Color, Options, Ui, Verbosity};

/// How the dashboard finds, reads and saves variables.
pub(in crate::cli) fn sheets() -> Sheets {
    Sheets { list: Arc::new(list), read: Arc::new(read), save: Arc::new(save) }
}

fn flags(app: &App) -> Flags {
    Flags {
        file: None,
        app: app.clone(),
        profile: DEFAULT_PROFILE.to_owned(),
        consumers: Vec::new(),
        follow: false,
        backup: false,
        dry_run: false,
        yes: false,
        json: false,
    }
}

/// The file of this directory, then those of apps that have one or declare variables.
fn list() -> Vec<(App, String)> {
    let Ok(own) = Site::look_with_source(&flags(&None)) else { return Vec::new() };
    let mut found = vec![(None, own.shown())];
    for name in site::apps(&own.root) {
        let app = Some(name);
        let Ok(site) = Site::look(&flags(&app)) else { continue };
        let has_any = site.path.exists() || !site.declarations.specs.is_empty();
        if has_any && site.path != own.path {
            found.push((app, site.shown()));
        }
    }
    found
}

fn read(app: &App) -> Result<(String, Form)> {
    memory::protect();
    let site = Site::look_with_source(&flags(app))?;
    let file = site.read()?;
    file.refuse_to_write()?;
    Ok((title(&site), form(&site, &file)?))
}

fn save(app: &App, form: &Form) -> Result<()> {
    let (flags, ui) = (flags(app), Ui::new(Options { color: Color::Auto, verbosity: Verbosity::Normal, plain: false }));
    let ask = ask::for_terminal(&ui, false);
    let mut session = Session { ui, ask, shell_directory: None, exit_code: 0 };
    let site = Site::look_with_source(&flags)?;
    change(&mut session, &site, &flags, changes(form), Consent::Given).map(drop)
}
