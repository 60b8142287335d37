//! What a server answered to one request, whoever made it.

/// The bytes of a body that are kept.
pub const HEAD_LENGTH: usize = 2048;

/// What came back from one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// What was asked for; without user, password and parameters.
    pub address: String,
    /// The status, when there was an answer.
    pub status: Option<u16>,
    /// The header `Date`, as the server wrote it.
    pub date: Option<String>,
    /// How many seconds the clock of this machine is ahead of the server's.
    pub seconds_ahead: Option<i64>,
    /// The beginning of the body.
    pub body: String,
    /// Why there was no answer.
    pub trouble: Option<Trouble>,
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What stands in the way.
    pub kind: TroubleKind,
    /// What the program that asked says.
    pub text: String,
}

/// What stands in the way of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// The name of the host has no address.
    UnknownHost,
    /// The proxy cannot be reached, or refuses.
    Proxy,
    /// Nobody takes the connection.
    NoConnection,
    /// It took too long.
    TimedOut,
    /// The certificate is expired, or not valid yet, by the clock of this machine.
    CertificateOutOfTime,
    /// The certificate is signed by nobody this machine knows.
    CertificateUnknown,
    /// The file of certificate authorities cannot be used.
    AuthoritiesUnusable,
    /// Something else of TLS.
    Tls,
    /// Anything else.
    Other,
}

impl Reply {
    /// What stands in the way, when something does.
    pub fn obstacle(&self) -> Option<TroubleKind> {
        self.trouble.as_ref().map(|trouble| trouble.kind)
    }

    /// Whether it is what a cache of Nix answers.
    pub fn is_of_a_cache(&self) -> bool {
        self.status == Some(200) && self.body.lines().any(|line| line.starts_with("StoreDir:"))
    }

    /// Whether it is a page for people: what a network asks for before it lets anybody through.
    pub fn is_a_page(&self) -> bool {
        self.body.trim_start().starts_with('<') && matches!(self.status, Some(200..=399 | 511))
    }

    /// The host of the address.
    pub fn host(&self) -> &str {
        let rest = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// Reads what `curl --dump-header -` prints: a block of headers for every hop, then the body of the last.
    #[must_use]
    pub fn read(mut self, printed: &str) -> Self {
        let mut rest = printed;
        while rest.starts_with("HTTP/") {
            let (head, after) = split_head(rest);
            self.status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
            self.date = header(head, "date").map(str::to_owned);
            rest = after;
        }
        self.body = rest.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(HEAD_LENGTH).collect();
        self
    }
}

fn split_head(text: &str) -> (&str, &str) {
    text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(wanted).then_some(value.trim())
    })
}

impl Trouble {
    /// What the exit code and the message of `curl` mean.
    pub fn of_curl(code: Option<i32>, stderr: &str) -> Self {
        let text: String = stderr.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(300).collect();
        let kind = match code {
            Some(5 | 97) => TroubleKind::Proxy,
            Some(6) => TroubleKind::UnknownHost,
            Some(7) => TroubleKind::NoConnection,
            Some(28) => TroubleKind::TimedOut,
            Some(77) => TroubleKind::AuthoritiesUnusable,
            Some(56) if text.contains("CONNECT") => TroubleKind::Proxy,
            Some(60) => kind_of_certificate(&text.to_lowercase()),
            Some(35 | 51 | 53 | 54 | 58 | 59 | 66 | 80 | 82 | 83 | 90 | 91) => TroubleKind::Tls,
            _ => TroubleKind::Other,
        };
        Self { kind, text }
    }
}

/// OpenSSL and Secure Transport name the time; `GnuTLS` says `certificate error, no details available` for one that is not
/// valid yet, and `expired` for one that is not valid any more.
fn kind_of_certificate(text: &str) -> TroubleKind {
    let is_of_time = ["expired", "not yet valid", "not yet activated", "no details available"];
    if is_of_time.iter().any(|words| text.contains(words)) {
        TroubleKind::CertificateOutOfTime
    } else if ["no alternative certificate subject", "does not match"].iter().any(|words| text.contains(words)) {
        TroubleKind::Tls
    } else {
        TroubleKind::CertificateUnknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(printed: &str) -> Reply {
        Reply { address: "https://cache.nixos.org/nix-cache-info".to_owned(), ..Reply::default() }.read(printed)
    }

    #[test]
    fn reads_the_last_of_several_answers() {
        let printed = "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\nHTTP/2 200 \r\nDate: Sat, 21 Nov 2026 13:04:41 GMT\r\n\r\nStoreDir: /nix/store\n";
        let reply = read(printed);
        assert_eq!((reply.status, reply.host()), (Some(200), "cache.nixos.org"));
        assert_eq!(reply.date.as_deref(), Some("Sat, 21 Nov 2026 13:04:41 GMT"));
        assert!(reply.is_of_a_cache() && !reply.is_a_page());
    }

    #[test]
    fn a_page_is_no_cache() {
        let reply = read("HTTP/1.1 200 OK\r\n\r\n\n <html>Log in</html>");
        assert!(reply.is_a_page() && !reply.is_of_a_cache());
        assert!(!read("HTTP/1.1 404 Not Found\r\n\r\n<h1>404</h1>").is_a_page());
    }

    #[test]
    fn knows_what_curl_complains_of() {
        let kind = |code, text: &str| Trouble::of_curl(Some(code), text).kind;
        assert_eq!(kind(6, "curl: (6) Could not resolve host: cache.nixos.org"), TroubleKind::UnknownHost);
        let expired = "curl: (60) SSL certificate problem: certificate has expired";
        assert_eq!(kind(60, expired), TroubleKind::CertificateOutOfTime);
        let unknown = "curl: (60) SSL certificate problem: unable to get local issuer certificate";
        assert_eq!(kind(60, unknown), TroubleKind::CertificateUnknown);
        assert_eq!(kind(56, "curl: (56) CONNECT tunnel failed, response 407"), TroubleKind::Proxy);
        assert_eq!(Trouble::of_curl(None, "").kind, TroubleKind::Other);
    }

    proptest! {
        #[test]
        fn no_answer_breaks_it(printed in "(HTTP/[12] ?[0-9]{0,4}[\r\n:a-z<\u{1b} ]{0,20}){0,4}") {
            let reply = read(&printed);
            prop_assert!(!reply.body.contains(['\x1b', '\r']));
        }
    }
}
