use pontoon::blocking;

#[blocking(nmae = Sync, backend = pontoon::Smol, wrap(Row), skip)]
struct Unknown;

#[blocking(close_limit = LIMIT)]
struct NothingToBound;

#[blocking(name = A, name = B)]
struct Twice;

#[blocking(name A, close: b)]
struct Malformed;

#[blocking]
struct Client;

#[blocking(close = finish, wrap(Row<'_>, Other => Facade<u8>), trait_name = X, backend = pontoon::Smol cfg(test))]
impl Client {
    #[blocking(skipp)]
    pub async fn misspelt(&self) {}

    #[blocking]
    pub async fn nothing(&self) {}

    #[blocking(skip = true)]
    pub async fn valued(&self) {}

    #[blocking(returns = u32)]
    pub async fn only_returns(&self) {}

    #[blocking(with = drop)]
    pub async fn only_with(&self) {}

    #[blocking(iter)]
    pub async fn no_stream(&self) {}
}

#[blocking(name = X)]
trait Named {}

#[blocking(trait_name = a::b)]
trait Elsewhere {}

fn main() {}
