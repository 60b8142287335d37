//! A stand-in for devenv's own manager, which cannot be had without its binary cache: it says what was recorded of the real one, in
//! pieces of any size, and does what a manager should not.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

/// What it does with a question. Whatever it keeps open of the stream stays open.
type Answer = dyn Fn(&Value, &mut UnixStream) + Send + Sync;

/// A directory that a manager runs in, and the manager while it lives.
pub(crate) struct Manager {
    directory: tempfile::TempDir,
    asked: Arc<Mutex<Vec<Value>>>,
    open: Arc<Mutex<Vec<UnixStream>>>,
    is_over: Arc<AtomicBool>,
}

impl Manager {
    /// A directory without a manager.
    pub(crate) fn none() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("processes/logs")).unwrap();
        Self { directory, asked: Arc::default(), open: Arc::default(), is_over: Arc::default() }
    }

    pub(crate) fn runtime(&self) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.directory.path().canonicalize().unwrap()).unwrap()
    }

    pub(crate) fn socket(&self) -> Utf8PathBuf {
        self.runtime().join("processes/native.sock")
    }

    pub(crate) fn log(&self, name: &str) -> Utf8PathBuf {
        self.runtime().join("processes/logs").join(name)
    }

    /// Begins to answer.
    pub(crate) fn start(&mut self, answer: impl Fn(&Value, &mut UnixStream) + Send + Sync + 'static) {
        let _stale = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        self.is_over = Arc::default();
        let (asked, open, is_over) = (Arc::clone(&self.asked), Arc::clone(&self.open), Arc::clone(&self.is_over));
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                open.lock().unwrap().push(stream.try_clone().unwrap());
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &asked, &*answer));
            }
        });
    }

    /// Dies: the socket stays and nobody listens.
    pub(crate) fn die(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _closed_already = stream.shutdown(std::net::Shutdown::Both);
        }
        // Wakes whoever listens, so that it sees that it is over.
        while UnixStream::connect(self.socket()).is_ok() {}
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: UnixStream, asked: &Mutex<Vec<Value>>, answer: &Answer) {
    let mut line = String::new();
    if BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let question: Value = serde_json::from_str(&line).unwrap();
    asked.lock().unwrap().push(question.clone());
    answer(&question, &mut stream);
    // `attach` leaves it to others to close.
    if question["command"] != "attach" {
        let _closed_already = stream.shutdown(std::net::Shutdown::Both);
    }
}

/// Sends a line.
pub(crate) fn say(stream: &mut UnixStream, answer: &Value) {
    let _gone = stream.write_all(format!("{answer}\n").as_bytes());
}

/// Sends bytes in pieces.
pub(crate) fn dribble(stream: &mut UnixStream, bytes: &[u8], piece: usize) {
    for piece in bytes.chunks(piece) {
        if stream.write_all(piece).is_err() {
            return;
        }
    }
}

/// A process as a manager tells it.
pub(crate) fn info(name: &str, phase: &str) -> Value {
    json!({"name": name, "phase": phase, "restart_count": 0, "ports": []})
}

/// What a manager says to a question that it does not know.
pub(crate) fn unknown(question: &Value) -> Value {
    let variant = question["command"].as_str().unwrap();
    json!({"status": "error", "message": format!("invalid request: unknown variant `{variant}`, expected `wait` at line 1 column 17")})
}

/// The files of the recordings.
pub(crate) fn recorded(name: &str) -> String {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/devenv").join(name);
    std::fs::read_to_string(path).unwrap()
}
