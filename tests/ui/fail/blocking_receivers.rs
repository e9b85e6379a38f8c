use pontoon::blocking;
use std::{pin::Pin, rc::Rc, sync::Arc};

#[blocking]
struct Client;

#[blocking]
impl Client {
    pub async fn shared(self: Arc<Self>) {}

    pub async fn local(self: &Rc<Self>) {}

    pub async fn pinned(self: Pin<&mut Self>) {}

    pub fn boxed(self: Box<Self>) {}

    #[blocking(skip)]
    pub async fn skipped(self: Arc<Self>) {}

    async fn private(self: Arc<Self>) {}
}

fn main() {}
