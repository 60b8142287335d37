//! A port that a service listens on.

use toml::Value;

use super::fields::{Entry, port_of};

/// A port that a service listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Where the service listens.
    pub port: u16,
    /// Where the machine listens for it, when the service has a network of its own (a container).
    pub host_port: Option<u16>,
    /// What is spoken below.
    pub protocol: Protocol,
    /// Who may connect.
    pub expose: Expose,
}

/// What carries the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// A stream.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

/// Who may connect to a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expose {
    /// The other services.
    Internal,
    /// This machine.
    #[default]
    Local,
    /// Everybody.
    Public,
}

impl Protocol {
    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp].into_iter().find(|protocol| protocol.word() == word)
    }
}

impl Expose {
    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Local => "local",
            Self::Public => "public",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Internal, Self::Local, Self::Public].into_iter().find(|expose| expose.word() == word)
    }
}

impl Port {
    /// Reads `3000` or `{ port = 3000, … }`.
    pub(super) fn read(entry: &mut Entry<'_, '_>) -> Option<Self> {
        let whole = |port| Self { port, host_port: None, protocol: Protocol::Tcp, expose: Expose::Local };
        match entry.value() {
            Value::Table(_) => entry
                .table(|fields| {
                    let host_port = fields.port("host_port");
                    let protocol = fields.word("protocol", "`tcp` or `udp`", Protocol::parse).unwrap_or_default();
                    let expose = fields.word("expose", "`internal`, `local` or `public`", Expose::parse).unwrap_or_default();
                    Some(Self { host_port, protocol, expose, ..whole(fields.required_port("port")?) })
                })
                .flatten(),
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
                entry.read("a port, or a table such as `{ port = 3000 }`", port_of).map(whole)
            }
        }
    }

    /// Where the machine listens.
    pub fn on_host(&self) -> u16 {
        self.host_port.unwrap_or(self.port)
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::super::tests::{NONE, must_be, of_web};

    #[test]
    fn ports_are_ports() {
        let port = "a port from 1 to 65535";
        for wrong in ["0", "70000", "-1", "'x'", "'8080:80'", "''", "1.5"] {
            assert_eq!(of_web(&format!("ports.http = {{ port = {wrong} }}")), must_be("ports.http.port", port), "{wrong}");
        }
        assert_eq!(of_web("ports.http = 0"), must_be("ports.http", "a port, or a table such as `{ port = 3000 }`"));
        assert_eq!(of_web("ports.http = {}"), must_be("ports.http.port", port));
        assert_eq!(of_web("ports = [3000]"), must_be("ports", "a table"));
        assert_eq!(of_web("ports.http = { port = 1, protocol = 'sctp' }"), must_be("ports.http.protocol", "`tcp` or `udp`"));
        assert_eq!(
            of_web("ports.http = { port = 1, expose = true }"),
            must_be("ports.http.expose", "`internal`, `local` or `public`")
        );
        assert_eq!(of_web("ports.http = { port = '3002' }"), NONE);
    }
}
