//! The last lines of processes that somebody else runs, kept where ours are: they stay readable when that runner is gone.

use super::site::Site;
use super::{Backend, Kind};
use crate::error::Result;
use crate::host::files;
use crate::host::log_file::{self, LogWriter};
use crate::process::{LogLine, Stream};
use crate::ui::redaction;

/// How many lines of each process: what process-compose remembers.
const LINES: usize = 1000;

/// Keeps what every process has said last, in place of what was kept before. Our own runner does that all the time.
pub(super) fn keep_last_lines(site: &Site, runner: &dyn Backend) -> Result<()> {
    if runner.kind() == Kind::Builtin {
        return Ok(());
    }
    files::create_private_directory(&site.logs)?;
    // Those of the others are kept when one cannot be had.
    let kept: Vec<Result<()>> = runner.list()?.iter().map(|process| keep(site, runner, &process.name)).collect();
    kept.into_iter().collect()
}

fn keep(site: &Site, runner: &dyn Backend, name: &str) -> Result<()> {
    let lines = runner.logs(name, LINES)?;
    let path = log_file::path(&site.logs, name);
    let _none_yet = fs_err::remove_file(&path);
    if lines.is_empty() { Ok(()) } else { write(&mut LogWriter::open(&path)?, &lines) }
}

fn write(writer: &mut LogWriter, lines: &[LogLine]) -> Result<()> {
    for said_together in lines.chunk_by(|line, next| (line.time, line.stream) == (next.time, next.stream)) {
        let texts: Vec<String> = said_together.iter().map(|line| redaction::redact(&line.text)).collect();
        let (time, stream) = said_together.first().map_or((None, Stream::Unknown), |line| (line.time, line.stream));
        writer.append_as_told(stream, time, texts.iter().map(String::as_bytes))?;
    }
    Ok(())
}
