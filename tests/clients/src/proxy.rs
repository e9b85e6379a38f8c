//! A proxy on the loopback that holds requests back when it is told to: a server as slow as a test wants it, without a
//! clock. It also knows how many are connected.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Stands between the clients and one server. Dropping it ends the connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Requests are held back.
    holds: bool,
    /// How many pieces of requests have been held back since the last [`Proxy::hold`].
    held: usize,
    ended: bool,
    connections: Vec<Connection>,
    last: u64,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    /// The client's end.
    client: TcpStream,
    /// The client has it open.
    open: bool,
    /// One of both ends is gone.
    over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let result = f(&mut self.state());
        self.changed.notify_all();
        result
    }

    fn until(&self, mut done: impl FnMut(&mut State) -> bool) {
        let _state =
            self.changed.wait_while(self.state(), |state| !done(state)).unwrap_or_else(PoisonError::into_inner);
    }
}

impl Proxy {
    /// A proxy before the server on that port.
    ///
    /// # Errors
    ///
    /// If it cannot listen.
    pub fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::<Shared>::default();
        let theirs = shared.clone();
        thread::Builder::new().name("proxy".into()).spawn(move || accept(&listener, server, &theirs))?;
        Ok(Self { port, shared })
    }

    /// Where clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, the server gets no requests but those that the proxy has already.
    pub fn hold(&self) {
        self.shared.change(|state| {
            state.holds = true;
            state.held = 0;
        });
    }

    /// Lets the requests through, those that were held back too.
    pub fn pass(&self) {
        self.shared.change(|state| state.holds = false);
    }

    /// Waits until a request is held back.
    pub fn until_held(&self) {
        self.shared.until(|state| state.held > 0);
    }

    /// How many clients are connected.
    pub fn open(&self) -> usize {
        self.shared.state().connections.iter().filter(|connection| connection.open).count()
    }

    /// Waits until every client has closed its connections.
    pub fn until_all_closed(&self) {
        self.shared.until(|state| state.connections.iter().all(|connection| !connection.open));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.ended = true;
            state.holds = false;
            for connection in &state.connections {
                let _ = connection.client.shutdown(Shutdown::Both);
            }
        });
        // Wakes it from `accept`.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn accept(listener: &TcpListener, server: u16, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.state().ended {
            return;
        }
        // Where there is no server, the client's connection ends at once.
        if let (Ok(client), Ok(server)) = (client, TcpStream::connect((Ipv4Addr::LOCALHOST, server))) {
            // What cannot be copied ends.
            let _ = connect(client, server, shared);
        }
    }
}

fn connect(client: TcpStream, server: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut answers, mut requests) = (server.try_clone()?, client.try_clone()?);
    let kept = client.try_clone()?;
    let id = shared.change(|state| {
        state.last += 1;
        state.connections.push(Connection { id: state.last, client: kept, open: true, over: false });
        state.last
    });
    let (theirs, mut client, mut server) = (shared.clone(), client, server);
    thread::Builder::new().name("proxy answers".into()).spawn(move || {
        let _ = io::copy(&mut answers, &mut client);
        // The server is gone: the client hears of it, and what is held back has nobody to go to.
        theirs.change(|state| connection(state, id).over = true);
        let _ = client.shutdown(Shutdown::Write);
    })?;
    let theirs = shared.clone();
    thread::Builder::new().name("proxy requests".into()).spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = requests.read(&mut bytes) {
            // What was on its way before the hold passes: it is not what is waited for, and would keep that from coming.
            let held = theirs.change(|state| {
                state.held += usize::from(state.holds);
                state.holds
            });
            if held {
                theirs.until(|state| !state.holds || connection(state, id).over);
            }
            // A server that is gone takes nothing; the client is listened to until it leaves, too.
            let _ = server.write_all(&bytes[..length]);
        }
        theirs.change(|state| connection(state, id).open = false);
        let _ = server.shutdown(Shutdown::Write);
    })?;
    Ok(())
}

fn connection(state: &mut State, id: u64) -> &mut Connection {
    state.connections.iter_mut().find(|connection| connection.id == id).expect("a connection that was made")
}
