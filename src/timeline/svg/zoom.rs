//! The first instant once more, much larger, if much happened in it.
//!
//! A pool's beginning is often a burst: everything is submitted, and all workers start, in a thousandth of the time that the run takes.

use super::scale::steps;
use crate::timeline::run::{Marked, Run};

/// What is before that part of the run is its first instant.
const INSTANT: u64 = 100;
/// It is worth a picture if it has this part of all submits and starts, and so many of them at least.
const MANY: usize = 3;
const AT_LEAST: usize = 4;

/// How long the instant is that is drawn larger, if one is: a round length.
pub(super) fn instant(run: &Run<'_>) -> Option<u64> {
    let submits = run.lanes.iter().flat_map(|lane| &lane.marks).filter_map(|mark| match mark.what {
        Marked::Submitted(_) => Some(mark.at),
        _ => None,
    });
    let starts = run.lives.iter().filter_map(|life| Some(life.started?.at));
    let all: Vec<u64> = submits.chain(starts).map(|at| at - run.from).collect();
    let within: Vec<u64> = all.iter().copied().filter(|&past| past <= run.length() / INSTANT).collect();
    if within.len() < AT_LEAST || within.len() < all.len() / MANY {
        return None;
    }
    let last = within.into_iter().max()?;
    steps().find(|&length| length > last + last / 10).filter(|&length| length < run.length())
}
