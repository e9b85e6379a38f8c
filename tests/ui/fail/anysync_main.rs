//! The program cannot start with a value that waits to be run.

#[pontoon::anysync]
async fn main() {
    std::future::ready(()).await;
}
