//! How one finds out whether a service is ready or alive.

use std::time::Duration;

use super::command::Command;
use super::fields::Fields;

/// How one finds out whether a service is ready, or alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is done.
    pub check: Check,
    /// How long after the start the first check is.
    pub initial_delay: Duration,
    /// The time from one check to the next.
    pub period: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// How many failures in a row say that it is not.
    pub retries: u32,
    /// How long after the start failures do not count.
    pub start_period: Duration,
}

/// What a probe does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Runs a command, which has to end with exit code 0.
    Exec(Command),
    /// Sends a GET request.
    Http {
        /// `http` or `https`.
        scheme: Scheme,
        /// Where, `127.0.0.1` unless declared.
        host: String,
        /// The port.
        port: u16,
        /// What is asked for; begins with `/`.
        path: String,
        /// The status that is wanted; any from 200 to 399 when there is none.
        status: Option<u16>,
    },
    /// Opens a connection.
    Tcp {
        /// Where, `127.0.0.1` unless declared.
        host: String,
        /// The port.
        port: u16,
    },
    /// Waits for a line of the service's output in which this regular expression is found.
    LogLine(String),
    /// Waits for the service to say so itself, as `sd_notify` does.
    Notify,
}

/// The scheme of an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The word for it in the file and in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.word() == word)
    }
}

impl Probe {
    const EXPECTED: &'static str = "a table with one of `exec`, `http`, `tcp`, `log_line` and `notify`";
    const LOOPBACK: &'static str = "127.0.0.1";

    /// A probe with the usual times.
    pub fn new(check: Check) -> Self {
        Self {
            check,
            initial_delay: Duration::ZERO,
            period: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
            retries: 3,
            start_period: Duration::ZERO,
        }
    }

    /// Reads a probe, which has exactly one check.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let kinds = ["exec", "http", "tcp", "log_line", "notify"].into_iter().filter(|kind| fields.has(kind)).count();
        if kinds != 1 {
            fields.wrong(Self::EXPECTED);
        }
        let exec = fields.command("exec").map(Check::Exec);
        let http = fields.table("http", Self::http).flatten();
        let tcp = fields.table("tcp", Self::tcp).flatten();
        let log_line = fields.word("log_line", "a regular expression", |text| {
            regex_lite::Regex::new(text).is_ok().then(|| Check::LogLine(text.to_owned()))
        });
        let notify = fields.get("notify", "`true`", |value| (value.as_bool() == Some(true)).then_some(Check::Notify));
        let check = exec.or(http).or(tcp).or(log_line).or(notify);
        let usual = Self::new(Check::Notify);
        let times = Self {
            initial_delay: fields.duration("initial_delay").unwrap_or(usual.initial_delay),
            period: fields.positive_duration("period").unwrap_or(usual.period),
            timeout: fields.positive_duration("timeout").unwrap_or(usual.timeout),
            retries: fields.count("retries").unwrap_or(usual.retries),
            start_period: fields.duration("start_period").unwrap_or(usual.start_period),
            ..usual
        };
        Some(Self { check: check?, ..times })
    }

    fn http(fields: &mut Fields<'_, '_>) -> Option<Check> {
        let scheme = fields.word("scheme", "`http` or `https`", Scheme::parse).unwrap_or_default();
        let host = Self::host(fields);
        let path = fields.word("path", "a path such as `/health`", |path| is_target(path).then(|| path.to_owned()));
        let status = fields.get("status", "a number from 100 to 599", |value| {
            value.as_integer().and_then(|status| u16::try_from(status).ok()).filter(|status| (100..600).contains(status))
        });
        let port = fields.required_port("port")?;
        Some(Check::Http { scheme, host, port, path: path.unwrap_or_else(|| "/".to_owned()), status })
    }

    fn tcp(fields: &mut Fields<'_, '_>) -> Option<Check> {
        let host = Self::host(fields);
        Some(Check::Tcp { host, port: fields.required_port("port")? })
    }

    fn host(fields: &mut Fields<'_, '_>) -> String {
        let host = fields.word("host", "a host name or an address", |host| is_host(host).then(|| host.to_owned()));
        host.unwrap_or_else(|| Self::LOOPBACK.to_owned())
    }
}

/// Whether a text can stand in a request line.
fn is_target(path: &str) -> bool {
    path.starts_with('/') && path.chars().all(|c| c.is_ascii_graphic() && c != '#')
}

/// Whether a text can stand in a `Host` header and in front of a port.
fn is_host(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::super::tests::{NONE, must_be, of_web, set};
    use super::*;

    #[test]
    fn every_kind_of_readiness_is_read() {
        let check = |toml: &str| {
            let set = set(&format!("[web]\ncommand = 'x'\nreadiness = {{ {toml} }}"));
            set.get("web").unwrap().readiness.clone().unwrap().check
        };
        assert_eq!(check("exec = 'a && b'"), Check::Exec(Command::Shell("a && b".into())));
        assert_eq!(check("tcp = { port = 5432 }"), Check::Tcp { host: "127.0.0.1".into(), port: 5432 });
        assert_eq!(check("log_line = 'ready in \\d+'"), Check::LogLine("ready in \\d+".into()));
        assert_eq!(check("notify = true"), Check::Notify);
        let http = Check::Http { scheme: Scheme::Http, host: "127.0.0.1".into(), port: 1, path: "/".into(), status: None };
        assert_eq!(check("http = { port = '1' }"), http);
    }

    #[test]
    fn a_probe_has_one_check_that_can_be_made() {
        let one = "a table with one of `exec`, `http`, `tcp`, `log_line` and `notify`";
        assert_eq!(of_web("readiness = {}"), must_be("readiness", one));
        assert_eq!(of_web("readiness = { notify = true, tcp.port = 1 }"), must_be("readiness", one));
        assert_eq!(of_web("readiness = { notify = false }"), must_be("readiness.notify", "`true`"));
        assert_eq!(of_web("readiness.http = {}"), must_be("readiness.http.port", "a port from 1 to 65535"));
        let http = |field: &str| of_web(&format!("readiness.http = {{ port = 1, {field} }}"));
        for path in ["'health'", "'/a b'", "\"/a\\r\\nX: y\"", "'/ä'", "'/#x'"] {
            assert_eq!(http(&format!("path = {path}")), must_be("readiness.http.path", "a path such as `/health`"), "{path}");
        }
        for host in ["''", "'a b'", "'a/b'", "\"a\\r\\n\""] {
            assert_eq!(http(&format!("host = {host}")), must_be("readiness.http.host", "a host name or an address"), "{host}");
        }
        assert_eq!(http("host = '::1'"), NONE);
        assert_eq!(http("status = 99"), must_be("readiness.http.status", "a number from 100 to 599"));
        assert_eq!(http("scheme = 'ftp'"), must_be("readiness.http.scheme", "`http` or `https`"));
        assert_eq!(of_web("readiness.log_line = '('"), must_be("readiness.log_line", "a regular expression"));
        assert_eq!(of_web("liveness = {}"), must_be("liveness", one));
    }
}
