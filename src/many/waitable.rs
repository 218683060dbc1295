//! What can be waited for together: futures, references to them, and futures with a key.
//!
//! The trait is sealed, because the kernel's view of a future stands behind it, which is not part
//! of the public interface. The trait has no `T`, so futures with values of any types go together.

use std::rc::Rc;
use std::sync::Arc;

use crate::kernel::future::ScopedFuture;
use crate::kernel::seams::Await;

/// A [`Future`](crate::Future), owned, borrowed or shared, with a key beside it if you want one:
/// what [`as_completed`](crate::as_completed()) and [`wait`](crate::wait()) take.
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
pub trait Waitable {
    /// Returns the future that is waited for.
    #[doc(hidden)]
    fn watched(&self) -> Watched<'_>;

    /// Claims the task before its turn and runs it in this thread.
    #[doc(hidden)]
    fn run_inline(&self) -> bool;
}

/// A future without the type of its value. It is public because a public trait names it, and cannot
/// be named from outside, which seals [`Waitable`].
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it cannot be named from outside")]
pub struct Watched<'a>(pub(crate) &'a dyn Await);

impl<T> Waitable for ScopedFuture<'_, T> {
    fn watched(&self) -> Watched<'_> {
        Watched(self.as_await())
    }

    fn run_inline(&self) -> bool {
        self.run_inline()
    }
}

macro_rules! waitable_behind {
    ($($pointer:ty),*) => {$(
        impl<W: Waitable + ?Sized> Waitable for $pointer {
            fn watched(&self) -> Watched<'_> {
                (**self).watched()
            }

            fn run_inline(&self) -> bool {
                (**self).run_inline()
            }
        }
    )*};
}
waitable_behind!(&W, Box<W>, Rc<W>, Arc<W>);

/// A future with a key beside it.
impl<K, W: Waitable> Waitable for (K, W) {
    fn watched(&self) -> Watched<'_> {
        self.1.watched()
    }

    fn run_inline(&self) -> bool {
        self.1.run_inline()
    }
}
