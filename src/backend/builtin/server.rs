//! The socket of the runner: a thread for everybody who connects, and a message for each request.

use std::io::{self, BufReader, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::message::{Client, Message};
use super::outbox;
use super::protocol::{self, Answer, Request};

/// How long somebody may take to say what they want, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is waited when nobody can be let in, because too many files are open.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the last thing that is said may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Those who are being served: one for the caller, one for the listener, one for each of them.
#[derive(Debug, Clone)]
pub(super) struct Served(Arc<()>);

impl Served {
    /// Waits until everybody has been told everything, but for nobody long.
    pub(super) fn finish(&self) {
        let deadline = Instant::now() + LAST_WORDS;
        while Arc::strong_count(&self.0) > 2 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Listens on a socket in a directory that is ours alone. Whoever holds the lock of the runner may take an old one away.
/// Returns what tells how many are still being served.
pub(super) fn listen(socket: &Utf8Path, inbox: &Sender<Message>) -> io::Result<Served> {
    match fs_err::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    let inbox = inbox.clone();
    let served = Served(Arc::new(()));
    let each = served.clone();
    thread::spawn(move || {
        for (id, stream) in (0..).zip(listener.incoming()) {
            let Ok(stream) = stream else {
                thread::sleep(PAUSE);
                continue;
            };
            let (inbox, one) = (inbox.clone(), each.clone());
            thread::spawn(move || {
                let _their_loss = serve(stream, id, &inbox);
                drop(one);
            });
        }
    });
    Ok(served)
}

fn serve(stream: UnixStream, id: u64, inbox: &Sender<Message>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let request = match protocol::read::<Request>(&mut reader) {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(()),
        Err(error) => {
            let message = format!("the runner does not understand this: {error}; stop it and start it again");
            return protocol::write(&mut writer, &Answer::Error { message });
        }
    };
    let is_watch = matches!(request, Request::Watch { .. });
    let (answers, answered) = outbox::outbox();
    if inbox.send(Message::Asked(request, Client { id, answers })).is_err() {
        return Ok(());
    }
    if is_watch {
        // Whoever watches may be stopped for a while, or have a lot to do: that is no end.
        let _no_limit = writer.set_write_timeout(None);
        notice_the_end(reader, id, inbox.clone());
    }
    for answer in answered {
        let written = protocol::write(&mut writer, &answer);
        if !is_watch || written.is_err() {
            let _closed = writer.shutdown(std::net::Shutdown::Both);
            return written;
        }
    }
    let _closed = writer.shutdown(std::net::Shutdown::Both);
    Ok(())
}

/// Whoever watches says nothing more; the end of what they say is theirs.
fn notice_the_end(mut reader: BufReader<UnixStream>, id: u64, inbox: Sender<Message>) {
    thread::spawn(move || {
        let _no_limit = reader.get_ref().set_read_timeout(None);
        let mut nothing = [0; 64];
        loop {
            match reader.read(&mut nothing) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
        }
        let _runner_is_gone = inbox.send(Message::Gone(id));
    });
}
