//! Waits until everything that was started behind runs, is done, or has failed.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::super::Session;
use crate::backend::site::Site;
use crate::backend::start::{self, Leash};
use crate::backend::{Backend, Follow, Interest, Sink, farewell};
use crate::error::{Error, Result};
use crate::host::clock;
use crate::host::interrupt::{self, Applying};
use crate::process::{Event, Process, ProcessState};
use crate::ui::process_view;

/// How long nothing may happen before somebody looks whether we are to end.
const LOOK: Duration = Duration::from_millis(50);

/// Says what becomes of each process until nothing more is to come, but no longer than somebody wants to wait. Ctrl-C only ends the
/// waiting.
pub(super) fn until_settled(
    (runner, site, leash): (&dyn Backend, &Site, Option<&Leash>),
    patience: Duration,
    session: &mut Session,
) -> Result<()> {
    let _held = Applying::begin();
    let (sender, inbox) = mpsc::channel();
    let sink = Sink { on_lines: Arc::new(drop), on_event: Arc::new(move |event| drop(sender.send(event))) };
    let _watch = runner.watch(Interest { logs: Follow::Nobody, backlog: 0, usage: false }, sink)?;
    let mut known: BTreeMap<String, Process> = BTreeMap::new();
    let (began, asked) = (Instant::now(), clock::now_milliseconds());
    loop {
        match inbox.recv_timeout(LOOK) {
            Ok(Event::Snapshot(processes)) => processes.into_iter().for_each(|process| learn(&mut known, process, session)),
            Ok(Event::Changed(process)) => learn(&mut known, process, session),
            Ok(Event::Ended) if farewell::was_said_since(site, asked) => {
                return Err(Error::failed("everything was stopped meanwhile"));
            }
            Ok(Event::Ended) => return Err(leash.map_or_else(|| start::ended(runner), |leash| leash.ended(site, runner))),
            Ok(Event::LinesLost { .. } | Event::Silent(_)) | Err(_) => {}
        }
        if interrupt::is_interrupted() {
            session.ui.say("They go on behind; `nixstart ps` shows them, `nixstart down` stops them");
            return Ok(());
        }
        if !known.is_empty() && known.values().all(is_settled) {
            break;
        }
        if began.elapsed() >= patience {
            return Err(out_of_patience(&known, patience));
        }
    }
    let failed = known.values().find(|process| process.is_required && process.state == ProcessState::Failed);
    if let Some(failed) = failed {
        return Err(Error::failed(process_view::change(failed))
            .hint(format!("`nixstart logs {}` shows what was said", failed.name))
            .hint("the others go on; `nixstart down` stops them"));
    }
    session.ui.say("`nixstart ps` shows them, `nixstart logs -f` follows what they say, `nixstart down` stops them");
    Ok(())
}

fn out_of_patience(known: &BTreeMap<String, Process>, patience: Duration) -> Error {
    let open: Vec<String> = known.values().filter(|process| !is_settled(process)).map(process_view::change).collect();
    let open = if open.is_empty() { "nothing was told".to_owned() } else { open.join("; ") };
    Error::failed(format!("after {} s not everything runs: {open}", patience.as_secs()))
        .hint("they go on behind; `nixstart ps` shows them, `nixstart down` stops them")
        .hint("`--wait SECONDS` waits longer")
}

/// One with a probe is settled when it is ready.
fn is_settled(process: &Process) -> bool {
    process.state.is_settled() && !(process.has_probe && process.state == ProcessState::Running)
}

fn learn(known: &mut BTreeMap<String, Process>, process: Process, session: &mut Session) {
    let before = known.get(&process.name);
    let is_news = before.is_none_or(|before| before.state != process.state);
    if is_news && !matches!(process.state, ProcessState::Stopped | ProcessState::Disabled | ProcessState::Pending) {
        session.ui.say_beside(&process_view::news(&process), 2);
    }
    known.insert(process.name.clone(), process);
}
