use pontoon::blocking;

#[blocking]
struct Client;

#[blocking]
impl Client {
    pub async unsafe fn trusting(&self) {}

    pub extern "C" fn foreign(&self) {}

    pub async fn configured(&self, #[cfg(not(any()))] _one: u32, _two: u32) {}
}

#[blocking]
unsafe trait Trusted {}

#[blocking]
unsafe impl Trusted for Client {}

fn main() {}
