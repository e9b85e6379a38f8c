use pontoon::blocking;

#[blocking]
struct Client;

#[blocking]
impl Client {
    pub async fn connect(_address: &str) -> Self {
        Self
    }

    pub fn version() -> u32 {
        1
    }

    #[blocking(skip)]
    pub fn skipped() -> u32 {
        1
    }
}

trait Open: Sized {
    async fn open() -> Self;
}

#[blocking]
impl Open for Client {
    async fn open() -> Self {
        Self
    }
}

fn main() {}
