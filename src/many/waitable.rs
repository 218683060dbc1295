//! What can be waited for together with others: a future, a reference to one, or one with a key
//! beside it.
//!
//! The trait is closed: what is behind it is the watching side of a [`Future`](crate::Future),
//! which is not ours to promise. It has no `T`, so what it waits for may have any.

use std::rc::Rc;
use std::sync::Arc;

use crate::future::handle::ScopedFuture;
use crate::future::watchers::Watchable;
use crate::label::Label;
use crate::nesting::graph::Sought;
use crate::nesting::waiting::{Awaited, run_inline};
use crate::nesting::whereabouts::Whereabouts;

/// What [`as_completed`](crate::as_completed()) and [`wait`](crate::wait()) take: a
/// [`Future`](crate::Future), owned or borrowed or shared, with a key beside it if you want one.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, as_completed};
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let codes = ["BR", "CN"];
/// let futures = codes.map(|code| pool.submit(move || code.to_lowercase()));
/// for (code, future) in as_completed(codes.into_iter().zip(&futures)) {
///     assert_eq!(*future.result()?, code.to_lowercase());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Waitable: Watch {}

impl<W: Watch + ?Sized> Waitable for W {}

/// Leads to the future that is waited for. Public because a public trait stands on it, and out of
/// reach so that nobody else can implement [`Waitable`].
pub trait Watch {
    #[doc(hidden)]
    fn watched(&self) -> Watched<'_>;
}

/// The watching side of a future, whatever its type.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "nobody outside can get hold of one")]
pub struct Watched<'a> {
    pub(super) end: &'a dyn Watchable,
    pub(super) awaited: &'a dyn Awaited,
    pub(super) label: &'a Label,
}

impl Watched<'_> {
    /// For those who wait for it inside a task.
    pub(super) fn sought(self) -> Sought {
        let whereabouts = self.awaited.whereabouts().unwrap_or_else(Whereabouts::of_what_has_ended);
        Sought { id: self.awaited.id(), label: self.label.clone(), whereabouts }
    }

    /// As [`run_inline`].
    pub(super) fn run_inline(self) -> bool {
        run_inline(self.awaited, self.label)
    }
}

impl<T> Watch for ScopedFuture<'_, T> {
    fn watched(&self) -> Watched<'_> {
        Watched { end: self.watchable(), awaited: self.awaited(), label: self.label() }
    }
}

impl<W: Watch + ?Sized> Watch for &W {
    fn watched(&self) -> Watched<'_> {
        (**self).watched()
    }
}

impl<W: Watch + ?Sized> Watch for Box<W> {
    fn watched(&self) -> Watched<'_> {
        (**self).watched()
    }
}

impl<W: Watch + ?Sized> Watch for Rc<W> {
    fn watched(&self) -> Watched<'_> {
        (**self).watched()
    }
}

impl<W: Watch + ?Sized> Watch for Arc<W> {
    fn watched(&self) -> Watched<'_> {
        (**self).watched()
    }
}

/// With a key beside it.
impl<K, W: Watch> Watch for (K, W) {
    fn watched(&self) -> Watched<'_> {
        self.1.watched()
    }
}
