//! One request over HTTPS. curl makes it while nixstart has no client of its own; whoever makes it fills in a [`Reply`].

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::super::Vantage;
use crate::facts::Fact;
use crate::facts::network::{Reply, Trouble};

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

fn seconds_ahead(date: &str, now: Timestamp) -> Option<i64> {
    let server = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(now.as_second().saturating_sub(server.as_second()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::super::tests::vantage;
    use super::*;
    use crate::facts::network::reply::TroubleKind;

    #[test]
    fn compares_clocks() {
        let now: Timestamp = "2026-11-21T13:10:00Z".parse().unwrap();
        assert_eq!(seconds_ahead("Sat, 21 Nov 2026 13:04:41 GMT", now), Some(319));
        assert_eq!(seconds_ahead("soon", now), None);
    }

    #[test]
    fn without_curl_nothing_is_asked() {
        let (_root, vantage) = vantage();
        let why = get(&vantage, "https://localhost", Family::Any).get().unwrap_err();
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
