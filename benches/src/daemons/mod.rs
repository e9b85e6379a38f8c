//! The servers of the real clients, started for the scenarios that need them.

mod own;
pub mod servers;

use crate::scenarios::{Env, Needs, Scenario};
use servers::{Kind, Server};

/// What was started. It ends with this value.
#[derive(Debug)]
pub struct Daemons(Vec<Server>);

impl Daemons {
    /// Starts what `scenarios` need, as far as it is found here, and gives `env` with where it is.
    pub fn start(scenarios: &[Scenario], mut env: Env) -> (Self, Env) {
        let mut daemons = Self(Vec::new());
        let needed = |needs| scenarios.iter().any(|scenario| scenario.needs == needs);
        if needed(Needs::Postgres) {
            env.postgres = daemons.keep(Kind::Postgres, &mut env.processes[1]);
        }
        if needed(Needs::Redis) {
            env.redis = daemons.keep(Kind::Redis, &mut env.processes[2]);
        }
        (daemons, env)
    }

    fn keep(&mut self, kind: Kind, process: &mut u32) -> Option<u16> {
        let started = kind.missing().map_or_else(|| Server::start(kind), Err);
        match started {
            Ok(server) => {
                *process = server.process().unwrap_or(0);
                let port = server.port();
                self.0.push(server);
                Some(port)
            }
            Err(reason) => {
                eprintln!("{reason}");
                None
            }
        }
    }
}
