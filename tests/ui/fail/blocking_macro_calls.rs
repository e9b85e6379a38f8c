use pontoon::blocking;

macro_rules! ping {
    () => {
        pub async fn ping(&self) {}
    };
}

macro_rules! pong {
    () => {
        async fn pong(&self);
    };
}

#[blocking]
struct Client;

#[blocking]
impl Client {
    ping!();
}

#[blocking]
trait Server {
    pong! {}
}

fn main() {}
