//! What runs while the runtime stops, on the runner's own thread.

use pontoon::{Runner, Stats, Tokio};
use pontoon_tests::trial::within;
use std::sync::mpsc::{self, Sender};

/// A value whose destructor asks the runner how it is.
struct Asks(Runner, Sender<Stats>);

impl Drop for Asks {
    fn drop(&mut self) {
        self.1.send(self.0.stats()).unwrap();
    }
}

/// tokio drops the tasks that are its own when it is stopped, after the loop has ended.
#[test]
fn a_destructor_may_ask_for_the_counts() {
    within("tokio", |steps| {
        let runner = Runner::new(Tokio::new());
        let (sender, receiver) = mpsc::channel();
        let asks = Asks(runner.clone(), sender);
        // The runner has its own thread, which stops the runtime.
        runner.spawn(async {}).join().unwrap();
        runner.run(async {
            drop(tokio::spawn(async move {
                let _asks = asks;
                std::future::pending::<()>().await;
            }));
        });
        steps.at("close");
        runner.close().unwrap();
        let stats = receiver.try_recv().expect("the runtime has dropped its task");
        assert_eq!((stats.depth, stats.tasks), (0, 0));
    })
    .unwrap();
}
