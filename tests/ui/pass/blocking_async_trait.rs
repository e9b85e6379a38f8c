//! `#[blocking]` above `#[async_trait]` is the right order.

use async_trait::async_trait;
use pontoon::blocking;

#[blocking]
pub struct Client;

#[blocking]
#[async_trait]
pub trait Store {
    async fn get(&self, key: &str) -> Option<String>;

    async fn get_or(&self, key: &str, other: &str) -> String {
        self.get(key).await.unwrap_or_else(|| other.to_owned())
    }
}

#[blocking]
#[async_trait]
impl Store for Client {
    async fn get(&self, key: &str) -> Option<String> {
        futures_lite::future::yield_now().await;
        (key == "a").then(|| key.to_owned())
    }
}

fn main() {
    let client = BlockingClient::from_async(Client);
    assert_eq!(client.get("a").as_deref(), Some("a"));
    assert_eq!(client.get_or("b", "c"), "c");
}
