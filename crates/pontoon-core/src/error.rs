//! Every public error, each naming its remedy.

use std::{
    any::Any,
    borrow::Cow,
    error::Error,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Why a blocking wait cannot work where the calling thread stands, and what to do instead.
///
/// A backend returns it from [`Executor::can_block`](crate::Executor::can_block); callers meet it inside
/// [`RunError::WouldDeadlock`].
///
/// # Examples
///
/// ```
/// let error = pontoon_core::WouldBlock::new("this thread drives the runtime", "move the call to another thread");
/// assert_eq!(error.reason(), "this thread drives the runtime");
/// assert_eq!(error.remedy(), "move the call to another thread");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldBlock {
    reason: Cow<'static, str>,
    remedy: Cow<'static, str>,
}

impl WouldBlock {
    /// Says why the wait would never end, and what the caller should do instead.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = pontoon_core::WouldBlock::new("this thread drives the runtime", "move the call to another thread");
    /// assert_eq!(error.to_string(), "this thread drives the runtime; move the call to another thread");
    /// ```
    pub fn new(reason: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }

    /// Why the wait would never end.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What to do instead.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, self.remedy)
    }
}

impl Error for WouldBlock {}

/// Calls are nested too deep on this thread: how deep, and what was exhausted.
///
/// # Examples
///
/// ```
/// use pontoon_core::{RunError, Runner};
/// let runner = Runner::builder(pontoon_smol::Smol::new()).max_depth(2).build();
/// let refused = runner.run(async { runner.run(async { runner.try_run(async {}) }) });
/// let Err(RunError::TooDeep(deep)) = refused else { panic!("{refused:?}") };
/// assert_eq!((deep.depth(), deep.limit(), deep.stack_ran_short()), (2, 2, false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooDeep {
    pub(crate) depth: usize,
    pub(crate) limit: usize,
    pub(crate) stack: bool,
}

impl TooDeep {
    /// How many calls were already nested on this thread.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The runner's [`max_depth`](crate::Builder::max_depth).
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the thread's stack ran short before the limit was reached.
    pub fn stack_ran_short(&self) -> bool {
        self.stack
    }
}

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stack {
            write!(f, "{} calls are nested on this thread and its stack runs short", self.depth)?;
        } else {
            write!(f, "{} calls are nested on this thread and the limit is {}", self.depth, self.limit)?;
        }
        f.write_str(
            "; await inside async code instead of calling `run`, or move the blocking part to `Runner::unblock`",
        )
    }
}

/// A call was refused or ended before its future did.
///
/// The future has been dropped, in its runtime's context, when this is returned.
///
/// # Examples
///
/// ```
/// use pontoon_core::RunError;
/// use std::{future::pending, time::Duration};
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// match runner.run_timeout(Duration::from_millis(1), pending::<()>()) {
///     Err(RunError::TimedOut) => {}
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The runner is closed, or was closed while the call waited.
    Closed,
    /// The limit of [`Runner::run_timeout`](crate::Runner::run_timeout) passed.
    TimedOut,
    /// The wait could never end where the calling thread stands.
    WouldDeadlock(WouldBlock),
    /// Too many calls are nested on this thread.
    TooDeep(TooDeep),
    /// The process was forked after this runner was made; its threads exist in the parent only.
    Forked,
    /// The runtime or the runner's thread could not be started.
    Start(Arc<io::Error>),
}

