//! The servers of the real clients, started for the scenarios that need them, on the loopback and in a directory that
//! is removed afterwards.

use crate::{
    pace::pause,
    scenarios::{Env, Needs, Scenario},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use std::{
    env,
    ffi::OsStr,
    fs, io,
    net::{TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What was started. It ends with this value.
#[derive(Debug)]
pub struct Daemons {
    running: Vec<Daemon>,
    directory: PathBuf,
}

#[derive(Debug)]
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both servers end quickly and cleanly on it, whoever is connected.
        if let Ok(process) = i32::try_from(self.0.id()) {
            let _ = kill(Pid::from_raw(process), Signal::SIGINT);
        }
        let _ = self.0.wait();
    }
}

impl Drop for Daemons {
    fn drop(&mut self) {
        self.running.clear();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Daemons {
    /// Starts what `scenarios` need, as far as it is found here, and gives `env` with where it is.
    pub fn start(scenarios: &[Scenario], mut env: Env) -> (Self, Env) {
        let directory = env::temp_dir().join(format!("pontoon-benches-{}", process::id()));
        let mut daemons = Self { running: Vec::new(), directory };
        let needed = |needs| scenarios.iter().any(|scenario| scenario.needs == needs);
        if needed(Needs::Postgres) {
            env.postgres = daemons.keep("PostgreSQL", postgres, &mut env.processes[1]);
        }
        if needed(Needs::Redis) {
            env.redis = daemons.keep("redis", redis, &mut env.processes[2]);
        }
        (daemons, env)
    }

    fn keep(
        &mut self,
        name: &str,
        start: fn(&Path, u16) -> io::Result<Option<Daemon>>,
        process: &mut u32,
    ) -> Option<u16> {
        let started = fs::create_dir_all(&self.directory).and_then(|()| free_port()).and_then(|port| {
            let daemon = start(&self.directory, port)?;
            if daemon.is_some() {
                listens(port)?;
            }
            Ok(daemon.map(|daemon| (port, daemon)))
        });
        match started {
            Ok(started) => started.map(|(port, daemon)| {
                *process = daemon.0.id();
                self.running.push(daemon);
                port
            }),
            Err(error) => {
                eprintln!("{name} does not start: {error}");
                None
            }
        }
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn listens(port: u16) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Err(error) if start.elapsed() > Duration::from_secs(15) => return Err(error),
            Err(_) => pause(Duration::from_millis(50)),
            // PostgreSQL listens a little before it lets anybody in.
            Ok(_) => {
                pause(Duration::from_millis(300));
                return Ok(());
            }
        }
    }
}

fn quiet(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn redis(directory: &Path, port: u16) -> io::Result<Option<Daemon>> {
    let mut command = quiet("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string(), "--dir"]);
    match command.arg(directory).spawn() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        started => started.map(|child| Some(Daemon(child))),
    }
}

/// Where distributions put PostgreSQL's programs if they are not in the search path.
const PLACES: [&str; 2] = ["/usr/lib/postgresql", "/usr/local/pgsql"];

fn postgres_bin() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = PLACES.iter().flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten());
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    let own = PLACES.iter().map(|place| Path::new(place).join("bin"));
    env::split_paths(&path).chain(versions.into_iter().rev()).chain(own).find(|bin| bin.join("initdb").exists())
}

fn postgres(directory: &Path, port: u16) -> io::Result<Option<Daemon>> {
    let Some(bin) = postgres_bin() else { return Ok(None) };
    let data = directory.join("postgres");
    fs::create_dir_all(&data)?;
    // It refuses to run as root.
    let user = if geteuid().is_root() {
        let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = user.ok_or_else(|| io::Error::other("it refuses to run as root, and there is no other user"))?;
        chown(&data, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        Some(user)
    } else {
        None
    };
    let command = |program: &str| {
        let mut command = quiet(bin.join(program));
        command.current_dir(&data).arg("-D").arg(&data);
        if let Some(user) = &user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    };
    let made = command("initdb").args(["--auth=trust", "--username=postgres", "--no-sync"]).status()?;
    if !made.success() {
        return Err(io::Error::other(format!("initdb failed: {made}")));
    }
    let mut server = command("postgres");
    server.args(["-F", "-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(&data);
    server.spawn().map(|child| Some(Daemon(child)))
}
