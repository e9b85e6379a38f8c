use async_trait::async_trait;
use pontoon::blocking;

#[blocking]
struct Client;

#[async_trait]
#[blocking]
trait Store {
    async fn get(&self, key: &str) -> Option<String>;
    async fn put(&self, key: &str);
}

#[async_trait]
#[blocking]
impl Store for Client {
    async fn get(&self, key: &str) -> Option<String> {
        Some(key.to_owned())
    }

    async fn put(&self, _key: &str) {}
}

fn main() {}
