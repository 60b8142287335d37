//! How one of us ends a runner, from whatever command: what was said last is kept, and whoever else watches can tell that the end was
//! wanted.

use super::site::Site;
use super::{Backend, keepsake};
use crate::error::{Error, Result};
use crate::host::clock;

/// Ends a runner with everything that it runs. Returns why what was said last could not be kept, when that is so.
pub fn end(site: &Site, runner: &dyn Backend) -> Result<Option<Error>> {
    let unkept = keepsake::keep_last_lines(site, runner).err();
    note(site);
    runner.shut_down()?;
    Ok(unkept)
}

/// Who cannot read it believes that nobody has wanted the end; that is no reason to fail.
fn note(site: &Site) {
    let text = clock::now_milliseconds().to_string();
    let _best_effort = site.create().and_then(|()| Ok(fs_err::write(site.farewell(), text)?));
}

/// Whether one of us has ended the runner of a project since then, in milliseconds since 1970.
pub fn was_said_since(site: &Site, moment: u64) -> bool {
    let said = fs_err::read_to_string(site.farewell()).ok().and_then(|text| text.trim().parse::<u64>().ok());
    said.is_some_and(|said| said >= moment)
}
