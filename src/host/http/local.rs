//! One question over HTTP to a program of this machine, which may listen on a socket in place of a port. No proxy, no redirect,
//! no TLS: nothing leaves the machine.

use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ureq::Agent;
use ureq::http::{HeaderValue, Request, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

use crate::host::peer::{Endpoint, Peer, PeerError};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// Whom.
    pub endpoint: &'a Endpoint,
    /// `GET`, `POST` and the like.
    pub method: &'a str,
    /// The path, encoded.
    pub path: &'a str,
    /// A header with a secret.
    pub credential: Option<(&'static str, &'a SecretString)>,
    /// What is sent, as JSON; nothing when left out.
    pub body: Option<&'a str>,
    /// How long it may take in all.
    pub deadline: Duration,
    /// An answer with more bytes is refused.
    pub most_bytes: u64,
}

/// What is answered.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The body.
    pub bytes: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// There is no connection.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// It takes too long.
    #[error("`{place}` did not answer within {seconds} s")]
    TimedOut {
        /// Who.
        place: String,
        /// The limit.
        seconds: u64,
    },
    /// What comes is no answer.
    #[error("`{place}` answers with what is not HTTP: {reason}")]
    Broken {
        /// Who.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

/// Asks, over a connection of its own.
pub fn exchange(exchange: Exchange<'_>) -> Result<Response, ExchangeError> {
    let peer = Peer::connect(exchange.endpoint)?;
    let place = || exchange.endpoint.to_string();
    let broken = |reason: String| ExchangeError::Broken { place: place(), reason };
    let judged = |error: ureq::Error| match error {
        ureq::Error::Timeout(_) => ExchangeError::TimedOut { place: place(), seconds: exchange.deadline.as_secs() },
        other => broken(other.to_string()),
    };
    let mut request = Request::builder()
        .method(exchange.method)
        .uri(format!("http://localhost{}", exchange.path))
        .header("connection", "close");
    if let Some((name, secret)) = exchange.credential {
        let value = HeaderValue::from_str(secret.expose_secret());
        let mut value = value.ok().ok_or_else(|| broken("the token has a character that no header carries".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    if exchange.body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let request = request.body(exchange.body.unwrap_or_default().to_owned()).map_err(|error| broken(error.to_string()))?;
    let answer = agent(peer, exchange.deadline).run(request).map_err(judged)?;
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    let body = answer.into_body().into_reader();
    let read = body.take(exchange.most_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => judged(ureq::Error::Timeout(ureq::Timeout::Global)),
        _ => broken(error.to_string()),
    })?;
    if bytes.len() as u64 > exchange.most_bytes {
        return Err(broken("the answer is too large".to_owned()));
    }
    Ok(Response { status, bytes })
}

/// An agent for one connection, which is there already: what goes wrong in connecting is told apart from what goes wrong after.
fn agent(peer: Peer, deadline: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(deadline))
        .allow_non_standard_methods(false)
        .proxy(None)
        .build();
    Agent::with_parts(config, Connected(Mutex::new(Some(peer))), Nowhere)
}

#[derive(Debug)]
struct Connected(Mutex<Option<Peer>>);

impl Connector<()> for Connected {
    type Out = Carrier;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Carrier>, ureq::Error> {
        let peer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        peer.map(|peer| Carrier { peer, buffers }).map(Some).ok_or(ureq::Error::ConnectionFailed)
    }
}

/// There is nothing to resolve.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &ureq::config::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

#[derive(Debug)]
struct Carrier {
    peer: Peer,
    buffers: LazyBuffers,
}

impl Carrier {
    fn limit(&self, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let limit = timeout.not_zero().map(|limit| *limit);
        Ok(self.peer.set_timeouts(limit, limit)?)
    }
}

/// A timeout of a socket is said as if it would block.
fn told(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}

impl Transport for Carrier {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.limit(timeout)?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.peer.write_all(output).map_err(|error| told(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.limit(timeout)?;
        let amount = loop {
            match self.peer.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| told(error, timeout))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use camino::Utf8PathBuf;

    use super::*;

    const ANSWER: &str = "HTTP/1.1 207 Multi-Status\r\nContent-Length: 2\r\n\r\n{}";

    fn ask(endpoint: &Endpoint, deadline: Duration, most_bytes: u64) -> Result<Response, ExchangeError> {
        let token = SecretString::from("a token");
        let (path, body) = ("/process/stop/a%2Fb", Some("[]"));
        let credential = Some(("X-Token", &token));
        exchange(Exchange { endpoint, method: "PATCH", path, credential, body, deadline, most_bytes })
    }

    /// Answers one question and returns it. The header may come in a piece of its own.
    fn serve(mut stream: impl Read + Write, answer: &str) -> String {
        let mut asked = Vec::new();
        while !asked.ends_with(b"[]") {
            let mut piece = [0; 1024];
            let amount = stream.read(&mut piece).unwrap();
            asked.extend_from_slice(&piece[..amount]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap().to_lowercase()
    }

    fn socket() -> (tempfile::TempDir, Endpoint, UnixListener) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("s")).unwrap();
        let listener = UnixListener::bind(&path).unwrap();
        (directory, Endpoint::Socket(path), listener)
    }

    #[test]
    fn asks_over_a_socket_and_over_a_port() {
        let (_directory, endpoint, listener) = socket();
        let of_socket = thread::spawn(move || serve(listener.accept().unwrap().0, ANSWER));
        let answer = ask(&endpoint, Duration::from_secs(5), 100).unwrap();
        assert_eq!((answer.status, answer.bytes.as_slice()), (207, &b"{}"[..]));
        let asked = of_socket.join().unwrap();
        assert!(asked.starts_with("patch /process/stop/a%2fb http/1.1\r\n") && asked.contains("x-token: a token\r\n"), "{asked}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let endpoint = Endpoint::Port(listener.local_addr().unwrap());
        let of_port = thread::spawn(move || serve(listener.accept().unwrap().0, ANSWER));
        assert_eq!(ask(&endpoint, Duration::from_secs(5), 100).unwrap().status, 207);
        of_port.join().unwrap();
    }

    #[test]
    fn what_says_nothing_what_is_no_answer_and_what_is_too_large_are_told_apart() {
        let (_directory, endpoint, listener) = socket();
        let silent = ask(&endpoint, Duration::from_millis(30), 100).unwrap_err();
        assert!(matches!(silent, ExchangeError::TimedOut { .. }), "{silent}");
        drop(listener.accept().unwrap());
        let answers = thread::spawn(move || {
            for answer in ["SSH-2.0-OpenSSH\r\n\r\n", ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"] {
                serve(listener.accept().unwrap().0, answer);
            }
        });
        for most_bytes in [100, 1, 100] {
            let error = ask(&endpoint, Duration::from_secs(5), most_bytes).unwrap_err();
            assert!(matches!(error, ExchangeError::Broken { .. }), "{error}");
        }
        answers.join().unwrap();
        assert!(matches!(ask(&endpoint, Duration::from_secs(5), 1), Err(ExchangeError::Peer(error)) if error.is_gone()));
    }
}
