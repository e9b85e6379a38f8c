//! async-nats: requests that a task on the same connection answers; a subscription as a stream.

use crate::client::{Client, ITEMS, Items, Result};
use async_nats::ConnectOptions;
use futures_lite::StreamExt as _;
use std::time::Duration;
use tokio::task::JoinHandle;

pub(crate) struct Nats {
    client: async_nats::Client,
    subject: String,
    answers: JoinHandle<()>,
}

impl Client for Nats {
    async fn connect(port: u16) -> Result<Self> {
        // It reconnects by itself, and a request that was lost with the connection ends by this limit only.
        let options = ConnectOptions::new().request_timeout(Some(Duration::from_secs(2)));
        let client = options.connect(format!("nats://127.0.0.1:{port}")).await?;
        let subject = client.new_inbox();
        let mut requests = client.subscribe(subject.clone()).await?;
        let answering = client.clone();
        let answers = tokio::spawn(async move {
            while let Some(request) = requests.next().await {
                if let Some(reply) = request.reply {
                    // Whoever asked hears of it.
                    let _ = answering.publish(reply, request.payload).await;
                }
            }
        });
        Ok(Self { client, subject, answers })
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let answer = self.client.request(self.subject.clone(), number.to_string().into()).await?;
        Ok(std::str::from_utf8(&answer.payload)?.parse()?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let subject = self.client.new_inbox();
        let messages = self.client.subscribe(subject.clone()).await?;
        for number in 1..=ITEMS {
            self.client.publish(subject.clone(), number.to_string().into()).await?;
        }
        Ok(Box::pin(messages.map(|message| Ok(std::str::from_utf8(&message.payload)?.parse()?))))
    }

    async fn close(self) -> Result<()> {
        self.client.drain().await?;
        // The task ends with its subscription.
        Ok(self.answers.await?)
    }
}
