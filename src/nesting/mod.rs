//! To wait for a task inside another, and not for ever.
//!
//! In the order of the story: the [`policy`], which is the user's choice; [where](whereabouts) a
//! task is that somebody waits for; the [`crew`], which counts who waits; the [`graph`] of who
//! waits for what, in which every cycle is found when it closes; what a thread is [inside] of; and
//! the [`waiting`] itself.
//!
//! Nothing in here knows of futures, queues or threads: a future says what there is to be
//! [awaited](waiting::Awaited), and a pool who [adds](crew::Recruiter) workers. A thread that has
//! no task in hand never comes here.

pub(crate) mod policy;
pub(crate) mod whereabouts;
pub(crate) mod crew;
pub(crate) mod graph;
pub(crate) mod inside;
pub(crate) mod waiting;
