//! One request over HTTPS. curl makes it, because Nix asks as curl does and curl can be held to IPv6; where there is no
//! curl, nixstart asks itself.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::super::Vantage;
use crate::facts::Fact;
use crate::facts::network::reply::{HEAD_LENGTH, TroubleKind};
use crate::facts::network::{Reply, Trouble};
use crate::host::http::{self, CertificateFault, HttpError, Request, Trust};

/// The longest a request may take.
const LONGEST: Duration = Duration::from_secs(5);

/// Addresses a connection may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Those of any family.
    Any,
    /// Those of IPv6 alone.
    Ipv6,
}

/// Gets what is at an address that holds no secret.
pub(super) fn get(vantage: &Vantage, address: &str, family: Family) -> Fact<Reply> {
    if family == Family::Any && vantage.find("curl").is_none() {
        return by_ourselves(vantage, address).into();
    }
    // Curl gives up a little earlier than it is given up on, because it can say why.
    let seconds = format!("{:.1}", vantage.timeout.min(LONGEST).as_secs_f64() * 0.9);
    let mut arguments = vec!["--disable", "--silent", "--show-error", "--dump-header", "-", "--suppress-connect-headers"];
    arguments.extend(["--proto", "=https", "--tlsv1.2", "--location", "--max-redirs", "3"]);
    arguments.extend(["--max-time", &seconds, "--max-filesize", "1048576"]);
    if family == Family::Ipv6 {
        arguments.push("--ipv6");
    }
    arguments.extend(["--", address]);
    vantage.run("curl", &arguments).map(|output| {
        let mut reply = Reply { address: address.to_owned(), ..Reply::default() }.read(&output.stdout);
        reply.seconds_ahead = reply.date.as_deref().and_then(|date| seconds_ahead(date, Timestamp::now()));
        reply.trouble = (!output.is_success()).then(|| Trouble::of_curl(output.code, &output.stderr));
        reply
    })
}

fn by_ourselves(vantage: &Vantage, address: &str) -> Reply {
    let reply = Reply { address: address.to_owned(), ..Reply::default() };
    let patience = vantage.timeout.min(LONGEST);
    let limits = Request::new(address, 1 << 20, &Trust::from_environment());
    match http::get(&Request { deadline: patience, longest_silence: patience, ..limits }) {
        Ok(body) => {
            let text = String::from_utf8_lossy(&body.bytes);
            let body = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(HEAD_LENGTH).collect();
            Reply { status: Some(200), body, ..reply }
        }
        Err(HttpError::Status { status, .. }) => Reply { status: Some(status), ..reply },
        Err(HttpError::CaptivePortal { .. }) => Reply { status: Some(200), body: "<html>".to_owned(), ..reply },
        Err(error) => {
            let text = match &error {
                HttpError::Connection { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            Reply { trouble: Some(Trouble { kind: kind(&error), text: crate::ui::printable(&text) }), ..reply }
        }
    }
}

/// What stands in the way, in the words that curl's answers are judged by.
fn kind(error: &HttpError) -> TroubleKind {
    match error {
        HttpError::HostNotFound { .. } => TroubleKind::UnknownHost,
        // What the standard library says when no name server knows the name, or none answers.
        HttpError::Connection { source, .. } if source.to_string().contains("lookup address") => TroubleKind::UnknownHost,
        HttpError::Proxy { .. } => TroubleKind::Proxy,
        HttpError::TimedOut { .. } | HttpError::Silent { .. } => TroubleKind::TimedOut,
        HttpError::Authorities { .. } | HttpError::NoAuthorities => TroubleKind::AuthoritiesUnusable,
        HttpError::Connection { .. } | HttpError::Truncated { .. } => TroubleKind::NoConnection,
        HttpError::Certificate { fault, .. } => match fault {
            CertificateFault::Expired | CertificateFault::NotYetValid => TroubleKind::CertificateOutOfTime,
            CertificateFault::UnknownAuthority => TroubleKind::CertificateUnknown,
            CertificateFault::OtherName | CertificateFault::Other(_) => TroubleKind::Tls,
        },
        HttpError::Insecure { .. }
        | HttpError::InsecureRedirect { .. }
        | HttpError::TooManyRedirects { .. }
        | HttpError::NoTarget { .. }
        | HttpError::Status { .. }
        | HttpError::CaptivePortal { .. }
        | HttpError::TooLarge { .. }
        | HttpError::Interrupted { .. }
        | HttpError::NotPrivate { .. }
        | HttpError::Disk(_) => TroubleKind::Other,
    }
}

fn seconds_ahead(date: &str, now: Timestamp) -> Option<i64> {
    let server = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(now.as_second().saturating_sub(server.as_second()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn compares_clocks() {
        let now: Timestamp = "2026-11-21T13:10:00Z".parse().unwrap();
        assert_eq!(seconds_ahead("Sat, 21 Nov 2026 13:04:41 GMT", now), Some(319));
        assert_eq!(seconds_ahead("soon", now), None);
    }

    #[test]
    fn without_curl_it_asks_itself() {
        let (_root, vantage) = vantage();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ask = |host: &str| get(&vantage, &format!("https://{host}:{free}/nix-cache-info"), Family::Any);
        let obstacle = |host: &str| ask(host).known().unwrap().obstacle();
        // A machine without authorities does not come as far as the connection.
        let expected = [TroubleKind::NoConnection, TroubleKind::AuthoritiesUnusable];
        assert!(obstacle("127.0.0.1").is_some_and(|kind| expected.contains(&kind)), "{:?}", ask("127.0.0.1"));
        let why = get(&vantage, "https://localhost", Family::Ipv6).get().unwrap_err();
        assert_eq!(why.to_string(), "`curl` is not installed");
    }

    #[test]
    fn says_when_nobody_takes_the_connection() {
        let (_root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), "/usr/bin:/bin".into());
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let reply = get(&vantage, &format!("https://127.0.0.1:{free}/nix-cache-info"), Family::Any);
        // On a machine without curl there is nothing to see.
        let Some(reply) = reply.known() else { return };
        assert_eq!(reply.obstacle(), Some(TroubleKind::NoConnection));
        let plain = get(&vantage, "http://127.0.0.1:1/", Family::Any);
        assert_eq!(plain.known().unwrap().obstacle(), Some(TroubleKind::Other));
    }
}
