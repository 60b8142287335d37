//! One transfer: a thread talks to the server, and whoever asked keeps the time, so that nothing that a server does or
//! leaves undone can hold Ctrl-C up.

use std::io::{self, Read};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::{Response, header};

use super::agent::agent;
use super::{HttpError, Request, redirect};

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;
/// How often the time is looked at.
const PAUSE: Duration = Duration::from_millis(20);
/// How many bytes go from one thread to the other at once.
const PIECE: usize = 64 * 1024;
/// So many pieces wait for the disk at most.
const WAITING: usize = 4;
/// By so many first bytes a web page is known.
const HEAD: u64 = 512;

/// What the thread has to tell.
enum Told {
    Begin { total: Option<u64>, from: String },
    Bytes(Vec<u8>),
    End(Result<(), HttpError>),
}

/// What is done with each piece of the answer, and with how many bytes the server says there are.
pub(super) type OnPiece<'a> = &'a mut dyn FnMut(&[u8], Option<u64>) -> Result<(), HttpError>;

/// Fetches, and hands each piece of the answer on. It returns `Ok` only when the answer was whole, with the address that
/// redirects led to.
pub(super) fn run(request: &Request, on_piece: OnPiece<'_>) -> Result<String, HttpError> {
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    let asked = request.clone();
    // It is not waited for: it ends with its next piece or with the deadline.
    thread::Builder::new().name("download".to_owned()).spawn(move || {
        let end = fetch(&asked, &sender);
        let _nobody_waits = sender.send(Told::End(end));
    })?;
    let began = Instant::now();
    let (mut latest, mut total, mut came_from) = (began, None, request.url.clone());
    loop {
        stop_when_over(request, began, latest)?;
        match receiver.recv_timeout(PAUSE) {
            Ok(Told::Begin { total: announced, from }) => (total, came_from) = (announced, from),
            Ok(Told::Bytes(piece)) => {
                latest = Instant::now();
                on_piece(&piece, total)?;
            }
            Ok(Told::End(end)) => return end.map(|()| came_from),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let source = io::Error::other("the transfer ended unexpectedly");
                return Err(HttpError::Connection { url: request.url.clone(), source });
            }
        }
    }
}

fn stop_when_over(request: &Request, began: Instant, latest: Instant) -> Result<(), HttpError> {
    let url = request.url.clone();
    if (request.is_stopped)() {
        return Err(HttpError::Interrupted { url });
    }
    if began.elapsed() >= request.deadline {
        return Err(late(request, &request.url));
    }
    if latest.elapsed() >= request.longest_silence {
        return Err(HttpError::Silent { url, seconds: request.longest_silence.as_secs() });
    }
    Ok(())
}

fn fetch(request: &Request, sender: &SyncSender<Told>) -> Result<(), HttpError> {
    let mut url = request.url.clone();
    if !redirect::is_allowed(&url, &request.trust) {
        return Err(HttpError::Insecure { url });
    }
    for _ in 0..=MOST_REDIRECTS {
        let response = ask(request, &url)?;
        match response.status().as_u16() {
            200 => return receive(request, &url, response, sender),
            301 | 302 | 303 | 307 | 308 => {
                url = redirect::next(&url, header_of(&response, header::LOCATION.as_str()), &request.trust)?;
            }
            // Network Authentication Required, RFC 6585.
            511 => return Err(HttpError::CaptivePortal { url }),
            status => {
                let retry_after = header_of(&response, header::RETRY_AFTER.as_str()).map(crate::ui::printable);
                return Err(HttpError::Status { url, status, retry_after });
            }
        }
    }
    Err(HttpError::TooManyRedirects { url: request.url.clone(), most: MOST_REDIRECTS })
}

fn ask(request: &Request, url: &str) -> Result<Response<Body>, HttpError> {
    let agent = agent(url, &request.trust, (request.deadline, concat!("nixstart/", env!("CARGO_PKG_VERSION"))))?;
    agent.get(url).call().map_err(|error| match error {
        ureq::Error::Timeout(_) => late(request, url),
        other => HttpError::of(url, other),
    })
}

fn late(request: &Request, url: &str) -> HttpError {
    HttpError::TimedOut { url: url.to_owned(), seconds: request.deadline.as_secs() }
}

fn header_of<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Hands the body on. A page, too much and too little are told apart.
fn receive(request: &Request, url: &str, response: Response<Body>, sender: &SyncSender<Told>) -> Result<(), HttpError> {
    let is_page = header_of(&response, header::CONTENT_TYPE.as_str()).is_some_and(is_type_of_page);
    let announced = header_of(&response, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
    let mut reader = response.into_body().into_reader();
    let mut received = 0;
    let cut_off = |received: u64, source: io::Error| cut_off(request, url, received, source);
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| cut_off(0, error))?;
    if is_page || is_start_of_page(&head) {
        return Err(HttpError::CaptivePortal { url: url.to_owned() });
    }
    let _nobody_waits = sender.send(Told::Begin { total: announced, from: url.to_owned() });
    let mut piece = head;
    loop {
        received += piece.len() as u64;
        if received.max(announced.unwrap_or_default()) > request.most_bytes {
            return Err(HttpError::TooLarge { url: url.to_owned(), most: request.most_bytes });
        }
        let is_end = piece.is_empty();
        if is_end || sender.send(Told::Bytes(piece)).is_err() {
            break;
        }
        piece = vec![0; PIECE];
        let count = reader.read(&mut piece).map_err(|error| cut_off(received, error))?;
        piece.truncate(count);
    }
    match announced {
        Some(length) if length != received => {
            Err(cut_off(received, io::Error::new(io::ErrorKind::UnexpectedEof, format!("{length} bytes were announced"))))
        }
        Some(_) | None => Ok(()),
    }
}

fn cut_off(request: &Request, url: &str, received: u64, source: io::Error) -> HttpError {
    let is_late = source.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    if matches!(is_late, Some(ureq::Error::Timeout(_))) {
        return late(request, url);
    }
    HttpError::Truncated { url: url.to_owned(), received, source }
}

fn is_type_of_page(content_type: &str) -> bool {
    let name = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(name.as_str(), "text/html" | "application/xhtml+xml")
}

fn is_start_of_page(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let start = text.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|tag| start.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_web_page_by_its_type_and_by_its_beginning() {
        for content_type in ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"] {
            assert!(is_type_of_page(content_type), "{content_type}");
        }
        for head in ["<!DOCTYPE html>", "\u{feff}\r\n <HTML lang=en>", "<?xml version=\"1.0\"?><html/>"] {
            assert!(is_start_of_page(head.as_bytes()), "{head}");
        }
        for head in ["#!/bin/sh\n# <html>", "\u{7f}ELF", "", "<"] {
            assert!(!is_start_of_page(head.as_bytes()), "{head}");
        }
        assert!(!is_type_of_page("application/octet-stream"));
    }
}
