use pontoon::blocking;
use std::future::Future;

#[blocking]
#[derive(Clone)]
struct Client;

struct Three<A, B, C>(A, B, C);

trait Has {
    type It;
}

#[blocking]
impl Client {
    pub fn later(&self) -> Option<impl Future<Output = u32>> {
        Some(async { 1 })
    }

    pub async fn twice(&self) -> impl Future<Output = u32> {
        async { 1 }
    }

    pub fn hidden(&self) -> impl Iterator<Item = Self> {
        std::iter::once(self.clone())
    }

    pub fn function(&self) -> fn(Self) {
        drop
    }

    pub fn three(&self) -> Three<Self, u8, u8> {
        Three(Self, 1, 2)
    }

    pub fn dynamic(&self) -> Box<dyn Has<It = Self>> {
        todo!()
    }

    pub async fn slice(&self, _others: &[Self]) {}
}

fn main() {}
