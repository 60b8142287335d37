//! One question to an API, with a credential in its header: answered once, never redirected, over before one gets impatient.

use std::io::Read;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use ureq::http::{HeaderValue, header};

use super::agent::agent;
use super::{HttpError, Trust, redirect};

/// No answer takes longer.
const DEADLINE: Duration = Duration::from_secs(5);
/// No answer is larger.
const MOST_BYTES: u64 = 1 << 20;

/// What is asked.
pub struct Call<'a> {
    /// The address.
    pub url: &'a str,
    /// What stands in `Authorization:`.
    pub authorization: &'a SecretString,
    /// What we call ourselves.
    pub user_agent: &'a str,
    /// Whose certificates are believed.
    pub trust: &'a Trust,
}

/// What is answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Retry-After:`
    pub retry_after: Option<String>,
    /// The body, when it is JSON.
    pub body: Value,
}

/// Asks. Whatever goes wrong, the error does not hold the credential.
pub fn call(call: &Call<'_>) -> Result<Reply, HttpError> {
    let url = call.url;
    if !redirect::is_allowed(url, call.trust) {
        return Err(HttpError::Insecure { url: url.to_owned() });
    }
    let unspeakable = || HttpError::Connection {
        url: url.to_owned(),
        source: std::io::Error::other("the credential has a character that no header carries"),
    };
    let Ok(mut authorization) = HeaderValue::from_str(call.authorization.expose_secret()) else { return Err(unspeakable()) };
    authorization.set_sensitive(true);
    let answer =
        agent(url, call.trust, (DEADLINE, call.user_agent))?.get(url).header(header::AUTHORIZATION, authorization).call();
    let response = answer.map_err(|error| match error {
        ureq::Error::Timeout(_) => HttpError::TimedOut { url: url.to_owned(), seconds: DEADLINE.as_secs() },
        other => HttpError::of(url, other),
    })?;
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(crate::ui::printable);
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    let read = response.into_body().into_reader().take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(|source| HttpError::Truncated { url: url.to_owned(), received: bytes.len() as u64, source })?;
    Ok(Reply { status, retry_after, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}
