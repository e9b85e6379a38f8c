//! reqwest, as it is.

use super::Error;
use example_clients::futures_util::{AsyncBufRead, AsyncBufReadExt as _, Stream, TryStreamExt as _, io};
use example_clients::reqwest::Client;
use pontoon::{AsyncContext, Outcome};
use std::net::SocketAddr;

pub(crate) const NAME: &str = "reqwest on tokio";

/// Logs in on the way in, out on the way out.
pub(crate) struct Login {
    base: String,
}

impl Login {
    pub(crate) fn at(server: SocketAddr) -> Login {
        Login { base: format!("http://{server}") }
    }
}

impl AsyncContext for Login {
    type Value = Session;
    type Error = Error;

    async fn enter(&mut self) -> Result<Session, Error> {
        let client = Client::new();
        let answer = client.post(format!("{}/login", self.base)).send().await?.error_for_status()?;
        Ok(Session { client, base: self.base.clone(), token: answer.text().await? })
    }

    async fn exit(self, session: Session, _: Outcome<'_>) -> Result<(), Error> {
        let url = format!("{}/logout", session.base);
        session.client.post(url).bearer_auth(&session.token).send().await?.error_for_status()?;
        Ok(())
    }
}

/// Logged in. A clone is the same session, and all of them share the client's connections.
#[derive(Clone)]
pub(crate) struct Session {
    client: Client,
    base: String,
    token: String,
}

impl Session {
    /// A request: entered when the head of the answer is there, left when its body is read to the end, so that
    /// the next request finds the connection free.
    pub(crate) fn get(&self, path: &str) -> impl AsyncContext<Value = Response, Error = Error> {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        pontoon::context(
            async move || {
                let response = request.try_clone().expect("no body").send().await?;
                let status = response.status().as_u16();
                let body = response.bytes_stream().map_err(std::io::Error::other).into_async_read();
                Ok(Response { status, body: Box::pin(body) })
            },
            async |mut response: Response, _: Outcome<'_>| {
                io::copy(&mut response.body, &mut io::sink()).await?;
                Ok(())
            },
        )
    }
}

