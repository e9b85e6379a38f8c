//! The peers: each blocking API that this build has.

#[cfg(feature = "async-compat")]
use crate::peers::block_on::Compat;
use crate::{
    cell::{self, Fork},
    echo::{AsyncStdEcho, SmolEcho, TokioEcho},
    operations::Operation,
    peer::Peer,
    peers::block_on::{
        ByAsyncStd, ByHandle, BySmol, Futures, InPlace, OnSmol, OnTokio, OnTokioWorkers, PerClient, Via,
    },
    places::Place,
    servers::{Addresses, Need},
};
use std::{fs, sync::LazyLock};

/// A peer.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// As in the table, without a version.
    pub name: &'static str,
    /// The crate whose version is said.
    pub of: &'static str,
    /// What it talks to.
    pub need: Need,
    /// Its own callback, if it has one.
    pub callback: Option<&'static str>,
    /// Whether it is ours.
    pub ours: bool,
    act: fn(Place, Operation, &Addresses, Fork) -> !,
}

impl Row {
    /// Does one operation in one place: the whole life of this process.
    pub fn act(&self, place: Place, operation: Operation, at: &Addresses, fork: Fork) -> ! {
        (self.act)(place, operation, at, fork)
    }

    /// Whether it has such a place.
    pub fn has(&self, place: Place) -> bool {
        place != Place::Callback || self.callback.is_some()
    }

    /// As in the table: a release build of a peer is another one.
    pub fn title(&self) -> String {
        if cfg!(debug_assertions) { self.name.to_owned() } else { format!("{} (release)", self.name) }
    }

    /// The version that the workspace is locked to.
    pub fn version(&self) -> &'static str {
        static LOCK: LazyLock<String> = LazyLock::new(|| {
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap_or_default()
        });
        // The newest, where there are several.
        let versions = LOCK.split("[[package]]").filter_map(|package| {
            let package = package.trim_start().strip_prefix("name = \"")?.strip_prefix(self.of)?.strip_prefix('"')?;
            package.trim_start().strip_prefix("version = \"")?.split('"').next()
        });
        let number = |version: &&str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
        versions.max_by_key(number).unwrap_or("?")
    }
}

fn row<P: Peer>(name: &'static str, of: &'static str, need: Need) -> Row {
    Row { name, of, need, callback: P::CALLBACK, ours: of == "pontoon", act: cell::run::<P> }
}

/// All of them.
pub fn all() -> Vec<Row> {
    Vec::from([
        #[cfg(feature = "reqwest")]
        row::<crate::peers::reqwest::Blocking>("`reqwest::blocking`", "reqwest", Need::Http),
        #[cfg(feature = "postgres")]
        row::<crate::peers::postgres::Blocking>("`postgres`", "postgres", Need::Postgres),
        #[cfg(feature = "zbus")]
        row::<crate::peers::zbus::Blocking>("`zbus::blocking` 5 on tokio", "zbus", Need::DBus),
        #[cfg(all(feature = "zbus-async-io", not(feature = "zbus")))]
        row::<crate::peers::zbus::Blocking>("`zbus::blocking` 5 on async-io", "zbus", Need::DBus),
        #[cfg(feature = "opendal")]
        row::<crate::peers::opendal::Blocking>("`opendal::blocking`", "opendal", Need::Files),
        row::<Via<ByHandle, TokioEcho>>("`Handle::block_on`", "tokio", Need::Echo),
        row::<Via<InPlace, TokioEcho>>("`block_in_place` + `Handle::block_on`", "tokio", Need::Echo),
        row::<Via<PerClient, TokioEcho>>("a tokio `Runtime` per client", "tokio", Need::Echo),
        row::<Via<Futures, SmolEcho>>("`futures::executor::block_on`", "futures-executor", Need::Echo),
        row::<Via<BySmol, SmolEcho>>("`smol::block_on`", "smol", Need::Echo),
        row::<Via<ByAsyncStd, AsyncStdEcho>>("`async_std::task::block_on`", "async-std", Need::Echo),
        #[cfg(feature = "async-compat")]
        row::<Via<Compat, TokioEcho>>("`smol::block_on` + `Compat`", "async-compat", Need::Echo),
        row::<Via<OnTokio, TokioEcho>>("**pontoon**, `Tokio::new()`", "pontoon", Need::Echo),
        row::<Via<OnTokioWorkers, TokioEcho>>("**pontoon**, `Tokio::multi_thread(2)`", "pontoon", Need::Echo),
        row::<Via<OnSmol, SmolEcho>>("**pontoon**, `Smol::new()`", "pontoon", Need::Echo),
        #[cfg(feature = "reqwest")]
        row::<crate::peers::reqwest::Facade>("**pontoon** facade over reqwest", "pontoon", Need::Http),
        #[cfg(feature = "postgres")]
        row::<crate::peers::postgres::Facade>("**pontoon** facade over tokio-postgres", "pontoon", Need::Postgres),
        #[cfg(feature = "zbus")]
        row::<crate::peers::zbus::Ours>("**pontoon** over zbus 5 on tokio", "pontoon", Need::DBus),
        #[cfg(all(feature = "zbus-async-io", not(feature = "zbus")))]
        row::<crate::peers::zbus::Ours>("**pontoon** over zbus 5 on async-io", "pontoon", Need::DBus),
        #[cfg(feature = "opendal")]
        row::<crate::peers::opendal::Ours>("**pontoon** over opendal", "pontoon", Need::Files),
    ])
}

/// Where ours is refused: on which rows, in which place, and how. Everything else of ours has to work.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// A part of the names of the rows.
    pub rows: &'static str,
    /// Where.
    pub place: Place,
    /// What.
    pub operations: &'static [Operation],
    /// The class that it has then.
    pub class: &'static str,
    /// The name of the reason: see [`REASONS`](crate::outcome::REASONS).
    pub reason: &'static str,
}

const fn forked(
    rows: &'static str,
    operations: &'static [Operation],
    class: &'static str,
    reason: &'static str,
) -> Refused {
    Refused { rows, place: Place::Fork, operations, class, reason }
}

/// All of them, the first that fits counts. The methods of a facade have no place for an error of ours, so they panic with
/// its text, and in a destructor that runs while a panic unwinds that is an abort, as with any other panic.
pub const REFUSED: &[Refused] = &[
    forked("Smol::new()", &[Operation::New], "error", "forked reactor"),
    forked("over zbus 5 on async-io", &[Operation::New], "error", "forked reactor"),
    forked("facade", &[Operation::UnwindCall], "abort", "forked"),
    forked("facade", &[Operation::New, Operation::Call, Operation::Iterate, Operation::Many], "panic", "forked"),
    forked("", &[Operation::Call, Operation::Iterate, Operation::UnwindCall, Operation::Many], "error", "forked"),
];
