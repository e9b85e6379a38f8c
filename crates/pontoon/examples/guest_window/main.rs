//! A window that is redrawn sixty times a second, and in it an async HTTP client: one thread, no locks.
//!
//! ```text
//! cargo run -p pontoon --example guest_window --features example-clients/window                                  # hyper, on smol
//! cargo run -p pontoon --example guest_window --no-default-features --features example-clients/window,tokio      # reqwest, on tokio
//! cargo run -p pontoon --example guest_window --no-default-features --features example-clients/window,async-std  # async-h1, on async-std
//! ```
//!
//! This file is the host: winit's event loop. `../guest` holds the guest, a client per backend, and the server that it
//! downloads from, inside this process. `scene.rs` draws.

#![forbid(unsafe_code)]

#[path = "../guest/client/mod.rs"]
mod client;
mod scene;
#[path = "../guest/server.rs"]
mod server;

use client::{CLIENT, Error, Progress, backend, download};
use example_clients::{
    softbuffer::{Context, Surface},
    winit::{
        application::ApplicationHandler,
        dpi::PhysicalSize,
        event::WindowEvent,
        event_loop::{ActiveEventLoop, ControlFlow, EventLoop, OwnedDisplayHandle},
        window::{Window, WindowId},
    },
};
use pontoon::guest::{Guest, GuestRun, TickQueue, queue};
use scene::Canvas;
use std::{
    cell::RefCell,
    num::NonZeroU32,
    rc::Rc,
    time::{Duration, Instant},
};

const FRAME: Duration = Duration::from_micros(16_667);

/// Wakes the loop, and says nothing else.
#[derive(Debug)]
struct Wake;

struct App {
    ticks: TickQueue,
    /// None once the window is closed: the guest ends with it.
    run: Option<GuestRun>,
    progress: Rc<Progress>,
    surface: Option<Surface<OwnedDisplayHandle, Rc<Window>>>,
    frames: Frames,
}

/// When frames were drawn.
#[derive(Default)]
struct Frames {
    first: Option<Instant>,
    last: Option<Instant>,
    next: Option<Instant>,
    drawn: u32,
    worst_gap: Duration,
}

impl Frames {
    fn draw(&mut self, now: Instant) {
        let first = *self.first.get_or_insert(now);
        self.worst_gap = self.worst_gap.max(now - self.last.replace(now).unwrap_or(now));
        self.drawn += 1;
        // A frame that is late moves those after it.
        self.next = Some((self.next.unwrap_or(first) + FRAME).max(now));
    }
}

impl ApplicationHandler<Wake> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let size = PhysicalSize::new(640, 360);
        let attributes = Window::default_attributes().with_title("pontoon: a guest in a window").with_inner_size(size);
        let window = Rc::new(event_loop.create_window(attributes).expect("a window"));
        let context = Context::new(event_loop.owned_display_handle()).expect("a display");
        self.surface = Some(Surface::new(&context, window).expect("a surface"));
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => self.run = None,
            WindowEvent::RedrawRequested => self.draw().expect("a frame"),
            _ => {}
        }
    }

    /// Each turn of the loop ends here, after input and redraws: this is where the guest has its tick.
    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.ticks.run();
        if self.run.as_ref().is_none_or(GuestRun::is_finished) {
            return event_loop.exit();
        }
        match self.frames.next {
            Some(next) if Instant::now() < next => event_loop.set_control_flow(ControlFlow::WaitUntil(next)),
            _ => self.surface.as_ref().expect("resumed").window().request_redraw(),
        }
    }
}

impl App {
    fn draw(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        self.frames.draw(now);
        let Some(surface) = &mut self.surface else { return Ok(()) };
        let size = surface.window().inner_size();
        let (Some(width), Some(height)) = (NonZeroU32::new(size.width), NonZeroU32::new(size.height)) else {
            return Ok(());
        };
        surface.resize(width, height)?;
        let mut pixels = surface.buffer_mut()?;
        let mut canvas = Canvas::new(&mut pixels, size.width as usize, size.height as usize);
        let time = now - self.frames.first.unwrap_or(now);
        let (got, all) = (self.progress.got.get(), self.progress.size.get());
        canvas.scene(time.as_secs_f32(), if all == 0 { 0.0 } else { got as f32 / all as f32 });
        canvas.text(20, 16, &format!("{CLIENT}: {:.1} of {:.1} MB", got as f32 / 1e6, all as f32 / 1e6));
        let worst = self.frames.worst_gap.as_secs_f32() * 1e3;
        canvas.text(20, 38, &format!("frame {}, worst gap {worst:.1} ms", self.frames.drawn));
        Ok(pixels.present()?)
    }
}

fn main() -> Result<(), Error> {
    let server = server::start()?;
    let event_loop = EventLoop::with_user_event().build()?;

    // From any thread, the loop can be woken.
    let proxy = event_loop.create_proxy();
    let (host, ticks) = queue(move || {
        // A loop that has ended needs no waking.
        let _ = proxy.send_event(Wake);
    });

    // The guest writes this, and the window shows it.
    let progress = Rc::new(Progress::default());
    let theirs = progress.clone();
    let main = async move { download(server, &theirs).await };

    let outcome = Rc::new(RefCell::new(None));
    let done = outcome.clone();
    let run = Guest::new(backend()).start(host, main, move |result| *done.borrow_mut() = Some(result))?;

    let mut app = App { ticks, run: Some(run), progress, surface: None, frames: Frames::default() };
    event_loop.run_app(&mut app)?;

    let bytes = outcome.take().expect("`done` was called")??;
    assert_eq!(bytes, server::SIZE);
    let Frames { first, last, drawn, worst_gap, .. } = app.frames;
    let time = last.zip(first).map_or(Duration::ZERO, |(last, first)| last - first);
    let rate = f64::from(drawn.saturating_sub(1)) / time.as_secs_f64();
    println!("got {bytes} bytes through {CLIENT}");
    println!("drew {drawn} frames, {rate:.1} a second, with a worst gap of {:.1} ms", worst_gap.as_secs_f64() * 1e3);
    Ok(())
}
