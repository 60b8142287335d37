//! A stand-in for Discord on the loopback interface: its REST API and its gateway, as far as a bot meets them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::Message;

use super::{APPLICATION_ID, GUILD_ID};

/// What a bot did.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It identified itself at the gateway with a token.
    Identified(String),
    /// It sent a request.
    Request { method: String, path: String, authorization: String, body: Value },
}

/// A running stand-in.
pub(crate) struct Discord {
    port: u16,
    seen: Receiver<Seen>,
}

impl Discord {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, seen) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                thread::spawn(move || serve(stream, port, &sender));
            }
        });
        Self { port, seen }
    }

    /// The value of `DISCORD_API` that leads here.
    pub(crate) fn api(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// Waits until the bot has done something, and returns what was made of it.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, what: &str, found: impl Fn(Seen) -> Option<T>) -> T {
        loop {
            match self.seen.recv_timeout(Duration::from_secs(60)) {
                Ok(seen) => {
                    if let Some(found) = found(seen) {
                        return found;
                    }
                }
                Err(_) => panic!("the bot never {what}"),
            }
        }
    }
}

fn serve(mut stream: TcpStream, port: u16, seen: &Sender<Seen>) {
    let mut head = [0; 4096];
    let count = loop {
        let Ok(count) = stream.peek(&mut head) else { return };
        if count == 0 {
            return;
        }
        if head[..count].windows(4).any(|window| window == b"\r\n\r\n") {
            break count;
        }
        thread::yield_now();
    };
    let text = String::from_utf8_lossy(&head[..count]).to_lowercase();
    if text.contains("upgrade: websocket") {
        gateway(stream, seen);
    } else {
        while rest(&mut stream, port, seen).is_some() {}
    }
}

fn gateway(stream: TcpStream, seen: &Sender<Seen>) {
    let mut socket = tungstenite::accept(stream).unwrap();
    let send =
        |socket: &mut tungstenite::WebSocket<TcpStream>, value: Value| socket.send(Message::text(value.to_string())).is_ok();
    send(&mut socket, json!({ "op": 10, "d": { "heartbeat_interval": 45000 } }));
    while let Ok(message) = socket.read() {
        let Ok(text) = message.to_text() else { continue };
        let Ok(payload) = serde_json::from_str::<Value>(text) else { continue };
        match payload["op"].as_u64() {
            Some(1) => {
                send(&mut socket, json!({ "op": 11 }));
            }
            Some(2) => {
                seen.send(Seen::Identified(payload["d"]["token"].as_str().unwrap_or_default().to_owned())).unwrap();
                send(&mut socket, ready());
                send(&mut socket, ping_command());
            }
            _ => {}
        }
    }
}

fn user() -> Value {
    json!({ "id": APPLICATION_ID, "username": "bot", "discriminator": "0000", "avatar": null, "bot": true, "global_name": null })
}

fn ready() -> Value {
    json!({ "op": 0, "s": 1, "t": "READY", "d": {
        "v": 10, "user": user(), "guilds": [], "session_id": "s", "resume_gateway_url": "ws://127.0.0.1:9", "application": { "id": APPLICATION_ID, "flags": 0 },
    } })
}

/// Somebody types `/ping`.
fn ping_command() -> Value {
    let someone =
        json!({ "id": "1100000000000000009", "username": "someone", "discriminator": "0", "avatar": null, "global_name": null });
    json!({ "op": 0, "s": 2, "t": "INTERACTION_CREATE", "d": {
        "id": "1100000000000000003", "application_id": APPLICATION_ID, "type": 2, "token": "interaction", "version": 1, "locale": "en-US",
        "channel_id": "1100000000000000004", "channel": { "id": "1100000000000000004", "type": 1 }, "user": someone, "app_permissions": "0",
        "entitlements": [], "authorizing_integration_owners": {}, "context": 1, "attachment_size_limit": 1,
        "data": { "id": "1100000000000000005", "name": "ping", "type": 1 },
    } })
}

/// Answers one request; `None` when the connection is at its end.
fn rest(stream: &mut TcpStream, port: u16, seen: &Sender<Seen>) -> Option<()> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let header = |name: &str| {
        head.lines().find_map(|line| {
            line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        })
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, answer) = answer(&method, &path, port, &body);
    seen.send(Seen::Request { method, path, authorization: header("authorization").unwrap_or_default(), body }).ok()?;
    let content = answer.map_or_else(String::new, |answer| answer.to_string());
    let kind = if content.is_empty() { "" } else { "content-type: application/json\r\n" };
    write!(stream, "HTTP/1.1 {status} OK\r\n{kind}content-length: {}\r\n\r\n{content}", content.len()).ok()
}

fn answer(method: &str, path: &str, port: u16, body: &Value) -> (u16, Option<Value>) {
    if path.ends_with("/gateway/bot") {
        let limit = json!({ "total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1 });
        return (200, Some(json!({ "url": format!("ws://127.0.0.1:{port}"), "shards": 1, "session_start_limit": limit })));
    }
    match method {
        "PUT" if path.contains("/commands") => (200, Some(body.clone())),
        "GET" | "PATCH" if path.contains("/messages/") => (200, Some(message())),
        "POST" if path.contains("/callback") && path.contains("with_response=true") => (
            200,
            Some(
                json!({ "interaction": { "id": "1100000000000000003", "type": 2, "response_message_id": "1100000000000000006" }, "resource": { "type": 4, "message": message() } }),
            ),
        ),
        _ => (204, None),
    }
}

fn message() -> Value {
    json!({
        "id": "1100000000000000006", "channel_id": "1100000000000000004", "author": user(), "content": "", "timestamp": "2026-01-01T00:00:00.000Z",
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "pinned": false, "type": 0, "guild_id": GUILD_ID,
    })
}
