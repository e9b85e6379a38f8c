//! rumqttc: publishes to a topic that it has subscribed to itself; a task of tokio's drives the connection.

use crate::client::{Client, ITEMS, Items, Result};
use async_channel::{Receiver, Sender};
use async_lock::Mutex;
use futures_lite::stream;
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS};
use std::{
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::task::JoinHandle;

/// What comes from the connection; at its end, why.
type Message = std::result::Result<u64, String>;

pub(crate) struct Mqtt {
    client: AsyncClient,
    topic: String,
    port: u16,
    messages: Mutex<Receiver<Message>>,
    events: Driver,
}

/// The task that drives the connection. It would go on without a client: it holds a sender of requests itself.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn drive(mut events: EventLoop, subscribed: Sender<()>, messages: Sender<Message>) {
    loop {
        let sent = match events.poll().await {
            Ok(Event::Incoming(Packet::SubAck(_))) => subscribed.send(()).await.is_ok(),
            Ok(Event::Incoming(Packet::Publish(message))) => {
                let number = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse().ok());
                messages.send(number.ok_or_else(|| "not a number".into())).await.is_ok()
            }
            Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => false,
            Ok(_) => true,
            Err(error) => {
                // Nobody may be waiting for it.
                let _ = messages.send(Err(error.to_string())).await;
                false
            }
        };
        if !sent {
            return;
        }
    }
}

impl Mqtt {
    async fn next(messages: &Receiver<Message>) -> Result<u64> {
        Ok(messages.recv().await.map_err(|_| "the connection has ended")??)
    }

    async fn publish(&self, number: u64) -> Result<()> {
        Ok(self.client.publish(&self.topic, QoS::AtLeastOnce, false, number.to_string()).await?)
    }
}

impl Client for Mqtt {
    async fn connect(port: u16) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let topic = format!("numbers-{}-{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut options = MqttOptions::new(&topic, "127.0.0.1", port);
        options.set_keep_alive(Duration::from_secs(30));
        let (client, events) = AsyncClient::new(options, 16);
        let ((subscribed, is_subscribed), (sender, messages)) = (async_channel::bounded(1), async_channel::unbounded());
        let events = Driver(tokio::spawn(drive(events, subscribed, sender)));
        client.subscribe(&topic, QoS::AtLeastOnce).await?;
        if is_subscribed.recv().await.is_err() {
            Self::next(&messages).await?;
        }
        Ok(Self { client, topic, port, messages: Mutex::new(messages), events })
    }

    async fn ask(&self, asked: u64) -> Result<u64> {
        let messages = self.messages.lock().await;
        self.publish(asked).await?;
        loop {
            // The answer to a call that was cancelled may come first.
            let number = Self::next(&messages).await?;
            if number == asked {
                return Ok(number);
            }
        }
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let other = Self::connect(self.port).await?;
        for number in 1..=ITEMS {
            other.publish(number).await?;
        }
        Ok(Box::pin(stream::try_unfold(other, async |other| {
            let number = Self::next(&*other.messages.lock().await).await?;
            Ok(Some((number, other)))
        })))
    }

    async fn close(mut self) -> Result<()> {
        // An error says that the task has ended already, with the connection.
        let asked = self.client.disconnect().await;
        (&mut self.events.0).await?;
        Ok(asked?)
    }
}
