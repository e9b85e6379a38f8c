use std::{future::Future, pin::Pin};

pub trait Get {
    fn get<'a, R: From<u32>>(&'a self) -> Pin<Box<dyn Future<Output = R> + Send + 'a>>;
}

impl Get for u32 {
    fn get<'a, R: From<u32>>(&'a self) -> Pin<Box<dyn Future<Output = R> + Send + 'a>> {
        Box::pin(async { R::from(*self) })
    }
}

pontoon::facade! {
    pub struct Number(u32) in pontoon::Smol;

    fn get<R: From<u32>>(&self) -> R;
}

fn main() {}
