//! Which client runs on which backend, and what that takes.

use crate::{cases::Case, places::Backend, servers::Kind};

/// A client on a backend.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its crates, of which the first is its name, with the beginnings of their versions.
    pub crates: &'static [(&'static str, &'static str)],
    /// What its sockets need.
    pub backend: Backend,
    /// What it talks to.
    pub server: Kind,
    /// What is done with it; the reason, where it is not part of this build.
    pub cases: Result<Vec<Case>, &'static str>,
}

impl Row {
    /// As in the names of trials.
    pub fn name(&self) -> String {
        format!("{}::{}", self.crates[0].0.replace('-', "_"), self.backend.to_string().replace('-', "_"))
    }
}

macro_rules! rows {
    ($(if $condition:meta else $why:literal: [$($crates:tt)+] on $backend:ident, $server:ident, $client:ty;)*) => {
        vec![$(Row {
            crates: &[$($crates)+],
            backend: Backend::$backend,
            server: Kind::$server,
            cases: {
                #[cfg($condition)]
                let cases = Ok(crate::cases::of::<$client>());
                #[cfg(not($condition))]
                let cases = Err($why);
                cases
            },
        }),*]
    };
}

/// All of them.
pub fn all() -> Vec<Row> {
    rows! {
        if feature = "tokio" else "needs the feature tokio":
            [("redis", "1.")] on Tokio, Redis, crate::clients::redis::Redis;
        if all(feature = "smol", not(feature = "tokio")) else "needs the feature smol, without tokio":
            [("redis", "1.")] on Smol, Redis, crate::clients::redis::Redis;
        if feature = "async-std" else "needs the feature async-std":
            [("redis", "0.32.")] on AsyncStd, Redis, crate::clients::redis_0_32::Redis;
        if feature = "tokio" else "needs the feature tokio":
            [("sqlx", "")] on Tokio, Postgres, crate::clients::sqlx::Sqlx;
        if all(feature = "smol", not(feature = "tokio")) else "needs the feature smol, without tokio":
            [("sqlx", "")] on Smol, Postgres, crate::clients::sqlx::Sqlx;
        if all(feature = "async-std", not(feature = "smol"), not(feature = "tokio"))
            else "needs the feature async-std, without smol and tokio":
            [("sqlx", "")] on AsyncStd, Postgres, crate::clients::sqlx::Sqlx;
        if feature = "tokio" else "needs the feature tokio":
            [("tokio-postgres", "")] on Tokio, Postgres, crate::clients::tokio_postgres::TokioPostgres;
        if feature = "tokio" else "needs the feature tokio":
            [("reqwest", "")] on Tokio, Nginx, crate::clients::reqwest::Reqwest;
        if feature = "smol" else "needs the feature smol":
            [("hyper", "1."), ("smol-hyper", "")] on Smol, Nginx, crate::clients::hyper::Hyper;
        if feature = "async-std" else "needs the feature async-std":
            [("async-h1", "")] on AsyncStd, Nginx, crate::clients::async_h1::AsyncH1;
        if feature = "tokio" else "needs the feature tokio":
            [("zbus", "")] on Tokio, DBus, crate::clients::zbus::Zbus;
        if all(feature = "smol", not(feature = "tokio")) else "needs the feature smol, without tokio":
            [("zbus", "")] on Smol, DBus, crate::clients::zbus::Zbus;
        if all(feature = "async-std", not(feature = "tokio")) else "needs the feature async-std, without tokio":
            [("zbus", "")] on AsyncStd, DBus, crate::clients::zbus::Zbus;
        if feature = "tokio" else "needs the feature tokio":
            [("async-tungstenite", "")] on Tokio, InProcess,
            crate::clients::async_tungstenite::WebSocket<crate::clients::async_tungstenite::Tokio>;
        if feature = "smol" else "needs the feature smol":
            [("async-tungstenite", "")] on Smol, InProcess,
            crate::clients::async_tungstenite::WebSocket<crate::clients::async_tungstenite::Smol>;
        if feature = "async-std" else "needs the feature async-std":
            [("async-tungstenite", "")] on AsyncStd, InProcess,
            crate::clients::async_tungstenite::WebSocket<crate::clients::async_tungstenite::AsyncStd>;
        if feature = "tokio" else "needs the feature tokio":
            [("async-nats", "")] on Tokio, Nats, crate::clients::async_nats::Nats;
        if feature = "tokio" else "needs the feature tokio":
            [("rumqttc", "")] on Tokio, Mosquitto, crate::clients::rumqttc::Mqtt;
    }
}
