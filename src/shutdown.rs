//! The choice there is in closing a pool. It stands here, and not with the pools, because events
//! tell of it.

/// What a shutdown does with tasks that have not ended. Those that run go on to their end in any
/// case; whether that is waited for is the call's to say.
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
#[non_exhaustive]
pub enum Shutdown {
    /// Those that have not begun are run first. Nothing more is taken, also from tasks that run.
    Drain,
    /// Those that have not begun are run first, and so are those that are submitted meanwhile, by
    /// tasks or by anyone else: the pool closes in the moment in which nothing waits or runs any
    /// more. For tasks that submit others, and these others.
    WhenIdle,
    /// Those that have not begun are cancelled, and whoever waits for them learns of it at once.
    CancelPending,
    /// The same; and those that run, and were given a [`StopToken`](crate::StopToken), are asked to
    /// stop.
    Stop,
}
