//! What the peers talk to: an echo server and an HTTP server in this process, and those of `tests/clients`.

use crate::daemons::{Kind, end_all, shared};
use std::{
    collections::BTreeMap,
    env, fmt, fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process, thread,
};

/// The body of `GET /6`.
pub const SIX: &str = "pontoo";

/// What a peer needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The echo server: there is always one.
    Echo,
    /// The HTTP server: there is always one.
    Http,
    /// A directory with files.
    Files,
    /// PostgreSQL.
    Postgres,
    /// The message bus.
    DBus,
}

impl Need {
    fn kind(self) -> Option<Kind> {
        match self {
            Self::Postgres => Some(Kind::Postgres),
            Self::DBus => Some(Kind::DBus),
            Self::Echo | Self::Http | Self::Files => None,
        }
    }

    /// Why it is not to be had here, if so.
    pub fn missing(self) -> Option<String> {
        self.kind().and_then(Kind::missing)
    }
}

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Gives back what comes in.
    pub echo: SocketAddr,
    /// `GET /6`, `GET /lines`, and `GET /moved`, which leads to the first.
    pub http: SocketAddr,
    /// A directory with some files.
    pub files: PathBuf,
    /// The ports of PostgreSQL and of the bus; 0 where there is none.
    pub ports: [u16; 2],
}

impl Addresses {
    /// Starts what those need.
    ///
    /// # Errors
    ///
    /// What a server said instead of being ready.
    pub fn start(needs: impl IntoIterator<Item = Need>) -> Result<Self, String> {
        let mut ports = BTreeMap::new();
        for need in needs {
            if let (Some(kind), None) = (need.kind(), need.missing()) {
                ports.insert(need, shared(kind)?);
            }
        }
        let said = |error: io::Error| error.to_string();
        let files = env::temp_dir().join(format!("pontoon-peers-{}", process::id()));
        fs::create_dir_all(&files).map_err(said)?;
        for name in ["one", "two", "three", "four"] {
            fs::write(files.join(name), SIX).map_err(said)?;
        }
        let port = |need| ports.get(&need).copied().unwrap_or(0);
        Ok(Self {
            echo: listen(echo).map_err(said)?,
            http: listen(http).map_err(said)?,
            files,
            ports: [port(Need::Postgres), port(Need::DBus)],
        })
    }

    /// Ends the servers, and removes the files.
    pub fn end(&self) {
        end_all();
        let _ = fs::remove_dir_all(&self.files);
    }

    /// PostgreSQL, as its clients like to have it.
    pub fn postgres(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.ports[0])
    }

    /// The bus, likewise.
    pub fn bus(&self) -> String {
        format!("tcp:host=127.0.0.1,port={}", self.ports[1])
    }

    /// From what [`Display`](fmt::Display) gave.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(5, ' ');
        Some(Self {
            echo: words.next()?.parse().ok()?,
            http: words.next()?.parse().ok()?,
            ports: [words.next()?.parse().ok()?, words.next()?.parse().ok()?],
            files: words.next()?.into(),
        })
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [postgres, bus] = self.ports;
        write!(f, "{} {} {postgres} {bus} {}", self.echo, self.http, self.files.display())
    }
}

fn listen(handle: fn(TcpStream) -> io::Result<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no trouble.
            thread::spawn(move || handle(stream));
        }
    });
    Ok(address)
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 256];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}

fn http(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        match request.split(' ').nth(1) {
            Some("/lines") => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
                for number in 1..=50 {
                    let line = format!("line {number}\n");
                    stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())?;
                }
                stream.write_all(b"0\r\n\r\n")?;
            }
            Some("/moved") => {
                stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /6\r\ncontent-length: 0\r\n\r\n")?;
            }
            _ => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{SIX}", SIX.len())?,
        }
    }
    Ok(())
}
