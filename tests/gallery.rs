//! The pictures in the documentation: each is the one that is drawn from the run beside it, and shows what its page says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use glasspool::timeline::{Entry, Svg, Trace};
use glasspool::{BlockedOn, CancelReason, EventKind, TaskId};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

fn trace(name: &str) -> Trace {
    let file = folder().join(format!("{name}.trace"));
    let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Trace::read(&*bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every run that is kept.
fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let traces = files.filter(|file| file.extension().is_some_and(|extension| extension == "trace"));
    let mut names: Vec<_> =
        traces.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn at(entry: &Entry) -> Duration {
    Duration::from_nanos(entry.at)
}

/// The tasks of which this has been told, in the order in which it happened.
fn tasks_that(trace: &Trace, is_meant: impl Fn(&EventKind) -> bool) -> Vec<TaskId> {
    trace.entries().iter().filter(|entry| is_meant(&entry.kind)).filter_map(|entry| entry.task).collect()
}

#[test]
fn every_picture_is_drawn_from_the_run_beside_it() {
    assert_eq!(names().len(), 13);
    for name in names() {
        let kept = fs::read_to_string(folder().join(format!("{name}.svg"))).unwrap_or_default();
        assert!(
            kept == Svg::of(&trace(&name)).to_string(),
            "{name}.svg is stale: draw it with\n    cargo run --example timeline -- docs/pictures/{name}.trace --svg docs/pictures/{name}.svg"
        );
    }
}

#[test]
fn every_picture_is_shown_somewhere() {
    let page = |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let pages = page("docs/gallery.md") + &page("README.md");
    for name in names() {
        assert!(pages.contains(&format!("pictures/{name}.svg)")), "{name}.svg is on no page");
    }
}

#[test]
fn no_run_is_incomplete_or_tells_of_the_machine_it_was_made_on() {
    for name in names() {
        let trace = trace(&name);
        assert!(trace.dropped() == 0 && !trace.breaks_off(), "{name}");
        assert!(!trace.title().is_empty(), "{name}");
        for (id, task) in trace.tasks() {
            assert!(task.submitted_at.starts_with("examples/"), "{name}: {id} at {}", task.submitted_at);
        }
    }
}

#[test]
fn the_loiter_run_is_that_of_the_book() {
    let figures = trace("loiter").figures();
    assert_eq!((figures.tasks, figures.workers), (5, 3));
    assert!((5.0..5.2).contains(&figures.wall.as_secs_f64()), "{figures:?}");
    assert!((10.0..10.1).contains(&figures.work.as_secs_f64()), "{figures:?}");
    let enough = figures.what_if.iter().find(|what_if| what_if.enough).unwrap();
    assert_eq!(enough.workers, 4);
}

#[test]
fn a_map_reads_in_order_and_as_completed_as_they_come() {
    let finished = |trace: &Trace| tasks_that(trace, |kind| matches!(kind, EventKind::Finished(_)));
    let collected = |trace: &Trace| tasks_that(trace, |kind| *kind == EventKind::Collected);
    let in_order = trace("in-order");
    assert!(collected(&in_order).is_sorted());
    assert_eq!(finished(&in_order).last(), collected(&in_order).first(), "all wait behind the slow first");
    let as_completed = trace("as-completed");
    assert_eq!(finished(&as_completed), collected(&as_completed));
}

#[test]
fn the_longest_first_is_sooner_done() {
    let (last, first) = (trace("longest-last").figures(), trace("longest-first").figures());
    assert_eq!(last.tasks, first.tasks);
    assert!(last.wall > first.wall.mul_f64(1.2), "{last} {first}");
}

#[test]
fn all_workers_are_blocked_while_the_queue_is_not_empty_and_none_is_inline() {
    let block = trace("nested-block");
    let mut blocked = 0;
    let starved = block.entries().iter().any(|entry| {
        let by_worker = block.threads()[entry.thread].worker.is_some();
        match entry.kind {
            EventKind::Blocked(BlockedOn::Task) if by_worker => blocked += 1,
            EventKind::Unblocked { .. } if by_worker => blocked -= 1,
            _ => {}
        }
        blocked == 2 && entry.queue_depth > 0
    });
    assert!(starved);

    let inline = trace("nested-inline");
    let by_workers = |entry: &&Entry| inline.threads()[entry.thread].worker.is_some();
    let mut of_workers = inline.entries().iter().filter(by_workers);
    assert!(!of_workers.any(|entry| matches!(entry.kind, EventKind::Blocked(_))));
    assert!(inline.figures().wall < block.figures().wall);
}

#[test]
fn a_bound_makes_the_submitter_wait_and_not_the_tasks() {
    let (unbounded, bounded) = (trace("unbounded"), trace("bounded"));
    let room = |trace: &Trace| {
        trace.entries().iter().filter(|entry| entry.kind == EventKind::Blocked(BlockedOn::Room)).count()
    };
    assert_eq!(room(&unbounded), 0);
    assert!(room(&bounded) > 5);
    let deepest = |trace: &Trace| trace.entries().iter().map(|entry| entry.queue_depth).max().unwrap();
    assert!(deepest(&unbounded) >= 14 && deepest(&bounded) <= 6);
    let (unbounded, bounded) = (unbounded.figures(), bounded.figures());
    assert!(unbounded.mean_queue_wait > bounded.mean_queue_wait, "{unbounded} {bounded}");
    let ratio = bounded.wall.as_secs_f64() / unbounded.wall.as_secs_f64();
    assert!((0.8..1.25).contains(&ratio), "{unbounded} {bounded}");
}

#[test]
fn more_workers_than_the_server_has_buy_nothing() {
    let (four, twenty) = (trace("limited-server-4").figures(), trace("limited-server-20").figures());
    assert_eq!((four.tasks, twenty.tasks), (20, 20));
    assert!(twenty.workers > 2 * four.workers);
    assert!(twenty.wall > four.wall.mul_f64(0.8), "{four} {twenty}");
    assert!(twenty.work > four.work.mul_f64(1.5), "its tasks wait for the server: {four} {twenty}");
}

#[test]
fn draining_runs_all_and_cancelling_what_has_begun() {
    let cancelled = |trace: &Trace| {
        tasks_that(trace, |kind| *kind == EventKind::Cancelled(CancelReason::ByShutdown)).len()
    };
    let started = |trace: &Trace| tasks_that(trace, |kind| *kind == EventKind::Started).len();
    let (drain, cancel) = (trace("drain"), trace("cancel"));
    assert_eq!((cancelled(&drain), started(&drain)), (0, 8));
    assert_eq!((cancelled(&cancel), started(&cancel)), (4, 4));
    let closed = |trace: &Trace| {
        let closes = |entry: &&Entry| matches!(entry.kind, EventKind::Closed(_));
        trace.entries().iter().find(closes).map(at).unwrap()
    };
    assert!(closed(&cancel) < cancel.figures().wall, "what runs goes on to its end");
}
