//! redis and PostgreSQL, where they are installed: in a directory of their own, on a socket inside it.

use super::Server;
use std::{
    env, fs,
    io::{self, BufRead as _, BufReader},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// A directory that goes with this value.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("pontoon-{name}-{}-{count}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Redis {
    child: Child,
    _directory: Directory,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether redis is installed.
pub fn has_redis() -> bool {
    Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Starts redis, if it is installed.
///
/// # Errors
///
/// When it does not start.
pub fn redis() -> io::Result<Option<Server>> {
    let directory = Directory::new("redis")?;
    let socket = directory.0.join("socket");
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
    command.arg("--dir").arg(&directory.0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        started => started?,
    };
    let said = child.stdout.take().map(BufReader::new);
    let running = Redis { child, _directory: directory };
    let mut said = said.into_iter().flat_map(BufReader::lines).map_while(Result::ok);
    if !said.any(|line| line.contains("eady to accept connections")) {
        return Err(io::Error::other("redis-server ended before it was ready"));
    }
    // What it says later has to go somewhere.
    thread::spawn(move || said.for_each(drop));
    let address = format!("redis+unix://{}", socket.display());
    Ok(Some(Server { name: "redis-server", address, _running: Box::new(running) }))
}

/// Where PostgreSQL's programs are.
fn bin() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    places.sort();
    places.extend(env::split_paths(&path));
    // Links to some of them do not help.
    places.into_iter().rev().find(|bin| ["initdb", "pg_ctl", "postgres"].iter().all(|name| bin.join(name).exists()))
}

/// PostgreSQL's programs, as a user that may run them.
struct Postgres {
    bin: PathBuf,
    user: Option<(u32, u32)>,
    directory: Directory,
}

impl Postgres {
    fn find() -> io::Result<Option<Self>> {
        let Some(bin) = bin() else { return Ok(None) };
        // It refuses to run as root.
        let user = if id(&["-u"])? == 0 {
            let number = |kind| id(&[kind, "postgres"]).or_else(|_| id(&[kind, "nobody"]));
            Some((number("-u")?, number("-g")?))
        } else {
            None
        };
        Ok(Some(Self { bin, user, directory: Directory::new("postgres")? }))
    }

    fn run(&self, program: &str, args: &[&str]) -> io::Result<()> {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(&self.directory.0).arg("-D").arg(self.data()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program}: {status}"))) }
    }

    fn data(&self) -> PathBuf {
        self.directory.0.join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["stop", "-w", "-m", "immediate"]);
    }
}

/// A number of a user or a group.
fn id(args: &[&str]) -> io::Result<u32> {
    let output = Command::new("id").args(args).stderr(Stdio::null()).output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
}

/// Whether PostgreSQL is installed.
pub fn has_postgres() -> bool {
    bin().is_some()
}

/// Starts PostgreSQL, if it is installed.
///
/// # Errors
///
/// When it does not start.
pub fn postgres() -> io::Result<Option<Server>> {
    let Some(postgres) = Postgres::find()? else { return Ok(None) };
    let directory: &Path = &postgres.directory.0;
    if let Some((user, group)) = postgres.user {
        chown(directory, Some(user), Some(group))?;
    }
    postgres.run("initdb", &["--auth=trust", "--username=postgres", "--no-sync"])?;
    let place = directory.display();
    let settings = format!("listen_addresses = ''\nunix_socket_directories = '{place}'\nfsync = off\n");
    fs::write(postgres.data().join("postgresql.conf"), settings)?;
    // It returns when the server lets clients in.
    postgres.run("pg_ctl", &["start", "-w", "-l", "log"])?;
    let address = format!("host={place} user=postgres dbname=postgres");
    Ok(Some(Server { name: "PostgreSQL", address, _running: Box::new(postgres) }))
}
