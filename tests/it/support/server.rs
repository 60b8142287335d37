//! A server on the loopback interface that does what servers and networks do wrong, with TLS and without.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server answers to a path.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Everything, with its length.
    Whole(Vec<u8>),
    /// Everything, in chunks.
    Chunked(Vec<u8>),
    /// A body that ends before the length that was announced.
    Short(Vec<u8>),
    /// Chunks without an end.
    CutChunks(Vec<u8>),
    /// The page of a captive portal.
    Page,
    /// The same page, called a file.
    PageAsFile,
    /// A redirect.
    Redirect(String),
    /// A status and headers.
    Status(u16, &'static [(&'static str, &'static str)]),
    /// A piece again and again, so slowly that it takes for ever.
    Drip(Vec<u8>, Duration),
    /// Nothing, for as long as the client waits.
    Silence,
    /// The connection is closed at once.
    Closed,
}

/// How the server proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Not at all: no TLS.
    None,
    /// With a certificate of the authority in [`Server::authority`].
    Good,
    /// With one that has expired.
    Expired,
    /// With one that is not valid yet.
    NotYetValid,
    /// With one for the name `other.example`.
    OtherName,
    /// With one that it signed itself.
    SelfSigned,
}

/// Paths and what is answered to them, one answer after the other; the last one stays.
type Routes = Vec<(String, Vec<Answer>)>;

/// A running server. It ends with the test.
pub(crate) struct Server {
    port: u16,
    identity: Identity,
    folder: tempfile::TempDir,
    asked: Arc<Mutex<Vec<String>>>,
    routes: Arc<Mutex<Routes>>,
}

impl Server {
    pub(crate) fn start(identity: Identity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let tls = (identity != Identity::None).then(|| Arc::new(tls(identity, &folder.path().join("authority.pem"))));
        let (asked, routes) = (Arc::default(), Arc::default());
        let server = Self { port, identity, folder, asked, routes };
        let (asked, routes) = (Arc::clone(&server.asked), Arc::clone(&server.routes));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (tls, asked, routes) = (tls.clone(), Arc::clone(&asked), Arc::clone(&routes));
                // A client that goes away in the middle is what most of these tests are about.
                thread::spawn(move || drop(serve(stream, tls, &asked, &routes)));
            }
        });
        server
    }

    /// A server without TLS that answers to one path.
    pub(crate) fn plain(path: &str, answer: Answer) -> Self {
        let server = Self::start(Identity::None);
        server.answers(path, &[answer]);
        server
    }

    /// Sets what is answered to a path.
    pub(crate) fn answers(&self, path: &str, answers: &[Answer]) {
        let mut routes = self.routes.lock().unwrap();
        routes.retain(|(known, _)| known != path);
        routes.push((path.to_owned(), answers.to_vec()));
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.identity == Identity::None { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }

    /// The file with the certificate of the authority that signs for it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A proxy that leads every connection to one server. Returns its address, and what it is asked to connect to.
pub(crate) fn proxy_to(server: &Server) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = mpsc::channel();
    let port = server.port;
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            thread::spawn(move || drop(tunnel(client, port, &sender)));
        }
    });
    (address, asked)
}

fn tunnel(mut client: TcpStream, port: u16, sender: &Sender<String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let _test_is_over = sender.send(first);
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    std::io::copy(&mut server, &mut client).map(drop)
}

/// A certificate for the server, and the authority's beside it in a file.
fn tls(identity: Identity, authority_file: &Path) -> ServerConfig {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "An authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&authority_key).unwrap();
    std::fs::write(authority_file, pem(certificate.der())).unwrap();
    let issuer = Issuer::new(authority, authority_key);

    let name = if identity == Identity::OtherName { "other.example" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let (from, to) = match identity {
        Identity::Expired => (2020, 2021),
        Identity::NotYetValid => (2098, 2099),
        _ => (2020, 2099),
    };
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = if identity == Identity::SelfSigned { params.self_signed(&key) } else { params.signed_by(&key, &issuer) };
    let chain = vec![certificate.unwrap().der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap()
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    asked: &Mutex<Vec<String>>,
    routes: &Mutex<Routes>,
) -> std::io::Result<()> {
    let mut stream: Box<dyn Stream> = match tls {
        Some(config) => Box::new(StreamOwned::new(ServerConnection::new(config).map_err(std::io::Error::other)?, stream)),
        None => Box::new(stream),
    };
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines.by_ref() {
        if line?.is_empty() {
            break;
        }
    }
    drop(lines);
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    if path.is_empty() {
        return Ok(());
    }
    let answer = next_answer(&path, routes);
    asked.lock().unwrap().push(path);
    answer_with(&mut *stream, &answer)?;
    stream.flush()
}

fn next_answer(path: &str, routes: &Mutex<Routes>) -> Answer {
    let mut routes = routes.lock().unwrap();
    let Some((_, answers)) = routes.iter_mut().find(|(known, _)| known == path) else { return Answer::Status(404, &[]) };
    if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
}

const PAGE: &[u8] = b"<!DOCTYPE html>\n<html><body>Welcome to the airport. Please log in.</body></html>\n";

fn answer_with(stream: &mut dyn Stream, answer: &Answer) -> std::io::Result<()> {
    let file = "Content-Type: application/octet-stream\r\n";
    match answer {
        Answer::Whole(bytes) => {
            head(stream, 200, &format!("{file}Content-Length: {}\r\n", bytes.len())).and_then(|()| stream.write_all(bytes))
        }
        Answer::Short(bytes) => {
            head(stream, 200, &format!("{file}Content-Length: {}\r\n", bytes.len() + 1)).and_then(|()| stream.write_all(bytes))
        }
        Answer::Chunked(bytes) => chunks(stream, bytes).and_then(|()| stream.write_all(b"0\r\n\r\n")),
        Answer::CutChunks(bytes) => chunks(stream, bytes),
        Answer::Page => {
            head(stream, 200, &format!("Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n", PAGE.len()))
                .and_then(|()| stream.write_all(PAGE))
        }
        Answer::PageAsFile => {
            head(stream, 200, &format!("{file}Content-Length: {}\r\n", PAGE.len())).and_then(|()| stream.write_all(PAGE))
        }
        Answer::Redirect(to) => head(stream, 302, &format!("Location: {to}\r\nContent-Length: 0\r\n")),
        Answer::Status(status, headers) => {
            let headers = headers.iter().fold(String::new(), |text, (name, value)| text + &format!("{name}: {value}\r\n"));
            head(stream, *status, &format!("{headers}Content-Length: 0\r\n"))
        }
        Answer::Drip(piece, pause) => {
            head(stream, 200, &format!("{file}Content-Length: 9000000\r\n"))?;
            loop {
                stream.write_all(piece)?;
                stream.flush()?;
                thread::sleep(*pause);
            }
        }
        Answer::Silence => stream.read(&mut [0]).map(drop),
        Answer::Closed => Ok(()),
    }
}

fn head(stream: &mut dyn Stream, status: u16, headers: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} Whatever\r\n{headers}Connection: close\r\n\r\n")
}

fn chunks(stream: &mut dyn Stream, bytes: &[u8]) -> std::io::Result<()> {
    head(stream, 200, "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n")?;
    for chunk in bytes.chunks(700) {
        write!(stream, "{:x}\r\n", chunk.len())?;
        stream.write_all(chunk)?;
        stream.write_all(b"\r\n")?;
    }
    Ok(())
}
