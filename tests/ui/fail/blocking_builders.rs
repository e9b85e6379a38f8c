use pontoon::{anysync as builder, blocking};

mod bon {
    pub use pontoon::anysync as builder;
}

#[blocking]
struct Client;

#[blocking]
impl Client {
    #[builder]
    pub async fn ask(&self, question: String) -> String {
        question
    }

    #[bon::builder]
    pub async fn tell(&self, question: String) -> String {
        question
    }

    #[builder]
    #[blocking(skip)]
    pub async fn skipped(&self, question: String) -> String {
        question
    }
}

fn main() {}
