//! A WebSocket server inside this process: it gives every number back, and sends a series when it is asked to.
#![cfg(feature = "any")]

use crate::client::ITEMS;
use std::{
    io,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};
use tungstenite::Message;

/// The message that is answered with a series.
pub const SERIES: &str = "series";

/// The server. It ends with this value, and so do its connections.
#[derive(Debug)]
pub struct WebSocketServer {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    ended: bool,
    connections: Vec<TcpStream>,
}

impl WebSocketServer {
    /// Listens.
    ///
    /// # Errors
    ///
    /// If the port is taken.
    pub fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let shared = Arc::<Mutex<Shared>>::default();
        let theirs = shared.clone();
        let listener = thread::Builder::new().name("websocket".into()).spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut shared = theirs.lock().unwrap_or_else(PoisonError::into_inner);
                if shared.ended {
                    return;
                }
                if let Ok(kept) = connection.try_clone() {
                    shared.connections.push(kept);
                    // Without a thread, the connection ends.
                    let _ = thread::Builder::new().name("websocket".into()).spawn(move || {
                        serve(&connection);
                        // There is another handle of it, so it does not end by itself.
                        let _ = connection.shutdown(Shutdown::Both);
                    });
                }
            }
        })?;
        Ok(Self { port, shared, listener: Some(listener) })
    }
}

impl Drop for WebSocketServer {
    fn drop(&mut self) {
        {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.ended = true;
            for connection in &shared.connections {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        // Wakes it from `accept`; the port is free when it has ended.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn serve(connection: &TcpStream) {
    let _ = connection.set_nodelay(true);
    let Ok(mut socket) = tungstenite::accept(connection) else { return };
    while let Ok(message) = socket.read() {
        let sent = match &message {
            Message::Text(text) if text.as_str() == SERIES => {
                (1..=ITEMS).try_for_each(|number| socket.send(Message::text(number.to_string())))
            }
            Message::Text(_) => socket.send(message),
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}
