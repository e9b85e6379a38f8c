//! reqwest, on tokio.

use super::{Error, Response};
use example_clients::{futures_util::TryStreamExt as _, reqwest::Client};
use std::{io, net::SocketAddr};

pub(crate) const CLIENT: &str = "reqwest on tokio";

/// Logged in. All clones share the client and its pool of connections.
#[derive(Clone)]
pub(crate) struct Session {
    client: Client,
    server: SocketAddr,
    token: String,
}

impl Session {
    pub(crate) async fn log_in(server: SocketAddr) -> Result<Session, Error> {
        let client = Client::new();
        let answer = client.post(format!("http://{server}/login")).send().await?;
        let token = answer.error_for_status()?.text().await?;
        Ok(Session { client, server, token })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Response, Error> {
        let url = format!("http://{}{path}", self.server);
        let answer = self.client.get(url).bearer_auth(&self.token).send().await?;
        let pieces = answer.error_for_status()?.bytes_stream();
        let body = pieces.map_err(io::Error::other).into_async_read();
        Ok(Response { body: Box::pin(body) })
    }

    pub(crate) async fn log_out(self) -> Result<(), Error> {
        let url = format!("http://{}/logout", self.server);
        self.client.post(url).bearer_auth(&self.token).send().await?.error_for_status()?;
        Ok(())
    }
}
