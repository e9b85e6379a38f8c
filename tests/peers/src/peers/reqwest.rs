//! HTTP: `reqwest::blocking`, and a facade of ours over async reqwest.

use crate::{
    peer::{ITEMS, Peer, Result, expect},
    places::Body,
    servers::{Addresses, SIX},
};
use futures_lite::{Stream, stream};
use reqwest::redirect::Policy;
use std::{
    io::{BufRead as _, BufReader},
    sync::Mutex,
};

/// `reqwest::blocking`: a thread and a runtime per client.
#[derive(Debug)]
pub(crate) struct Blocking {
    client: reqwest::blocking::Client,
    server: String,
}

impl Peer for Blocking {
    const CALLBACK: Option<&'static str> = Some("a redirect policy");

    fn new(at: &Addresses) -> Result<Self> {
        let client = reqwest::blocking::Client::builder().no_proxy().build()?;
        Ok(Self { client, server: format!("http://{}", at.http) })
    }

    fn call(&mut self) -> Result {
        expect(&*self.client.get(format!("{}/6", self.server)).send()?.text()?, SIX)
    }

    fn iterate(&mut self) -> Result {
        let lines = BufReader::new(self.client.get(format!("{}/lines", self.server)).send()?).lines();
        expect(lines.take(ITEMS).collect::<std::result::Result<Vec<_>, _>>()?.len(), ITEMS)
    }

    fn inside(at: &Addresses, body: Body) -> Result {
        let body = Mutex::new(Some(body));
        let policy = Policy::custom(move |attempt| {
            if let Some(body) = body.lock().ok().and_then(|mut body| body.take()) {
                body();
            }
            attempt.follow()
        });
        let client = reqwest::blocking::Client::builder().no_proxy().redirect(policy).build()?;
        expect(&*client.get(format!("http://{}/moved", at.http)).send()?.text()?, SIX)
    }
}

/// An async client, as a library might have it.
#[pontoon::blocking]
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    server: String,
}

#[pontoon::blocking(backend = pontoon::Tokio)]
impl Http {
    /// A client.
    pub(crate) async fn new(server: String) -> reqwest::Result<Self> {
        Ok(Self { client: reqwest::Client::builder().no_proxy().build()?, server })
    }

    /// A body.
    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<String> {
        self.client.get(format!("{}{path}", self.server)).send().await?.text().await
    }

    /// A body, as it comes.
    pub(crate) async fn chunks(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = reqwest::Result<usize>> + use<>, reqwest::Error> {
        let response = self.client.get(format!("{}{path}", self.server)).send().await?;
        Ok(stream::try_unfold(response, async |mut response: reqwest::Response| {
            Ok(response.chunk().await?.map(|chunk| (chunk.len(), response)))
        }))
    }

    /// A body, handed to a callback.
    pub(crate) async fn with(&self, path: &str, callback: impl FnOnce(String) + Send) -> reqwest::Result<()> {
        callback(self.get(path).await?);
        Ok(())
    }
}

/// Its facade: on the one runner that all facades on tokio share.
#[derive(Debug)]
pub(crate) struct Facade(BlockingHttp);

impl Peer for Facade {
    const CALLBACK: Option<&'static str> = Some("a callback that an async method calls");

    fn new(at: &Addresses) -> Result<Self> {
        Ok(Self(BlockingHttp::new(format!("http://{}", at.http))?))
    }

    fn call(&mut self) -> Result {
        expect(&*self.0.get("/6")?, SIX)
    }

    fn iterate(&mut self) -> Result {
        let chunks: reqwest::Result<Vec<_>> = self.0.chunks("/lines")?.take(ITEMS).collect();
        expect(chunks?.is_empty(), false)
    }

    fn inside(at: &Addresses, body: Body) -> Result {
        Ok(Self::new(at)?.0.with("/6", |_| body())?)
    }
}
