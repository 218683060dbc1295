//! What a thread is inside of: as whose worker, with which tasks one inside the other, and with how
//! much of its stack left.
//!
//! Each thread knows this of itself only. A thread that has no task in hand is outside, and all
//! that costs is to look whether it is.

use std::sync::Arc;

use super::crew::Crew;
use super::graph::Nested;
use crate::identity::PoolId;
use crate::label::Label;
use crate::sync::{Cell, RefCell, thread_local};

/// What a task that is run inside another has of a worker's stack at least: one part in so many.
const LEFT_OF_STACK: usize = 2;

thread_local! {
    /// How many tasks this thread has been given by hand, and whether it is a worker; zero is
    /// outside.
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker's has no such form")]
    static DEPTH: Cell<usize> = Cell::new(0);
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker's has no such form")]
    static INSIDE: RefCell<Inside> = RefCell::new(Inside { post: None, nest: Vec::new() });
}

struct Inside {
    post: Option<Post>,
    nest: Vec<Nested>,
}

/// A worker's.
struct Post {
    crew: Arc<Crew>,
    has_seat: bool,
    /// While it may run tasks inside those that it runs.
    stack: Option<Stack>,
}

/// Where it began, and how much of it may be used before a task that is waited for is run
/// elsewhere.
#[derive(Clone, Copy)]
struct Stack {
    base: usize,
    most: usize,
}

/// What a thread can say of itself when it has to wait.
pub(super) struct Standing {
    pub(super) crew: Option<Arc<Crew>>,
    pub(super) has_seat: bool,
    pub(super) nest: Vec<Nested>,
}

/// Whether this thread has a task in hand, or is a worker.
pub(crate) fn is_inside() -> bool {
    DEPTH.with(Cell::get) > 0
}

/// About where the stack of this thread has grown to.
fn stack_pointer() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

/// Whether this thread may run a task inside the one it has in hand, if the pool that has taken it
/// is `home`: it is that pool's worker, with enough of its stack left.
pub(super) fn may_run(home: Option<PoolId>) -> bool {
    with_post(|post| {
        let fits = |stack: Stack| stack.base.abs_diff(stack_pointer()) < stack.most;
        Some(post.crew.id) == home && post.stack.is_some_and(fits)
    })
    .unwrap_or(false)
}

pub(super) fn is_worker_of(home: Option<PoolId>) -> bool {
    with_post(|post| Some(post.crew.id) == home).unwrap_or(false)
}

/// Whether a wait for any of several had better run one of them than sleep: this worker has nobody
/// to stand in for it.
pub(crate) fn nobody_can_stand_in() -> bool {
    with_post(|post| post.has_seat && post.crew.is_complete()).unwrap_or(false)
}

pub(super) fn standing() -> Standing {
    let try_it = INSIDE.try_with(|inside| {
        let inside = inside.borrow();
        let (crew, has_seat) = inside
            .post
            .as_ref()
            .map_or((None, false), |post| (Some(Arc::clone(&post.crew)), post.has_seat));
        Standing { crew, has_seat, nest: inside.nest.clone() }
    });
    try_it.unwrap_or(Standing { crew: None, has_seat: false, nest: Vec::new() })
}

fn with_post<R>(ask: impl FnOnce(&Post) -> R) -> Option<R> {
    INSIDE.try_with(|inside| inside.borrow().post.as_ref().map(ask)).ok().flatten()
}

fn change_post(change: impl FnOnce(&mut Post)) {
    INSIDE.with(|inside| inside.borrow_mut().post.as_mut().map(change));
}

/// One task less, or the worker's end.
struct Deeper(());

impl Deeper {
    fn by_one() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        Self(())
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Runs a task that this thread was given by hand.
pub(crate) fn by_hand<R>(run: impl FnOnce() -> R) -> R {
    let _deeper = Deeper::by_one();
    run()
}

/// Runs a task inside the one that waits for it.
pub(super) fn nested<R>(id: usize, label: &Label, run: impl FnOnce() -> R) -> R {
    struct Pops;
    impl Drop for Pops {
        fn drop(&mut self) {
            let popped = INSIDE.with(|inside| inside.borrow_mut().nest.pop());
            drop(popped);
        }
    }
    let nested = Nested { id, label: label.clone() };
    INSIDE.with(|inside| inside.borrow_mut().nest.push(nested));
    let _pops = Pops;
    run()
}

/// This thread's employment as a worker, from its first task to its last hook.
pub(crate) struct Employment {
    _deeper: Deeper,
}

#[expect(clippy::unused_self, reason = "only who is employed can say so")]
impl Employment {
    /// It has a seat, and is not ready yet to run anything inside a task.
    pub(crate) fn with(crew: Arc<Crew>) -> Self {
        let post = Post { crew, has_seat: true, stack: None };
        INSIDE.with(|inside| inside.borrow_mut().post = Some(post));
        Self { _deeper: Deeper::by_one() }
    }

    /// It has been initialized, and its stack has this size.
    pub(crate) fn is_ready(&self, stack_size: usize) {
        let stack = Stack { base: stack_pointer(), most: stack_size - stack_size / LEFT_OF_STACK };
        change_post(|post| post.stack = Some(stack));
    }

    /// It has left its seat.
    pub(crate) fn is_over(&self) {
        change_post(|post| {
            post.has_seat = false;
            post.stack = None;
        });
    }
}

impl Drop for Employment {
    fn drop(&mut self) {
        let post = INSIDE.with(|inside| inside.borrow_mut().post.take());
        drop(post);
    }
}
