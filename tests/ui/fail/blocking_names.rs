use pontoon::blocking;

#[blocking(close = finish)]
struct Client;

struct Row;

#[blocking(wrap(Row))]
impl Client {
    pub async fn row(&self) -> Row {
        Row
    }
}

struct NoFacade;

#[blocking]
impl NoFacade {
    pub async fn ping(&self) {}
}

struct NoBackend;

#[blocking(backend = NoBackend)]
struct Other;

fn main() {}
