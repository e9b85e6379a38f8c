pontoon::facade! {
    fn len(&self) -> usize;
}

pontoon::facade! {
    struct Two(String, u32) in pontoon::Smol;
}

pontoon::facade! {
    struct Unit;
}

pontoon::facade! {
    struct Named { inner: String }
}

pontoon::facade! {
    struct Facade(String) in pontoon::Smol;

    fn len(&self) -> usize { 1 }
}

pontoon::facade! {
    struct Iterated(String) in pontoon::Smol;

    async stream fn chars(&self) -> u32;
}

pontoon::facade! {
    struct Options(String), name = Other;
}

pontoon::facade! {
    struct NoEnd(String) in pontoon::Smol
}

fn main() {}
