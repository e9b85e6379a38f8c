//! What the servers inside this process have in common: a thread that accepts, and one for each client.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Listens on the loopback, and serves every client on a thread of its own. It ends with the process.
pub(super) fn serve(client: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let client = client.clone();
            // A client that goes is no error.
            thread::spawn(move || client(socket));
        }
    });
    Ok(address)
}
