//! Finds out whether a service is ready.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::program::{self, Surroundings};
use crate::host::http;
use crate::host::paths;
use crate::process::supervision::Run;
use crate::service::{Check, Probe, Scheme, Service};
use crate::ui::redaction;

/// Asks once: ready, or why not.
pub(super) fn ask(service: &Service, probe: &Probe, run: Run, surroundings: &Surroundings) -> Result<(), String> {
    let answer = match &probe.check {
        Check::Exec(command) => {
            program::perform(service, command, (&surroundings.mark_of(run.index), probe.timeout), surroundings)
        }
        Check::Http { scheme, host, port, path, status } => http_status(&url(*scheme, (host, *port), path), probe.timeout)
            .and_then(|answered| match status {
                Some(wanted) if *wanted != answered => Err(format!("answers {answered}, not {wanted}")),
                None if !(200..400).contains(&answered) => Err(format!("answers {answered}")),
                Some(_) | None => Ok(()),
            }),
        Check::Tcp { host, port } => connect(host, *port, probe.timeout),
        // Its lines are looked at as they come; that it says so itself is not listened to.
        Check::LogLine(_) | Check::Notify => Ok(()),
    };
    answer.map_err(|why| redaction::redact(&why))
}

fn url(scheme: Scheme, (host, port): (&str, u16), path: &str) -> String {
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    format!("{}://{host}:{port}{path}", scheme.word())
}

fn http_status(url: &str, timeout: Duration) -> Result<u16, String> {
    http::status(url, timeout).map_err(|error| match error {
        http::HttpError::TimedOut { .. } => format!("no answer within {} s", timeout.as_secs_f32()),
        http::HttpError::Connection { source, .. } => paths::reason(&source),
        other => other.to_string(),
    })
}

fn connect(host: &str, port: u16, timeout: Duration) -> Result<(), String> {
    let host = host.trim_matches(['[', ']']);
    let addresses = (host, port).to_socket_addrs().map_err(|error| format!("`{host}` is unknown: {}", paths::reason(&error)))?;
    let mut last = Err(format!("`{host}` has no address"));
    for address in addresses {
        last = TcpStream::connect_timeout(&address, timeout).map(drop).map_err(|error| paths::reason(&error));
        if last.is_ok() {
            break;
        }
    }
    last
}
