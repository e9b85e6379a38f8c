//! A deliberately plain HTTP server: std only, a thread per connection. It counts what it sees.

use std::{
    collections::HashSet,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How many lines the body of `/lines` has.
pub(crate) const LINES: usize = 624;

/// The line with that number, counted from one.
pub(crate) fn line(number: usize) -> String {
    format!("line {number} of {LINES}: the quick brown fox jumps over the lazy dog")
}

/// Serves `/login`, `/lines` and `/logout` on a port of the loopback interface, as long as the process lives.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    opened: usize,
    closed: usize,
    downloads: usize,
    logged_in: HashSet<String>,
}

impl Server {
    pub(crate) fn start() -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = shared.clone();
                thread::spawn(move || serve(stream?, &seen));
            }
        });
        Ok(Server { address, seen })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many sessions were opened, and how many closed.
    pub(crate) fn sessions(&self) -> (usize, usize) {
        let seen = self.seen.lock().unwrap();
        (seen.opened, seen.closed)
    }

    pub(crate) fn downloads(&self) -> usize {
        self.seen.lock().unwrap().downloads
    }
}

/// Answers the requests of one connection until the client hangs up.
fn serve(stream: TcpStream, seen: &Mutex<Seen>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = Request::read(&mut reader)? {
        answer(&stream, &request, seen)?;
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, request: &Request, seen: &Mutex<Seen>) -> io::Result<()> {
    let mut seen = seen.lock().unwrap();
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/login") => {
            seen.opened += 1;
            let token = format!("session-{}", seen.opened);
            seen.logged_in.insert(token.clone());
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{token}", token.len())
        }
        ("POST", "/logout") if seen.logged_in.remove(&request.token) => {
            seen.closed += 1;
            write!(stream, "HTTP/1.1 204 No Content\r\n\r\n")
        }
        ("GET", "/lines") if seen.logged_in.contains(&request.token) => {
            seen.downloads += 1;
            drop(seen);
            send_lines(stream)
        }
        (_, "/lines" | "/logout") => {
            write!(stream, "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
        }
        _ => write!(stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
    }
}

/// A chunked body, in pieces that end wherever they end: in the middle of a line, most of the time.
fn send_lines(mut stream: &TcpStream) -> io::Result<()> {
    let body: String = (1..=LINES).map(|number| line(number) + "\n").collect();
    write!(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
    for piece in body.as_bytes().chunks(1000) {
        write!(stream, "{:x}\r\n", piece.len())?;
        stream.write_all(piece)?;
        write!(stream, "\r\n")?;
    }
    write!(stream, "0\r\n\r\n")
}

struct Request {
    method: String,
    path: String,
    token: String,
}

impl Request {
    /// The next request of a connection, or none where the client hung up between two.
    fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
        let Some(first) = reader.lines().next().transpose()? else {
            return Ok(None);
        };
        let mut words = first.split(' ').map(str::to_owned);
        let method = words.next().unwrap_or_default();
        let path = words.next().unwrap_or_default();
        let (mut token, mut length) = (String::new(), 0);
        for header in reader.lines() {
            let header = header?;
            match header.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    token = value.trim().trim_start_matches("Bearer ").to_owned();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
                Some(_) => {}
                None => break,
            }
        }
        io::copy(&mut reader.take(length), &mut io::sink())?;
        Ok(Some(Request { method, path, token }))
    }
}
