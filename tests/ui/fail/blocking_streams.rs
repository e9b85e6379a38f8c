use futures_core::{Stream, stream::BoxStream};
use pontoon::blocking;

#[blocking]
struct Client;

#[blocking]
impl Client {
    pub fn many(&self) -> Vec<impl Stream<Item = u32>> {
        vec![futures_lite::stream::empty()]
    }

    pub async fn two(&self) -> [impl Stream<Item = u32>; 2] {
        [futures_lite::stream::empty(), futures_lite::stream::empty()]
    }

    pub async fn send(&self, _items: impl Stream<Item = u32>) {}

    pub async fn send_boxed(&self, _items: BoxStream<'_, u32>) {}

    pub async fn send_generic<S: Stream<Item = u32> + Send>(&self, _items: S) {}

    pub async fn send_where<S>(&self, _items: S)
    where
        S: Send + futures_core::Stream,
    {
    }
}

fn main() {}
