use pontoon::blocking;

#[blocking]
struct Client;

#[blocking(backend = pontoon::Smol)]
impl Client {
    pub async fn runner(&self) {}

    pub fn from_async() {}

    #[blocking(name = into_async)]
    pub fn renamed(self) {}

    #[blocking(name = now_free)]
    pub fn as_async(&self) {}

    #[blocking(skip)]
    pub fn as_async_mut(&mut self) {}
}

fn main() {}
