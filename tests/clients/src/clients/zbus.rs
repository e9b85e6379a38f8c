//! zbus: a connection that serves an object on the bus and calls it through the bus; signals as a stream.

use crate::client::{Client, ITEMS, Items, Result};
use futures_lite::StreamExt as _;
use zbus::{AuthMechanism, Connection, MatchRule, MessageStream, connection, message};

const PATH: &str = "/numbers";
const INTERFACE: &str = "org.example.Numbers";

pub(crate) struct Zbus(Connection);

struct Numbers;

#[zbus::interface(name = "org.example.Numbers")]
impl Numbers {
    fn echo(&self, number: u64) -> u64 {
        number
    }
}

impl Client for Zbus {
    async fn connect(port: u16) -> Result<Self> {
        let address = format!("tcp:host=127.0.0.1,port={port}");
        let builder = connection::Builder::address(address.as_str())?.auth_mechanism(AuthMechanism::Anonymous);
        Ok(Self(builder.serve_at(PATH, Numbers)?.build().await?))
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let own = self.0.unique_name().ok_or("no name on the bus")?;
        let answer = self.0.call_method(Some(own), PATH, Some(INTERFACE), "Echo", &number).await?;
        Ok(answer.body().deserialize()?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let own = self.0.unique_name().ok_or("no name on the bus")?;
        let rule = MatchRule::builder().msg_type(message::Type::Signal).sender(own)?.member("Number")?.build();
        let queue = usize::try_from(ITEMS)?;
        let signals = MessageStream::for_match_rule(rule, &self.0, Some(queue)).await?;
        for number in 1..=ITEMS {
            self.0.emit_signal(None::<&str>, PATH, INTERFACE, "Number", &number).await?;
        }
        Ok(Box::pin(signals.map(|signal| Ok(signal?.body().deserialize()?))))
    }

    async fn close(self) -> Result<()> {
        Ok(self.0.close().await?)
    }
}
