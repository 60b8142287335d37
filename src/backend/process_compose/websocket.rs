//! The streams of process-compose.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{HandshakeError, Message, WebSocket};

use super::client::{Client, TOKEN_HEADER};
use crate::backend::RunnerError;
use crate::backend::ending::{Ending, Held};
use crate::host::peer::Peer;

/// How long the other side may take to agree.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// A frame is a line of a log in JSON; one that is larger ends the stream.
const MOST_BYTES: usize = 16 << 20;
/// What is read at once.
const BUFFER: usize = 32 << 10;

/// An open stream. It is closed when the watch ends.
pub(super) struct Frames {
    socket: WebSocket<Peer>,
    place: String,
    _held: Held,
}

/// What came of asking for a stream.
pub(super) enum Opened {
    /// It is open.
    Open(Box<Frames>),
    /// This process-compose has none.
    Unsupported,
}

/// What came next.
pub(super) enum Next {
    /// A frame.
    Frame(Value),
    /// One that is not understood.
    Nonsense,
    /// Nothing, for as long as was waited.
    Nothing,
}

/// Opens a stream.
pub(super) fn open(client: &Client, path: &str, ending: &Arc<Ending>) -> Result<Opened, RunnerError> {
    let place = client.endpoint.to_string();
    let broken = |reason: String| RunnerError::Broken { place: place.clone(), reason };
    let peer = Peer::connect(&client.endpoint)?;
    let held = ending.hold(&peer);
    let io = |error: std::io::Error| RunnerError::of_io(place.clone(), &error);
    peer.set_timeouts(Some(HANDSHAKE), Some(HANDSHAKE)).map_err(io)?;
    let mut request = format!("ws://localhost{path}").into_client_request().map_err(|error| broken(error.to_string()))?;
    if let Some(token) = &client.token {
        let value = token.expose_secret().parse();
        let mut value: tungstenite::http::HeaderValue =
            value.ok().ok_or_else(|| broken("the token has a character that no header carries".to_owned()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(TOKEN_HEADER, value);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MOST_BYTES))
        .max_frame_size(Some(MOST_BYTES));
    match tungstenite::client::client_with_config(request, peer, Some(config)) {
        Ok((socket, _)) => Ok(Opened::Open(Box::new(Frames { socket, place, _held: held }))),
        Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) if answer.status() == 401 => {
            Err(RunnerError::Unauthorized { place })
        }
        Err(HandshakeError::Failure(tungstenite::Error::Http(_))) => Ok(Opened::Unsupported),
        Err(HandshakeError::Failure(tungstenite::Error::Io(error))) => Err(RunnerError::of_io(place, &error)),
        Err(HandshakeError::Interrupted(_)) => Err(RunnerError::Silent { place, seconds: HANDSHAKE.as_secs() }),
        Err(HandshakeError::Failure(error)) => Err(broken(error.to_string())),
    }
}

impl Frames {
    /// Waits for the next frame.
    pub(super) fn next(&mut self, patience: Option<Duration>) -> Result<Next, RunnerError> {
        let place = || self.place.clone();
        let patience = patience.map(|patience| patience.max(Duration::from_millis(1)));
        self.socket.get_ref().set_timeouts(patience, Some(HANDSHAKE)).map_err(|error| RunnerError::of_io(place(), &error))?;
        match self.socket.read() {
            Ok(Message::Text(text)) => Ok(serde_json::from_str(&text).map_or(Next::Nonsense, Next::Frame)),
            Ok(_) => Ok(Next::Nonsense),
            Err(tungstenite::Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(Next::Nothing)
            }
            Err(error) => Err(RunnerError::Broken { place: place(), reason: error.to_string() }),
        }
    }

    /// Another handle of the connection, to end it by.
    pub(super) fn peer(&self) -> Option<Peer> {
        self.socket.get_ref().try_clone().ok()
    }
}