impl RunError {
    pub(crate) fn deadlock(reason: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self::WouldDeadlock(WouldBlock::new(reason, remedy))
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the runner is closed; make a new one, or close it after the last call"),
            Self::TimedOut => f.write_str("the call did not finish in its time limit and was cancelled"),
            Self::WouldDeadlock(why) => write!(f, "the call would wait for ever: {why}"),
            Self::TooDeep(deep) => deep.fmt(f),
            Self::Forked => {
                f.write_str("the process was forked after this runner was made; make a new runner in the child")
            }
            Self::Start(error) => {
                write!(f, "the runner could not start: {error}; every use tries anew")
            }
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::WouldDeadlock(why) => Some(why),
            Self::Start(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<RunError> for io::Error {
    fn from(error: RunError) -> Self {
        let kind = match error {
            RunError::TimedOut => io::ErrorKind::TimedOut,
            RunError::Closed => io::ErrorKind::BrokenPipe,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// What a panic carried.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// The text of a panic, as the standard library's hook would print it.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a value that is not text",
    }
}

/// Why a [`Task`](crate::Task) gave no value.
///
/// # Examples
///
/// ```
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let error = runner.spawn(async { panic!("no such row") }).join().unwrap_err();
/// assert!(error.is_panic() && !error.is_cancelled());
/// assert_eq!(error.to_string(), "the task panicked: no such row");
/// ```
pub struct JoinError(Kind);

enum Kind {
    Cancelled,
    Panicked(Mutex<Payload>),
    NotReady,
    Refused(RunError),
}

impl JoinError {
    pub(crate) fn cancelled() -> Self {
        Self(Kind::Cancelled)
    }

    pub(crate) fn panicked(payload: Payload) -> Self {
        Self(Kind::Panicked(Mutex::new(payload)))
    }

    pub(crate) fn not_ready() -> Self {
        Self(Kind::NotReady)
    }

    pub(crate) fn refuse(error: RunError) -> Self {
        match error {
            RunError::Closed => Self(Kind::Cancelled),
            error => Self(Kind::Refused(error)),
        }
    }

    /// Whether the task was cancelled, by its handle or because its runner closed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Kind::Cancelled)
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Kind::Panicked(_))
    }

    /// Whether a task of [`Runner::start_task`](crate::Runner::start_task) gave up its `Ready` without setting it.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let error = runner.start_task(|ready| async move { drop::<pontoon_core::Ready<u16>>(ready) }).unwrap_err();
    /// assert!(error.is_not_ready());
    /// ```
    pub fn is_not_ready(&self) -> bool {
        matches!(self.0, Kind::NotReady)
    }

    /// Why the wait was refused, where it was: the task itself may live on.
    pub fn refused(&self) -> Option<&RunError> {
        match &self.0 {
            Kind::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Returns what the task panicked with, to be passed to [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// Panics if the task did not panic; ask [`is_panic`](Self::is_panic) first.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let error = runner.spawn(async { panic!("no such row") }).join().unwrap_err();
    /// assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "no such row");
    /// ```
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.0 {
            Kind::Panicked(payload) => payload.into_inner().unwrap_or_else(PoisonError::into_inner),
            _ => panic!("`JoinError::into_panic` on an error that is not a panic: {self}"),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Cancelled => f.write_str("the task was cancelled, by its handle or because its runner closed"),
            Kind::Panicked(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                write!(f, "the task panicked: {}", panic_text(&**payload))
            }
            Kind::NotReady => f.write_str("the task gave up its `Ready` without calling `set`"),
            Kind::Refused(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Refused(error) => Some(error),
            _ => None,
        }
    }
}

/// What went wrong while a runner closed. It is closed all the same.
///
/// # Examples
///
/// ```
/// use pontoon_core::{Outcome, context};
/// use std::io;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// runner.enter_context(context(
///     async || Ok::<_, io::Error>(()),
///     async |(), _: Outcome<'_>| Err(io::Error::other("the server is gone")),
/// ))?;
/// let error = runner.close().unwrap_err();
/// assert_eq!(error.exits()[0].to_string(), "the server is gone");
/// assert_eq!((error.abandoned(), error.timed_out()), (0, false));
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Debug)]
pub struct CloseError {
    pub(crate) exits: Vec<Box<dyn Error + Send + Sync + 'static>>,
    pub(crate) abandoned: usize,
    pub(crate) limit: Option<Duration>,
}

impl CloseError {
    /// The errors of the exits that failed, in the order in which they ran: last entered first. An exit that could not run,
    /// because the backend had panicked on the runner's own thread, is among them.
    pub fn exits(&self) -> &[Box<dyn Error + Send + Sync + 'static>] {
        &self.exits
    }

    /// How many tasks were still running when the limit passed. They were left to themselves.
    pub fn abandoned(&self) -> usize {
        self.abandoned
    }

    /// Whether the limit passed before everything had ended.
    pub fn timed_out(&self) -> bool {
        self.limit.is_some()
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the runner closed, but")?;
        let mut separator = " ";
        if let Some(limit) = self.limit {
            write!(
                f,
                " its limit of {limit:?} passed and {} task(s) were abandoned (does one block its thread?)",
                self.abandoned
            )?;
            separator = "; ";
        } else if self.abandoned > 0 {
            write!(f, " {} task(s) belong to another thread and were abandoned", self.abandoned)?;
            separator = "; ";
        }
        if !self.exits.is_empty() {
            write!(f, "{separator}{} exit(s) failed:", self.exits.len())?;
            for error in &self.exits {
                write!(f, " [{error}]")?;
            }
        }
        Ok(())
    }
}

impl Error for CloseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_reason_and_its_remedy() {
        let error = WouldBlock::new("it would wait for itself", "await it");
        assert_eq!((error.reason(), error.remedy()), ("it would wait for itself", "await it"));
        let error = RunError::WouldDeadlock(error);
        assert_eq!(error.source().expect("why").to_string(), "it would wait for itself; await it");
    }

    #[test]
    fn a_refused_join_says_why() {
        let error = JoinError::refuse(RunError::deadlock("it would wait for itself", "await it"));
        let source = error.source().and_then(<dyn Error>::downcast_ref::<RunError>).expect("why");
        assert!(matches!(source, RunError::WouldDeadlock(_)), "{source:?}");
        assert!(JoinError::refuse(RunError::Closed).source().is_none());
    }

    #[test]
    fn too_deep_says_what_was_exhausted() {
        let limit = TooDeep { depth: 7, limit: 9, stack: false };
        assert_eq!((limit.depth(), limit.limit(), limit.stack_ran_short()), (7, 9, false));
        assert!(limit.to_string().contains("the limit is 9"), "{limit}");
        let stack = TooDeep { stack: true, ..limit };
        assert!(stack.stack_ran_short() && stack.to_string().contains("its stack runs short"), "{stack}");
    }

    #[test]
    fn a_panic_is_told_as_the_standard_library_tells_it() {
        let payloads: [(Payload, &str); 3] = [
            (Box::new("a slice"), "a slice"),
            (Box::new(String::from("a string")), "a string"),
            (Box::new(5), "a value that is not text"),
        ];
        for (payload, text) in payloads {
            assert_eq!(panic_text(&*payload), text);
        }
    }

    #[test]
    fn a_join_error_is_of_one_kind() {
        let kinds = |error: &JoinError| {
            (error.is_cancelled(), error.is_panic(), error.is_not_ready(), error.refused().is_some())
        };
        assert_eq!(kinds(&JoinError::cancelled()), (true, false, false, false));
        assert_eq!(kinds(&JoinError::panicked(Box::new("no"))), (false, true, false, false));
        assert_eq!(kinds(&JoinError::not_ready()), (false, false, true, false));
        assert_eq!(kinds(&JoinError::refuse(RunError::TimedOut)), (false, false, false, true));
    }

    #[test]
    fn a_close_tells_all_that_went_wrong() {
        let told = |exits: &[&'static str], abandoned, limit| {
            let exits = exits.iter().map(|text| io::Error::other(*text).into()).collect();
            CloseError { exits, abandoned, limit }.to_string()
        };
        assert_eq!(told(&["one", "two"], 0, None), "the runner closed, but 2 exit(s) failed: [one] [two]");
        let late = Some(Duration::from_secs(3));
        let late = told(&["one"], 4, late);
        assert!(late.contains(" its limit of 3s passed and 4 task(s) were abandoned"), "{late}");
        assert!(late.ends_with("; 1 exit(s) failed: [one]"), "{late}");
        let elsewhere = told(&[], 2, None);
        assert_eq!(elsewhere, "the runner closed, but 2 task(s) belong to another thread and were abandoned");
    }

    #[test]
    fn errors_of_io_say_their_kind() {
        let start = RunError::Start(Arc::new(io::Error::other("no more threads")));
        assert_eq!(start.source().expect("why").to_string(), "no more threads");
        for (error, kind) in [
            (RunError::TimedOut, io::ErrorKind::TimedOut),
            (RunError::Closed, io::ErrorKind::BrokenPipe),
            (RunError::Forked, io::ErrorKind::Other),
            (start, io::ErrorKind::Other),
        ] {
            let text = error.to_string();
            let error = io::Error::from(error);
            assert_eq!((error.kind(), error.to_string()), (kind, text));
        }
    }
}
