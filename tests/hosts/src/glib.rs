//! The main loop of GLib: GTK, GStreamer, libsoup.
//!
//! Not with `MainContext::invoke`: on the thread that owns the context it calls its closure there and then, which a host
//! must never do. An idle source runs in the loop's next turn, from whichever thread it comes.

use crate::{Ended, Events, Main, Slot};
use ::glib::{ControlFlow, MainContext, MainLoop, Priority, idle_source_new, timeout_future};
use pontoon::guest::{Guest, Host, Tick};
use std::{cell::RefCell, rc::Rc};

/// The priority of GDK's redraws, below that of events.
const REDRAW: i32 = 120;

/// A main context as a host; the thread that starts the guest has to be the one that iterates it.
#[derive(Clone, Debug)]
pub struct GlibHost(pub MainContext);

impl Host for GlibHost {
    /// As urgent as an event: something has happened, and the guest has rested before.
    fn schedule(&self, tick: Tick) {
        attach(&self.0, Priority::DEFAULT, tick);
    }

    /// A busy guest comes after redraws, which come after everything at `DEFAULT`: while a source at `DEFAULT` is always
    /// ready, none below it is dispatched, and the window would stand still.
    fn schedule_yield(&self, tick: Tick) {
        attach(&self.0, Priority::DEFAULT_IDLE, tick);
    }
}

/// Has the context run the tick, at that priority.
pub fn attach(context: &MainContext, priority: Priority, tick: Tick) {
    let mut tick = Some(tick);
    let source = idle_source_new(Some("pontoon"), priority, move || {
        if let Some(tick) = tick.take() {
            tick.run();
        }
        ControlFlow::Break
    });
    source.attach(Some(context));
}

/// A loop with a timer that asks for redraws, as a widget that animates does.
///
/// # Panics
///
/// If the guest does not start.
pub fn run(guest: Guest, main: Main, events: Events) -> Ended {
    run_on(GlibHost, || {}, guest, main, events)
}

/// The same with a host of one's own, and with a look at the timer.
///
/// # Panics
///
/// If the guest does not start.
pub fn run_on<H: Host>(
    host: impl FnOnce(MainContext) -> H,
    on_timer: impl FnMut() + 'static,
    guest: Guest,
    main: Main,
    events: Events,
) -> Ended {
    in_loop(on_timer, events, |main_loop| {
        let slot = Slot::default();
        let (done, quit) = (slot.clone(), main_loop.clone());
        let done = move |result| {
            done.put(result);
            quit.quit();
        };
        let run = guest.start(host(main_loop.context()), main, done).expect("the guest starts");
        main_loop.run();
        // A context outlives its loop, and does not say that nobody iterates it any more: it is this drop that ends a
        // guest whose loop has quit.
        drop(run);
        slot.take()
    })
}

/// The same loop with the guest as one of the context's own futures.
///
/// # Panics
///
/// If the guest does not start.
pub fn run_future(guest: Guest, main: Main, events: Events) -> Ended {
    in_loop(
        || {},
        events,
        |main_loop| {
            let slot = Slot::default();
            let (done, quit) = (slot.clone(), main_loop.clone());
            let future = guest.into_future(main).expect("the guest starts");
            let task = main_loop.context().spawn_local(async move {
                done.put(future.await);
                quit.quit();
            });
            main_loop.run();
            task.abort();
            slot.take()
        },
    )
}

/// A main loop in a context of its own. A real program has the default context on its main thread, and none of this.
fn in_loop<R>(mut on_timer: impl FnMut() + 'static, events: Events, f: impl FnOnce(&MainLoop) -> R) -> R {
    let context = MainContext::new();
    // GLib 2.74 corrupts memory where a context is freed while another thread wakes one of its futures. A default context
    // is never freed, so these are not, either.
    std::mem::forget(context.clone());
    let in_context = context.with_thread_default(|| {
        let main_loop = MainLoop::new(Some(&context), false);
        let (pace, events) = (events.pace(), Rc::new(RefCell::new(events)));
        let (quit, redraws) = (main_loop.clone(), context.clone());
        let timer = context.spawn_local(async move {
            loop {
                timeout_future(pace).await;
                on_timer();
                let (events, quit) = (events.clone(), quit.clone());
                let redraw = async move {
                    if events.borrow_mut().happen() {
                        quit.quit();
                    }
                };
                redraws.spawn_local_with_priority(Priority::from(REDRAW), redraw);
            }
        });
        let result = f(&main_loop);
        timer.abort();
        result
    });
    in_context.expect("the context is nobody else's")
}
