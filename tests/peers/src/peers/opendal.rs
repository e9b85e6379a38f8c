//! Files: `opendal::blocking` on the runtime of its program, and a runner of ours around async opendal.

use crate::{
    peer::{ITEMS, Peer, Result, expect},
    servers::{Addresses, SIX},
};
use futures_lite::StreamExt as _;
use opendal::{Operator, blocking, services::Fs};
use pontoon::{Runner, Tokio};
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

fn operator(at: &Addresses) -> Result<Operator> {
    Ok(Operator::new(Fs::default().root(&at.files.to_string_lossy()))?)
}

/// `opendal::blocking`, with the static runtime that its documentation shows for sync programs.
#[derive(Debug)]
pub(crate) struct Blocking(blocking::Operator);

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime"));

impl Peer for Blocking {
    const CALLBACK: Option<&'static str> = None;

    fn new(at: &Addresses) -> Result<Self> {
        let _guard = RUNTIME.enter();
        Ok(Self(blocking::Operator::new(operator(at)?)?))
    }

    fn call(&mut self) -> Result {
        expect(&*self.0.read("one")?.to_vec(), SIX.as_bytes())
    }

    fn iterate(&mut self) -> Result {
        expect(self.0.lister("/")?.take(ITEMS).collect::<opendal::Result<Vec<_>>>()?.len(), ITEMS)
    }
}

/// The same client through a runner.
#[derive(Debug)]
pub(crate) struct Ours {
    operator: Operator,
    runner: Runner,
}

impl Peer for Ours {
    const CALLBACK: Option<&'static str> = None;

    fn new(at: &Addresses) -> Result<Self> {
        Ok(Self { operator: operator(at)?, runner: Runner::new(Tokio::new()) })
    }

    fn call(&mut self) -> Result {
        expect(&*self.runner.try_run(self.operator.read("one"))??.to_vec(), SIX.as_bytes())
    }

    fn iterate(&mut self) -> Result {
        let lister = self.runner.try_run(self.operator.lister("/"))??;
        let mut entries = self.runner.wrap_iter(lister.take(ITEMS));
        let mut count = 0;
        while let Some(entry) = entries.try_next()? {
            entry?;
            count += 1;
        }
        expect(count, ITEMS)
    }
}
