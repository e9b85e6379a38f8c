use pontoon::blocking;

#[blocking]
async fn function() {}

#[blocking]
mod module {}

#[blocking]
const CONSTANT: u32 = 1;

trait Answer {
    async fn answer(&self) -> u32;
}

#[blocking]
impl Answer for (u32, u32) {
    async fn answer(&self) -> u32 {
        self.0
    }
}

#[blocking]
impl Answer for &u32 {
    async fn answer(&self) -> u32 {
        **self
    }
}

fn main() {}
