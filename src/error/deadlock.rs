//! Why a wait would never end: the tasks that wait for each other, as a chain.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::identity::{PoolId, Worker};
use crate::label::Label;

/// A wait that could never end: it would close a cycle of tasks that wait for each other, or no
/// worker can come for what it waits for.
///
/// It is found when the last of these waits is to begin, which then does not; the others go on.
/// How, and what else there is to know, is told at [`NestedWait`](crate::NestedWait). `Display`
/// prints the chain: each task, where it was submitted, which worker runs it, and what it waits
/// for, back to the start.
///
/// ```
/// use std::sync::{Arc, mpsc};
/// use glasspool::{Future, TaskError, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let (give, take) = mpsc::channel::<Future<Result<u32, TaskError>>>();
/// let chicken = pool.named("chicken").submit(move || take.recv().unwrap().into_result()?);
/// let chicken = Arc::new(chicken);
/// let theirs = Arc::clone(&chicken);
/// let egg = pool.named("egg").submit(move || theirs.result()?.clone());
/// give.send(egg)?;
///
/// let Err(TaskError::Deadlock(deadlock)) = chicken.result()? else { unreachable!() };
/// let text = deadlock.to_string();
/// assert!(text.starts_with("deadlock: task '"), "{text}");
/// assert!(text.contains("waits for task 'egg' (submitted at"), "{text}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    chain: Arc<Chain>,
}

#[derive(Debug, PartialEq, Eq)]
struct Chain {
    /// Each waits for the next.
    links: Vec<Link>,
    /// The last waits for one of this pool's workers. If not, then for the first of the chain.
    for_want_of: Option<PoolId>,
}

/// A task that waits, and who runs it, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) task: Option<Label>,
    pub(crate) worker: Option<Worker>,
}

impl Deadlock {
    /// Each waits for the next, and the last for the first.
    pub(crate) fn cycle(links: Vec<Link>) -> Self {
        Self { chain: Arc::new(Chain { links, for_want_of: None }) }
    }

    /// Each waits for the next, and the last for a worker of this pool.
    pub(crate) fn starvation(links: Vec<Link>, pool: PoolId) -> Self {
        Self { chain: Arc::new(Chain { links, for_want_of: Some(pool) }) }
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chain { links, for_want_of } = &*self.chain;
        f.write_str("deadlock: ")?;
        if let ([link], None) = (&links[..], for_want_of) {
            return write!(f, "{} waits for itself", link.task());
        }
        for (at, link) in links.iter().enumerate() {
            let waits = ["waits for ", "which waits for "];
            let mark = if at == 0 { "" } else { waits[usize::from(at > 1)] };
            write!(f, "{mark}{link}, ")?;
        }
        let which = if links.len() > 1 { "which " } else { "" };
        match for_want_of {
            Some(pool) => write!(f, "{which}waits for a worker of {pool}, and all of these wait"),
            None => write!(
                f,
                "{which}waits for {}",
                links.first().map_or(&"itself" as &dyn fmt::Display, Link::task)
            ),
        }
    }
}

impl Link {
    fn task(&self) -> &dyn fmt::Display {
        match &self.task {
            Some(label) => label,
            None => &"a task",
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task().fmt(f)?;
        match &self.worker {
            Some(worker) => write!(f, ", run by {worker}"),
            None => Ok(()),
        }
    }
}

impl Error for Deadlock {}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(worker: Option<Worker>) -> (Label, Link) {
        let label = Label::here();
        (label.clone(), Link { task: Some(label), worker })
    }

    #[test]
    fn a_chain_is_told_from_its_start_and_back_to_it() {
        let pool = PoolId::next();
        let ((a, first), (b, second), (c, third)) =
            (link(Some(Worker::new(pool, 0))), link(Some(Worker::new(pool, 1))), link(None));
        assert_eq!(
            Deadlock::cycle(vec![first.clone()]).to_string(),
            format!("deadlock: {a} waits for itself")
        );
        assert_eq!(
            Deadlock::cycle(vec![first.clone(), second, third.clone()]).to_string(),
            format!(
                "deadlock: {a}, run by worker 0 of {pool}, waits for {b}, run by worker 1 of {pool}, \
                 which waits for {c}, which waits for {a}"
            )
        );
        assert_eq!(
            Deadlock::starvation(vec![first, third], pool).to_string(),
            format!(
                "deadlock: {a}, run by worker 0 of {pool}, waits for {c}, \
                 which waits for a worker of {pool}, and all of these wait"
            )
        );
    }
}
