//! The servers, started on free ports of the loopback with their files in a directory that is removed afterwards. Each
//! is ready when it says so itself.
//!
//! Other packages of the workspace have this file, too, each with what it has of its own in a module `own` beside it.

use super::own;
use Kind::*;
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use std::{
    any::Any,
    collections::{BTreeMap, VecDeque},
    env, fs,
    io::{self, BufRead as _, BufReader, Read},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long a server may take to say that it is ready.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// redis-server.
    Redis,
    /// PostgreSQL.
    Postgres,
    /// nginx.
    Nginx,
    /// The message bus.
    DBus,
    /// nats-server.
    Nats,
    /// mosquitto.
    Mosquitto,
    /// A server inside this process, from the module `own`.
    InProcess,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [Redis, Postgres, Nginx, DBus, Nats, Mosquitto, InProcess];

    /// Its program, and the Debian package that has it.
    pub fn program(self) -> (&'static str, &'static str) {
        match self {
            Redis => ("redis-server", "redis-server"),
            Postgres => ("postgres", "postgresql"),
            Nginx => ("nginx", "nginx-light"),
            DBus => ("dbus-daemon", "dbus"),
            Nats => ("nats-server", "nats-server"),
            Mosquitto => ("mosquitto", "mosquitto"),
            InProcess => ("in-process", ""),
        }
    }

    /// Why it cannot be started here, if so.
    pub fn missing(self) -> Option<String> {
        let (program, package) = self.program();
        if self == InProcess {
            return None;
        }
        if find(program).is_none() {
            return Some(format!("no {program} here (Debian: {package})"));
        }
        (self == Postgres).then(other_user)?.err()
    }

    /// What it says of its version.
    pub fn version(self) -> Option<String> {
        let argument = match self {
            Nginx => "-v",
            Mosquitto => "-h",
            InProcess => return None,
            _ => "--version",
        };
        let output = Command::new(find(self.program().0)?).arg(argument).output().ok()?;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        text.lines().find(|line| line.contains(|c: char| c.is_ascii_digit())).map(str::to_owned)
    }

    /// A part of the line that it says when it is ready.
    fn ready(self) -> &'static str {
        match self {
            Redis => "Ready to accept connections",
            Postgres => "database system is ready to accept connections",
            Nginx => "event method",
            DBus => "tcp:host=",
            Nats => "Server is ready",
            Mosquitto => " running",
            InProcess => "",
        }
    }
}

/// Where a program is.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]).collect();
    // Distributions keep PostgreSQL's versions apart.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    places.into_iter().map(|place| place.join(program)).find(|file| file.is_file())
}

/// The user that PostgreSQL runs as, where this one is root: it refuses that.
fn other_user() -> Result<Option<User>, String> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
    user.map(Some).ok_or_else(|| "PostgreSQL refuses to run as root, and there is no other user".into())
}

/// A server that was started. It ends with this value.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    port: u16,
    directory: PathBuf,
    running: Option<Running>,
}

