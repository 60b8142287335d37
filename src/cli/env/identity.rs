//! `nixstart env identity`: a private key of age for those who have none of SSH that age can use.

use serde_json::json;

use super::Flags;
use crate::cli::Session;
use crate::error::{Error, Result};
use crate::host::{paths, seal};

/// Make a private key for sealed files, or show its public half
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a private key that only you can read, and print its public half
    New,
    /// Print the public half, which others seal to
    Show,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let path = seal::identity_path()?;
    let recipients = match args.verb {
        Verb::New if flags.dry_run => {
            session.ui.say(&format!("A private key would be written to `{path}`, mode 0600"));
            return Ok(());
        }
        Verb::New => {
            let recipient = seal::create_identity(&path)?;
            session.ui.say(&format!(
                "Made a private key in `{path}`, which only you can read; keep a copy of it where you keep passwords"
            ));
            session.ui.say("Give the line below to whoever shares with you: `nixstart env share --to LINE --name YOU`");
            vec![recipient]
        }
        Verb::Show if path.symlink_metadata().is_err() => return Err(none_yet()),
        Verb::Show => seal::own_recipient(&path)?,
    };
    if flags.json {
        return session.print_json(&json!({ "schema": 1, "path": path, "recipients": recipients }));
    }
    recipients.iter().try_for_each(|recipient| session.ui.data(&format!("{recipient}\n")))?;
    Ok(())
}

fn none_yet() -> Error {
    let error = Error::failed("there is no identity yet").hint("make one with `nixstart env identity new`");
    let ssh = paths::home_directory().map(|home| home.join(".ssh/id_ed25519.pub"));
    match ssh {
        Ok(path) if path.exists() => error.hint(format!("or give `{path}` to whoever shares with you")),
        Ok(_) | Err(_) => error,
    }
}
