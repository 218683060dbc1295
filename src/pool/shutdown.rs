//! The one choice there is in closing a pool.

/// What a shutdown does with tasks that have not begun. Those that have go on in any case.
///
/// ```
/// use glasspool::{Shutdown, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let last = pool.submit(|| "last");
/// pool.shutdown(Shutdown::Drain)?;
/// assert!(last.done());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// They are run first.
    Drain,
    /// They are cancelled, and whoever waits for them learns of it at once.
    CancelPending,
}