#[derive(Debug)]
enum Running {
    Process(Process),
    Inside(#[expect(dead_code, reason = "held until it is dropped")] Box<dyn Any + Send>),
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// What it said instead of being ready.
    pub fn start(kind: Kind) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let directory = base().join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
        let mut server = Self { kind, port: 0, directory, running: None };
        server.prepare().map_err(|error| format!("{kind:?}: {error}"))?;
        // The port may be taken between the look and the start.
        let mut start = || {
            server.port = free_port()?;
            server.restart()
        };
        let started: Result<(), io::Error> = start().or_else(|_| start());
        started.map_err(|error| format!("{kind:?} does not start: {error}"))?;
        Ok(server)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process that it is, unless it is this one.
    pub fn process(&self) -> Option<u32> {
        match &self.running {
            Some(Running::Process(process)) => Some(process.child.id()),
            Some(Running::Inside(_)) | None => None,
        }
    }

    /// Ends it at once. Its port and its files stay.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again after a [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// What it said instead of being ready.
    pub fn restart(&mut self) -> io::Result<()> {
        if self.kind == InProcess {
            self.running = Some(Running::Inside(own::server(self.port)?));
            return Ok(());
        }
        let mut command = self.command()?;
        command.current_dir(&self.directory).env("LC_ALL", "C");
        self.running = Some(Running::Process(Process::start(&mut command, self.kind)?));
        Ok(())
    }

    /// The files that it needs once.
    fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        if self.kind == Nginx {
            for (name, content) in own::files() {
                fs::write(self.directory.join(name), content)?;
            }
        }
        if self.kind == Postgres {
            let mut command = self.postgres("initdb")?;
            command.args(["--auth=trust", "--username=postgres", "--no-sync", "--locale=C", "--encoding=UTF8"]);
            let made = command.stdout(Stdio::null()).output()?;
            if !made.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
            }
        }
        Ok(())
    }

    fn command(&self) -> io::Result<Command> {
        let (port, directory) = (self.port.to_string(), &self.directory);
        let mut command = Command::new(find(self.kind.program().0).ok_or(io::ErrorKind::NotFound)?);
        match self.kind {
            Redis => {
                command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port]);
            }
            Postgres => {
                command = self.postgres("postgres")?;
                command.args(["-F", "-h", "127.0.0.1", "-p", &port, "-k", ""]);
            }
            Nginx => {
                fs::write(directory.join("nginx.conf"), nginx(directory, &port))?;
                command.args(["-e", "stderr", "-c"]).arg(directory.join("nginx.conf")).arg("-p").arg(directory);
            }
            DBus => {
                fs::write(directory.join("bus.conf"), BUS.replace("PORT", &port))?;
                command.args(["--nofork", "--nopidfile", "--nosyslog", "--print-address"]);
                command.arg(format!("--config-file={}", directory.join("bus.conf").display()));
            }
            Nats => {
                command.args(["-a", "127.0.0.1", "-p", &port]);
            }
            Mosquitto => {
                let file = directory.join("mosquitto.conf");
                fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n"))?;
                command.arg("-c").arg(file);
            }
            InProcess => return Err(io::Error::other("it is no program")),
        }
        Ok(command)
    }

    /// A program of PostgreSQL's on this server's data.
    fn postgres(&self, program: &str) -> io::Result<Command> {
        let data = self.directory.join("data");
        fs::create_dir_all(&data)?;
        let mut command = Command::new(find(program).ok_or(io::ErrorKind::NotFound)?);
        command.current_dir(&data).arg("-D").arg(&data);
        if let Some(user) = other_user().map_err(io::Error::other)? {
            chown(&data, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        Ok(command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// One process, no daemon; `/ask/7` gives `7`.
fn nginx(directory: &Path, port: &str) -> String {
    let root = directory.display();
    format!(
        "daemon off; master_process off; pid {root}/pid; error_log stderr notice;
        events {{ worker_connections 256; }}
        http {{
            access_log off; root {root};
            client_body_temp_path {root}/1; proxy_temp_path {root}/2; fastcgi_temp_path {root}/3;
            uwsgi_temp_path {root}/4; scgi_temp_path {root}/5;
            server {{
                listen 127.0.0.1:{port};
                location ~ ^/ask/(\\d+)$ {{ return 200 $1; }}
            }}
        }}"
    )
}

/// A bus that lets anybody in, so that its clients may come through a proxy.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>tcp:host=127.0.0.1,port=PORT,family=ipv4</listen>
  <auth>ANONYMOUS</auth>
  <allow_anonymous/>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn base() -> PathBuf {
    env::temp_dir().join(format!("pontoon-servers-{}", process::id()))
}

/// A process that ends with this value.
#[derive(Debug)]
struct Process {
    child: Child,
    readers: Vec<JoinHandle<()>>,
}

static PROCESSES: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn processes() -> MutexGuard<'static, Vec<u32>> {
    PROCESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signal(process: &str, signal: Signal) {
    if let Ok(process) = process.parse() {
        let _ = kill(Pid::from_raw(process), signal);
    }
}

/// Ends a process and its children at once. They are not asked: a PostgreSQL that shuts down waits a minute for the
/// first words of a client that came last.
fn end(process: u32) {
    let process = process.to_string();
    // It starts no other child then.
    signal(&process, Signal::SIGSTOP);
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    children.split_whitespace().chain([&*process]).for_each(|process| signal(process, Signal::SIGKILL));
}

impl Process {
    /// Starts it, and waits until it says that it is ready.
    fn start(command: &mut Command, kind: Kind) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        processes().push(child.id());
        let (lines, said) = mpsc::channel();
        let readers = [listen(child.stdout.take(), lines.clone()), listen(child.stderr.take(), lines)];
        let process = Self { child, readers: readers.into_iter().flatten().collect() };
        let mut last = VecDeque::new();
        loop {
            match said.recv_timeout(START_LIMIT) {
                Ok(line) if line.contains(kind.ready()) => return Ok(process),
                Ok(line) => last.push_back(line),
                Err(error) => return Err(io::Error::other(format!("{error}: {last:?}"))),
            }
            if last.len() > 8 {
                last.pop_front();
            }
        }
    }
}

/// Reads whatever it says, to the end, so that it can go on.
fn listen(output: Option<impl Read + Send + 'static>, lines: mpsc::Sender<String>) -> Option<JoinHandle<()>> {
    let output = BufReader::new(output?);
    Some(thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            // Nobody listens once it is ready.
            let _ = lines.send(line);
        }
    }))
}

impl Drop for Process {
    fn drop(&mut self) {
        end(self.child.id());
        let _ = self.child.wait();
        processes().retain(|process| *process != self.child.id());
        // Its children, who speak through the same pipes, have ended when there is nothing more to read.
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}

type Shared = BTreeMap<Kind, Result<Server, String>>;

static SHARED: Mutex<Shared> = Mutex::new(BTreeMap::new());

/// The port of a server that all share, started by the first who asks.
///
/// # Errors
///
/// What it said instead of being ready.
pub fn shared(kind: Kind) -> Result<u16, String> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.entry(kind).or_insert_with(|| Server::start(kind)).as_ref().map(Server::port).map_err(Clone::clone)
}

/// Ends whatever runs, those of trials that hang too.
pub fn end_all() {
    std::mem::take(&mut *SHARED.lock().unwrap_or_else(PoisonError::into_inner));
    processes().drain(..).for_each(end);
    let _ = fs::remove_dir_all(base());
}
