//! Arrows: from the submit of a task to its run, and from its end to the thread that waited for it.
//!
//! A viewer binds each end of an arrow to the slice at that time. At its very end a slice is no
//! longer there, so an arrow from an end starts a nanosecond earlier. A run or wait that took no
//! time has no arrow.

use std::fmt;

use super::event::{Events, tid};
use crate::timeline::run::{Doing, Lane, Moment, Run, Span};

/// Where and when a task ran.
#[derive(Clone, Copy)]
struct Place {
    lane: usize,
    from: u64,
    to: u64,
}

pub(super) fn write(run: &Run<'_>, events: &mut Events<'_, '_>) -> fmt::Result {
    let places = places_of(run);
    for (task, place) in places.iter().enumerate() {
        if let (Some(place), Some(submitted)) = (place, run.lives[task].submitted) {
            // A file may claim a start before the submit; an arrow cannot lead back in time.
            if submitted.at <= place.from {
                let started = Moment { at: place.from, lane: place.lane };
                write_arrow(run, events, "start", task, [submitted, started])?;
            }
        }
    }
    let mut arrows = 0;
    for (lane, Lane { spans, .. }) in run.lanes.iter().enumerate() {
        for span in spans.iter().filter(|span| span.from < span.to && !span.open) {
            let Doing::Blocked { by: Some(by), .. } = span.doing else { continue };
            let Some(place) = places[by] else { continue };
            let ends =
                [Moment { at: place.to - 1, lane: place.lane }, Moment { at: span.to - 1, lane }];
            if ends[0].at <= ends[1].at {
                write_arrow(run, events, "wake", arrows, ends)?;
                arrows += 1;
            }
        }
    }
    Ok(())
}

/// Returns the place of each task that took any time.
fn places_of(run: &Run<'_>) -> Vec<Option<Place>> {
    let mut places = vec![None; run.lives.len()];
    for (lane, Lane { spans, .. }) in run.lanes.iter().enumerate() {
        for &Span { from, to, doing, .. } in spans {
            if let Doing::Running(task) = doing {
                places[task] = (from < to).then_some(Place { lane, from, to });
            }
        }
    }
    places
}

/// Writes both ends of an arrow. A viewer joins ends of the same name and id.
fn write_arrow(
    run: &Run<'_>,
    events: &mut Events<'_, '_>,
    what: &str,
    id: usize,
    [from, to]: [Moment; 2],
) -> fmt::Result {
    let tid = |moment: Moment| tid(&run.lanes[moment.lane]);
    events.write('s', what, what, from.at - run.from, tid(from), format_args!(",\"id\":{id}"))?;
    events.write(
        'f',
        what,
        what,
        to.at - run.from,
        tid(to),
        format_args!(",\"id\":{id},\"bp\":\"e\""),
    )
}
