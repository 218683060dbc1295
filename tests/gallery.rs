//! The pictures in the documentation: each is the one that is drawn from the run beside it, and
//! shows what its page says of it.

mod support;

// The program asks this of the runs that it keeps.
#[path = "../examples/gallery/claims.rs"]
#[allow(unreachable_pub, reason = "nothing outside can reach into a test")]
mod claims;

use std::fs;
use std::path::{Path, PathBuf};

use glasspool::timeline::{Gantt, Svg, Trace};
use support::{example, run, text};

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
    let traces =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "trace"));
    let mut names: Vec<_> =
        traces.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// A file of the project, as text.
fn page(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
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
            assert!(
                task.submitted_at.starts_with("examples/"),
                "{name}: {id} at {}",
                task.submitted_at
            );
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

/// The lanes and what is below them; and what the characters mean, which comes last. The title and
/// the figures are in the picture above it.
#[test]
fn the_chart_on_the_first_page_is_that_of_the_picture_above_it() {
    let chart = Gantt::of(&trace("loiter")).width(80).to_string();
    let parts: Vec<&str> = chart.trim_end().split("\n\n").collect();
    let [_title, lanes, .., legend] = parts[..] else { panic!("{chart}") };
    let block = format!("```text\n{lanes}\n\n{legend}\n```\n");
    assert!(
        page("README.md").contains(&block),
        "README.md has another chart than that of docs/pictures/loiter.trace. This one belongs there:\n\n{block}"
    );
}

/// In pairs that differ in one line of code.
const PAIRS: [(&str, &str); 6] = [
    ("in-order", "as-completed"),
    ("longest-last", "longest-first"),
    ("nested-block", "nested-inline"),
    ("unbounded", "bounded"),
    ("limited-server-4", "limited-server-20"),
    ("drain", "cancel"),
];

#[test]
fn every_run_of_the_gallery_shows_what_its_page_says() {
    for case in PAIRS.iter().flat_map(|&(one, other)| [one, other]) {
        if let Err(claim) = claims::check(case, &trace(case)) {
            panic!(
                "{case}: it is not so that {claim}. Record it with\n    \
                 cargo run --release --example gallery -- --into docs/pictures {case}"
            );
        }
    }
}

#[test]
fn no_run_shows_what_the_other_of_its_pair_does() {
    for (one, other) in PAIRS {
        assert!(claims::check(one, &trace(other)).is_err(), "{other} shows what {one} should");
        assert!(claims::check(other, &trace(one)).is_err(), "{one} shows what {other} should");
        for case in [one, other] {
            assert!(
                claims::check(case, &Trace::default()).is_err(),
                "an empty run shows what {case} should"
            );
        }
    }
}

#[test]
fn the_longest_first_is_sooner_done() {
    let (last, first) = (trace("longest-last").figures(), trace("longest-first").figures());
    assert_eq!(last.tasks, first.tasks);
    assert!(last.wall > first.wall.mul_f64(1.2), "{last} {first}");
}

#[test]
fn who_waits_inline_is_sooner_done() {
    let (block, inline) = (trace("nested-block").figures(), trace("nested-inline").figures());
    assert!(inline.wall < block.wall, "{block} {inline}");
}

#[test]
fn a_bound_saves_waiting_in_the_queue_and_not_time() {
    let (unbounded, bounded) = (trace("unbounded").figures(), trace("bounded").figures());
    assert!(unbounded.mean_queue_wait > bounded.mean_queue_wait, "{unbounded} {bounded}");
    let ratio = bounded.wall.as_secs_f64() / unbounded.wall.as_secs_f64();
    assert!((0.8..1.25).contains(&ratio), "{unbounded} {bounded}");
}

#[test]
fn more_workers_than_the_server_has_buy_nothing() {
    let (four, twenty) =
        (trace("limited-server-4").figures(), trace("limited-server-20").figures());
    assert_eq!((four.tasks, twenty.tasks), (20, 20));
    assert!(twenty.wall > four.wall.mul_f64(0.8), "{four} {twenty}");
    assert!(twenty.work > four.work.mul_f64(1.5), "its tasks wait for the server: {four} {twenty}");
}

#[test]
fn a_folder_that_cannot_be_made_is_said_with_its_name() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery-in-the-way");
    fs::write(&file, "a file").unwrap();
    let folder = file.join("below");
    let output = run(example("gallery").arg("drain").arg("--into").arg(&folder));
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.starts_with(&format!("gallery: cannot write {}: ", folder.display())),
        "{stderr}"
    );
    assert!(stderr.lines().count() == 1 && !stderr.contains("--help"), "{stderr}");
}

#[test]
fn a_case_is_printed_as_a_trace_that_counts_from_0() {
    let output = run(example("gallery").args(["--trace", "drain"]));
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::read(&*output.stdout).unwrap();
    assert_eq!(trace.tasks().next().unwrap().0.to_string(), "F0");
    assert_eq!(trace.title(), self::trace("drain").title());
    let output = run(example("gallery").args(["--trace", "drain", "cancel"]));
    assert_eq!(text(&output.stderr), "gallery: --trace is for one case (see --help)\n");
}
