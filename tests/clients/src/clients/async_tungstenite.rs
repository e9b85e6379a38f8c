//! async-tungstenite: a WebSocket by the sockets of each runtime, and another for each series.

use crate::{
    client::{Client, Items, Result},
    websocket::SERIES,
};
use async_lock::Mutex;
use async_tungstenite::{WebSocketStream, tungstenite::Message};
use futures_lite::{AsyncRead, AsyncWrite, StreamExt as _};
use std::future::Future;

/// A runtime's way to connect.
pub(crate) trait Dial: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    fn dial(url: String) -> impl Future<Output = Result<WebSocketStream<Self::Stream>>> + Send;
}

macro_rules! dial {
    ($($feature:literal $name:ident $module:ident)*) => {$(
        #[cfg(feature = $feature)]
        pub(crate) struct $name;

        #[cfg(feature = $feature)]
        #[allow(deprecated, reason = "what is for async-std is: it is discontinued, and has clients all the same")]
        impl Dial for $name {
            type Stream = async_tungstenite::$module::ConnectStream;

            async fn dial(url: String) -> Result<WebSocketStream<Self::Stream>> {
                Ok(async_tungstenite::$module::connect_async(url).await?.0)
            }
        }
    )*};
}

dial!("smol" Smol smol "async-std" AsyncStd async_std "tokio" Tokio tokio);

pub(crate) struct WebSocket<D: Dial> {
    url: String,
    stream: Mutex<WebSocketStream<D::Stream>>,
}

fn number(message: &Message) -> Result<u64> {
    Ok(message.to_text()?.parse()?)
}

impl<D: Dial> Client for WebSocket<D> {
    const OUTLIVES_A_CANCELLED_CALL: bool = false;

    async fn connect(port: u16) -> Result<Self> {
        let url = format!("ws://127.0.0.1:{port}/");
        let stream = Mutex::new(D::dial(url.clone()).await?);
        Ok(Self { url, stream })
    }

    async fn ask(&self, asked: u64) -> Result<u64> {
        let mut stream = self.stream.lock().await;
        stream.send(Message::text(asked.to_string())).await?;
        number(&stream.next().await.ok_or("the server has left")??)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let mut stream = D::dial(self.url.clone()).await?;
        stream.send(Message::text(SERIES)).await?;
        Ok(Box::pin(stream.map(|message| number(&message?))))
    }

    async fn close(self) -> Result<()> {
        let mut stream = self.stream.into_inner();
        stream.close(None).await?;
        // Until the server has answered that.
        while let Some(message) = stream.next().await {
            message?;
        }
        Ok(())
    }
}
