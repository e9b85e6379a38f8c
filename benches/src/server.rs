//! The other process: the same binary, started again with the argument `serve`: an echo server, and as much of an HTTP
//! server as the clients here need. It ends when its input does.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

/// The argument that makes the binary a server.
pub const SERVE: &str = "serve";

/// The servers, for as long as this value lives.
#[derive(Debug)]
pub struct Servers {
    child: Child,
    /// The server's input: it ends with us, however we end.
    input: Option<ChildStdin>,
    /// Sends back whatever comes in.
    pub echo: SocketAddr,
    /// Answers `GET /6` and `GET /5mb`.
    pub http: SocketAddr,
}

impl Servers {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// If the process cannot be started, or does not say where it listens.
    pub fn start() -> io::Result<Self> {
        let mut child =
            Command::new(env::current_exe()?).arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(output).lines();
        let mut address = || {
            let line = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
            line.parse().map_err(|_| io::Error::other(format!("the server says {line:?}, which is no address")))
        };
        let echo = address()?;
        let http = address()?;
        Ok(Self { child, input, echo, http })
    }
}

impl Servers {
    /// The other process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Serves until the input ends.
///
/// # Errors
///
/// If it cannot listen.
pub fn serve() -> io::Result<()> {
    println!("{}", listen(echo)?);
    println!("{}", listen(http)?);
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
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
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}

/// The body of `GET /6`.
pub const SIX: &str = "pontoo";
/// The length of the body of `GET /5mb`.
pub const FIVE_MB: usize = 5 << 20;

fn http(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = |body: &[u8]| {
        let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend(body);
        answer
    };
    let (short, long) = (answer(SIX.as_bytes()), answer(&vec![b'x'; FIVE_MB]));
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    loop {
        let Some(request) = lines.next().transpose()? else { return Ok(()) };
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        stream.write_all(if request.starts_with("GET /5mb ") { &long } else { &short })?;
    }
}
