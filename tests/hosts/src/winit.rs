//! winit, with a window.
//!
//! The ticks run in `about_to_wait`, not in `user_event`: on X11 winit hands out user events until there is none, those
//! that an event causes among them, so a busy guest would keep the loop there for ever. `about_to_wait` comes once in each
//! turn, after input and redraws.

use crate::{Ended, Events, Main, Slot};
use ::winit::{
    application::ApplicationHandler,
    dpi::LogicalSize,
    event::WindowEvent,
    event_loop::{ActiveEventLoop, ControlFlow, EventLoop},
    platform::run_on_demand::EventLoopExtRunOnDemand,
    window::{Window, WindowId},
};
use pontoon::guest::{Guest, GuestRun, TickQueue, queue};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Instant,
};

/// The one user event. It says nothing: that it comes is what wakes the loop.
#[derive(Clone, Copy, Debug)]
pub struct Wake;

/// Where the ticks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// In `about_to_wait`, where they belong.
    AboutToWait,
    /// In `user_event`, which is the trap.
    UserEvent,
}

struct App {
    ticks: TickQueue,
    run: GuestRun,
    window: Option<Window>,
    events: Events,
    next: Instant,
    turn: Turn,
    turns: Rc<Cell<u64>>,
}

impl ApplicationHandler<Wake> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let attributes = Window::default_attributes().with_title("pontoon").with_inner_size(LogicalSize::new(64, 64));
        self.window = Some(event_loop.create_window(attributes).expect("a window"));
    }

    fn user_event(&mut self, _: &ActiveEventLoop, Wake: Wake) {
        if self.turn == Turn::UserEvent {
            self.ticks.run();
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        if matches!(event, WindowEvent::RedrawRequested) && self.events.happen() {
            event_loop.exit();
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.turns.set(self.turns.get() + 1);
        if self.turn == Turn::AboutToWait {
            self.ticks.run();
        }
        if self.run.is_finished() {
            return event_loop.exit();
        }
        let now = Instant::now();
        if now >= self.next {
            self.next = now + self.events.pace();
            self.window.as_ref().expect("resumed").request_redraw();
        }
        // A tick that was busy has sent a `Wake`, which ends the wait before it begins.
        event_loop.set_control_flow(ControlFlow::WaitUntil(self.next));
    }
}

thread_local! {
    // There is one event loop in a process, so it serves all that run on this thread. A real program makes it in `main`.
    static EVENT_LOOP: RefCell<EventLoop<Wake>> =
        RefCell::new(EventLoop::with_user_event().build().expect("an event loop, on the main thread"));
}

/// A window that is redrawn at a steady pace.
///
/// # Panics
///
/// If there is no display, or if the guest does not start.
pub fn run(guest: Guest, main: Main, events: Events) -> Ended {
    run_in(Turn::AboutToWait, Rc::default(), guest, main, events)
}

/// The same with ticks in one place or the other. `turns` counts the turns of the loop.
///
/// # Panics
///
/// If there is no display, or if the guest does not start.
pub fn run_in(turn: Turn, turns: Rc<Cell<u64>>, guest: Guest, main: Main, events: Events) -> Ended {
    EVENT_LOOP.with_borrow_mut(|event_loop| {
        let proxy = event_loop.create_proxy();
        let (host, ticks) = queue(move || {
            // Once the loop is gone there is nobody to wake.
            let _ = proxy.send_event(Wake);
        });
        let slot = Slot::default();
        let done = slot.clone();
        let run = guest.start(host, main, move |result| done.put(result)).expect("the guest starts");
        let mut app = App { ticks, run, window: None, events, next: Instant::now(), turn, turns };
        event_loop.run_app_on_demand(&mut app).expect("the loop runs");
        let App { ticks, run, .. } = app;
        drop(ticks);
        drop(run);
        slot.take()
    })
}
