//! Asks a server of one's own whether it is there: one request, no redirects, no body.

use std::time::Duration;

use super::HttpError;
use super::agent::probing;

/// The status of a GET request. Certificates are not looked at: what is asked for is a sign of life.
pub fn status(url: &str, timeout: Duration) -> Result<u16, HttpError> {
    let answer = probing(timeout).get(url).call();
    let answer = answer.map_err(|error| match error {
        ureq::Error::Timeout(_) => HttpError::TimedOut { url: url.to_owned(), seconds: timeout.as_secs() },
        ureq::Error::Io(source) => HttpError::Connection { url: url.to_owned(), source },
        other => HttpError::of(url, other),
    });
    Ok(answer?.status().as_u16())
}
