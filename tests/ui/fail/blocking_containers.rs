use pontoon::blocking;

#[blocking]
struct Client;

struct Page<T>(T);

#[blocking]
impl Client {
    pub async fn page(self) -> Page<Self> {
        Page(self)
    }

    pub async fn put(&self, _page: Page<Self>) {}
}

fn main() {}
