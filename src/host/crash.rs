//! What happens when nixstart itself is wrong: the terminal is put back, a report is written, and the exit code says so.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};

use super::{clock, files, paths};
use crate::error::{Error, ErrorKind, Result};
use crate::ui::{Options, Ui, redaction};

/// Runs the program. A panic becomes a report in the state directory and [`ErrorKind::Internal`].
pub fn guard(run: impl FnOnce() -> u8) -> u8 {
    guard_with(paths::state_directory, run)
}

fn guard_with(state: fn() -> Result<Utf8PathBuf>, run: impl FnOnce() -> u8) -> u8 {
    panic::set_hook(Box::new(move |info| {
        let was_drawn_on = crate::ui::screen::leave_after_a_bug();
        crate::ask::restore_terminal();
        let written = state().and_then(|directory| write_report(&directory, info));
        let mut error = Error::new(ErrorKind::Internal, format!("nixstart has a bug: {info}"));
        error = match written {
            Ok(path) => {
                error.hint(format!("please report it with the file `{path}`; it holds no secret and nothing of your project"))
            }
            Err(_) => error.hint("please report it with these lines"),
        };
        Ui::new(Options::default()).error(&error);
        if was_drawn_on && thread::current().name() != Some("main") {
            end();
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(ErrorKind::Internal.exit_code())
}

/// Ends the program from a thread beside a screen: the main thread waits for keys that nobody sees any more, and nothing is
/// written while a screen is shown.
#[expect(clippy::disallowed_methods, reason = "main cannot return, because it does not know of the bug")]
fn end() {
    std::process::exit(i32::from(ErrorKind::Internal.exit_code()));
}

/// Writes what a developer needs: where it happened and how it came there, and none of the arguments.
fn write_report(state: &Utf8Path, info: &PanicHookInfo<'_>) -> Result<Utf8PathBuf> {
    let directory = state.join("reports");
    files::create_private_directory(&directory)?;
    let path = directory.join(format!("{}.txt", clock::now_milliseconds()));
    let mut file = files::write_new(&path, b"", files::PRIVATE)?;
    let (version, system, place) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, info.location().map(ToString::to_string));
    let trace = redaction::redact(&Backtrace::force_capture().to_string());
    writeln!(file, "nixstart {version} on {system}\nat {}\n{trace}", place.unwrap_or_default())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> Result<Utf8PathBuf> {
        let name = format!("nixstart-crash-test-{}", std::process::id());
        Utf8PathBuf::from_path_buf(std::env::temp_dir().join(name)).map_err(|path| Error::failed(format!("{path:?}")))
    }

    #[test]
    fn a_bug_leaves_a_report_and_exit_code_70() {
        assert_eq!(guard_with(state, || 3), 3);
        assert_eq!(guard_with(state, || panic!("a bug")), 70);
        drop(panic::take_hook());
        let directory = state().unwrap();
        let report = directory.join("reports").read_dir_utf8().unwrap().next().unwrap().unwrap().into_path();
        let text = fs_err::read_to_string(report).unwrap();
        fs_err::remove_dir_all(directory).unwrap();
        assert!(text.starts_with(concat!("nixstart ", env!("CARGO_PKG_VERSION"))) && text.contains("crash.rs"), "{text}");
    }
}
