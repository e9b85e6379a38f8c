//! The message bus: `zbus::blocking`, and a runner of ours around async zbus.

use crate::{
    peer::{ITEMS, Peer, Result, expect},
    places::Body,
    servers::Addresses,
};
use futures_lite::StreamExt as _;
use pontoon::Runner;
use std::sync::{Mutex, PoisonError};
use zbus::{AuthMechanism, Connection, MatchRule, MessageStream, blocking, connection, message::Type};

const BUS: &str = "org.freedesktop.DBus";
const PATH: &str = "/peers";
const INTERFACE: &str = "org.example.Peers";

/// An object whose method is the callback.
struct Object(Mutex<Option<Body>>);

#[zbus::interface(name = "org.example.Peers")]
impl Object {
    fn now(&self) {
        if let Some(body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            body();
        }
    }
}

fn signals(own: &str) -> Result<MatchRule<'_>> {
    Ok(MatchRule::builder().msg_type(Type::Signal).sender(own)?.member("Number")?.build())
}

/// `zbus::blocking`.
#[derive(Debug)]
pub(crate) struct Blocking(blocking::Connection);

fn builder(at: &Addresses) -> Result<blocking::connection::Builder<'static>> {
    Ok(blocking::connection::Builder::address(&*at.bus())?.auth_mechanism(AuthMechanism::Anonymous))
}

impl Peer for Blocking {
    const CALLBACK: Option<&'static str> = Some("a method of an object that it serves");

    fn new(at: &Addresses) -> Result<Self> {
        Ok(Self(builder(at)?.build()?))
    }

    fn call(&mut self) -> Result {
        let id = self.0.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetId", &())?;
        expect(id.body().deserialize::<String>()?.len(), 32)
    }

    fn iterate(&mut self) -> Result {
        let own = self.0.unique_name().ok_or("no name on the bus")?.to_string();
        let items = blocking::MessageIterator::for_match_rule(signals(&own)?, &self.0, Some(8))?;
        for number in 0..ITEMS as u64 {
            self.0.emit_signal(None::<&str>, PATH, INTERFACE, "Number", &number)?;
        }
        expect(items.take(ITEMS).collect::<zbus::Result<Vec<_>>>()?.len(), ITEMS)
    }

    fn inside(at: &Addresses, body: Body) -> Result {
        let server = builder(at)?.serve_at(PATH, Object(Mutex::new(Some(body))))?.build()?;
        let own = server.unique_name().ok_or("no name on the bus")?.to_string();
        builder(at)?.build()?.call_method(Some(&*own), PATH, Some(INTERFACE), "Now", &())?;
        Ok(())
    }
}

/// The same client through a runner.
#[derive(Debug)]
pub(crate) struct Ours {
    connection: Connection,
    runner: Runner,
}

/// On the runtime that zbus was compiled for.
fn runner() -> Runner {
    #[cfg(feature = "zbus")]
    let backend = pontoon::Tokio::new();
    #[cfg(not(feature = "zbus"))]
    let backend = pontoon::Smol::new();
    Runner::new(backend)
}

fn anonymous(at: &Addresses) -> Result<connection::Builder<'static>> {
    Ok(connection::Builder::address(&*at.bus())?.auth_mechanism(AuthMechanism::Anonymous))
}

impl Peer for Ours {
    const CALLBACK: Option<&'static str> = Some("a method of an object that it serves");

    fn new(at: &Addresses) -> Result<Self> {
        let runner = runner();
        let connection = runner.try_run(anonymous(at)?.build())??;
        Ok(Self { connection, runner })
    }

    fn call(&mut self) -> Result {
        let call = self.connection.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetId", &());
        expect(self.runner.try_run(call)??.body().deserialize::<String>()?.len(), 32)
    }

    fn iterate(&mut self) -> Result {
        let own = self.connection.unique_name().ok_or("no name on the bus")?.to_string();
        let stream = MessageStream::for_match_rule(signals(&own)?, &self.connection, Some(8));
        let stream = self.runner.try_run(stream)??;
        for number in 0..ITEMS as u64 {
            let signal = self.connection.emit_signal(None::<&str>, PATH, INTERFACE, "Number", &number);
            self.runner.try_run(signal)??;
        }
        let mut items = self.runner.wrap_iter(stream.take(ITEMS));
        let mut count = 0;
        while let Some(item) = items.try_next()? {
            item?;
            count += 1;
        }
        expect(count, ITEMS)
    }

    fn inside(at: &Addresses, body: Body) -> Result {
        let runner = runner();
        let server = anonymous(at)?.serve_at(PATH, Object(Mutex::new(Some(body))))?;
        let server = runner.try_run(server.build())??;
        let own = server.unique_name().ok_or("no name on the bus")?.to_string();
        let client = runner.try_run(anonymous(at)?.build())??;
        runner.try_run(client.call_method(Some(&*own), PATH, Some(INTERFACE), "Now", &()))??;
        Ok(())
    }
}
