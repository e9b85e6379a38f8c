//! Endless nesting on threads with small stacks ends in an error, not in a stack overflow.

use futures_lite::future;
use pontoon::{RunError, Runner};
use pontoon_tests::{contexts::FLAVOURS, trial::within};
use std::thread;

/// Nests calls without end; gives the error that ends it.
fn dig(runner: &Runner) -> RunError {
    let deeper = runner.try_run(async {
        future::yield_now().await;
        dig(runner)
    });
    match deeper {
        Ok(error) | Err(error) => error,
    }
}

/// P21: whatever limit was asked for, and however small the stack.
#[test]
fn endless_nesting_on_small_stacks() {
    for flavour in FLAVOURS {
        within(flavour.name, move |steps| {
            let runner = flavour.builder().max_depth(usize::MAX).build();
            for kibibytes in [128, 256, 512, 2048] {
                steps.at(format!("{kibibytes} KiB"));
                let inner = runner.clone();
                let digger = thread::Builder::new().stack_size(kibibytes << 10).spawn(move || dig(&inner)).unwrap();
                let error = digger.join().unwrap();
                assert!(matches!(&error, RunError::TooDeep(deep) if deep.stack_ran_short()), "{error}");
            }
            assert_eq!(runner.run(async { 1 }), 1);
        })
        .unwrap();
    }
}
