//! What is read off a run, by hand; and that no run, however odd, is too much for it.

use std::fmt::Write as _;
use std::time::Duration;

use glasspool::timeline::{ChromeTrace, Figures, Gantt, Narration, Page, Svg, Trace};

use crate::made_up::Random;
use crate::traces::read;

/// Two callers are blocked; a worker runs a task inside another, and is blocked inside that; one
/// task is cancelled, one refused, one still pending.
///
/// | ms | F0 | F1 | F2 | F3 | F4 | F5 | F6 |
/// |---|---|---|---|---|---|---|---|
/// | pending | 0–1 | 2–4 | 1–10 | 2–20 | refused | 15–20 | 3–3 |
/// | running | 1–16 | 4–12 | 10–18 | never | never | never | 3–7 |
///
/// F0 is blocked 2–4 and runs F1 from 4 to 12. Inside that, its worker is blocked 5–8. Then F0 goes
/// on from 12 to 16. A caller runs F6 inside its wait.
const BY_HAND: [(u32, u32, &str); 27] = [
    (0, 0, r#""submitted","task":0,"name":"outer","at":"a.rs:1:1""#),
    (0, 0, r#""blocked","task":0,"on":"task""#),
    (1, 1, r#""submitted","task":2,"at":"a.rs:3:1""#),
    (1, 2, r#""started","task":0"#),
    (1, 1, r#""blocked","task":2,"on":"task""#),
    (2, 2, r#""submitted","task":1,"name":"inner","at":"a.rs:2:1""#),
    (2, 2, r#""blocked","task":1,"on":"task""#),
    (2, 3, r#""submitted","task":3,"at":"a.rs:4:1""#),
    (3, 3, r#""submitted","task":6,"at":"a.rs:7:1""#),
    (3, 1, r#""started","task":6"#),
    (4, 2, r#""unblocked""#),
    (4, 2, r#""started","task":1"#),
    (5, 2, r#""blocked","on":"any-of","of":2"#),
    (7, 1, r#""finished","task":6,"how":"returned""#),
    (8, 2, r#""unblocked""#),
    (9, 3, r#""submitted","task":4,"at":"a.rs:5:1""#),
    (10, 3, r#""refused","task":4"#),
    (10, 4, r#""started","task":2"#),
    (12, 2, r#""finished","task":1,"how":"returned""#),
    (15, 3, r#""submitted","task":5,"at":"a.rs:6:1""#),
    (16, 2, r#""finished","task":0,"how":"returned""#),
    (16, 0, r#""unblocked","by":0"#),
    (18, 4, r#""finished","task":2,"how":"panicked""#),
    (18, 1, r#""unblocked","by":2"#),
    (19, 4, r#""worker-idle""#),
    (20, 3, r#""cancelled","task":3,"why":"by-caller""#),
    (20, 2, r#""worker-gone""#),
];

const THREADS: &str = r#"{"glasspool":"trace","version":1,"title":"by hand"}
{"thread":0,"name":"caller"}
{"thread":1,"name":"another"}
{"thread":2,"name":"a","pool":0,"worker":0}
{"thread":3,"name":"third"}
{"thread":4,"name":"b","pool":POOL,"worker":1}
"#;

/// `pool_of_f2` is that of F2 and of the worker that runs it.
fn by_hand(pool_of_f2: u32) -> Trace {
    let mut file = THREADS.replace("POOL", &pool_of_f2.to_string());
    for (ms, thread, what) in BY_HAND {
        let pool = if what.contains("\"task\":2") || thread == 4 { pool_of_f2 } else { 0 };
        writeln!(
            file,
            "{{\"ns\":{ms}000000,\"thread\":{thread},\"pool\":{pool},\"queue\":0,\"event\":{what}}}"
        )
        .unwrap();
    }
    read(file.as_bytes())
}

fn what_if(figures: &Figures) -> Vec<(usize, Duration, bool, bool)> {
    figures
        .what_if
        .iter()
        .map(|what| (what.workers, what.wall, what.enough, what.as_it_was))
        .collect()
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn figures_by_hand() {
    let figures = by_hand(0).figures();
    assert_eq!(figures.wall, ms(20));
    assert_eq!((figures.tasks, figures.workers), (6, 2));
    // F0: 1 to 2 and 12 to 16; F1: 4 to 5 and 8 to 12; F2: 10 to 18; F6: 3 to 7, and no worker runs
    // it.
    assert_eq!(figures.work, ms(5 + 5 + 8 + 4));
    assert!((figures.at_once - 22.0 / 20.0).abs() < 1e-9);
    assert!((figures.busy - 18.0 / 40.0).abs() < 1e-9);
    // The caller from 0 to 16, another from 1 to 18 but for F6; what workers are blocked is not in
    // it.
    assert_eq!(figures.callers_blocked, ms(16 + 13));
    // F0 1, F1 2, F2 9, F3 18 until it is cancelled, F5 5 until the end of the run, F6 0.
    assert_eq!(figures.mean_queue_wait, ms(1 + 2 + 9 + 18 + 5) / 6);
    let (worst, wait) = figures.worst_queue_wait.unwrap();
    assert_eq!((worst.to_string().as_str(), wait), ("F3", ms(18)));
    // F0 at 0 for 5, F2 at 1 for 8, F1 at 2 for 5, F6 at 3 for 4:
    // one worker is never free; two are done at 13, three at 9.
    assert_eq!(
        what_if(&figures),
        [(1, ms(22), false, false), (2, ms(20), false, true), (3, ms(9), true, false)]
    );
}

#[test]
fn several_pools_have_no_what_if() {
    let (one, two) = (by_hand(0).figures(), by_hand(1).figures());
    assert!(two.what_if.is_empty());
    assert_eq!(
        (two.work, two.wall, two.workers, two.tasks),
        (one.work, one.wall, one.workers, one.tasks)
    );
    assert_eq!(two.callers_blocked, one.callers_blocked);
}

#[test]
fn the_text_says_what_the_times_leave_out() {
    let waited = ", what tasks waited for";
    let (one, two) = (by_hand(0), by_hand(1));
    let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(Svg::of(&one).to_string().contains("what tasks waited"));
    assert!(flat(Gantt::of(&one).to_string()).contains(waited));
    assert!(flat(Gantt::of(&one).to_string()).contains("2 workers 20.0 ms (as it was)"));
    assert!(flat(Gantt::of(&one).to_string()).contains("Enough is within 5 % of the fastest."));
    let loiter = crate::traces::loiter();
    assert!(
        flat(Gantt::of(&loiter).to_string())
            .contains("Left out: what they would do to each other. Enough")
    );
    let odd = flat(Gantt::of(&crate::traces::odd()).to_string());
    for left_out in [waited, ", the submitters' waits for room", ", tasks that did not start"] {
        assert!(odd.contains(left_out), "{left_out}: {odd}");
    }
    let why = "There are no times: the run had more than one pool.";
    assert!(Svg::of(&two).to_string().contains(why));
    assert!(Gantt::of(&two).to_string().contains(why));
}

/// So many tasks of one worker each, from 0 to the last nanosecond that there is.
fn endless(tasks: usize) -> Trace {
    let mut file = crate::traces::head("endless", tasks);
    for (ns, what) in [
        (0, r#""submitted","at":"a.rs:1:1""#),
        (0, r#""started""#),
        (u64::MAX, r#""finished","how":"returned""#),
    ] {
        for task in 0..tasks {
            let thread = if what.starts_with("\"submitted") { 0 } else { task + 1 };
            writeln!(
                file,
                "{{\"ns\":{ns},\"thread\":{thread},\"pool\":0,\"queue\":0,\"task\":{task},\"event\":{what}}}"
            )
            .unwrap();
        }
    }
    read(file.as_bytes())
}

#[test]
fn no_time_is_too_long() {
    let longest = Duration::from_nanos(u64::MAX);
    for tasks in [1, 2] {
        let figures = endless(tasks).figures();
        let many = u32::try_from(tasks).unwrap();
        assert_eq!((figures.wall, figures.work), (longest, longest * many));
        assert!(
            (figures.at_once - f64::from(many)).abs() < 1e-9 && (figures.busy - 1.0).abs() < 1e-9
        );
        assert_eq!(figures.what_if[0].wall, longest * many);
        draw(&endless(tasks));
    }
}

fn draw(trace: &Trace) {
    let _ = Svg::of(trace).to_string();
    let _ = Gantt::of(trace).to_string();
    let _ = Narration::of(trace).to_string();
    let _ = Page::of(trace).to_string();
    let _ = ChromeTrace::of(trace).to_string();
}

/// Whatever can be in a file, in whatever order, at whatever time.
#[test]
fn no_trace_is_too_odd() {
    const WHAT: [&str; 17] = [
        r#""submitted","at":"a.rs:1:1""#,
        r#""refused""#,
        r#""started""#,
        r#""started""#,
        r#""finished","how":"returned""#,
        r#""finished","how":"panicked""#,
        r#""finished","how":"lost""#,
        r#""cancelled","why":"by-caller""#,
        r#""collected""#,
        r#""callback-began""#,
        r#""callback-ended""#,
        r#""blocked","on":"task""#,
        r#""unblocked","by":0"#,
        r#""blocked","on":"room""#,
        r#""worker-idle""#,
        r#""worker-gone""#,
        r#""closed","how":"stop""#,
    ];
    let mut random = Random::new(11);
    for round in 0..300 {
        let mut file = crate::traces::head("odd", 3);
        let mut submitted = 0;
        let latest = [9, 1_000_000, u64::MAX][round % 3];
        let mut times: Vec<u64> = (0..random.below(40)).map(|_| random.below(latest)).collect();
        if round % 2 == 0 {
            times.extend([0, 0, u64::MAX, u64::MAX]);
        }
        times.sort_unstable();
        for ns in times {
            let (thread, pool) = (random.below(4), random.below(8) / 7);
            let what = WHAT[random.place_in(WHAT.len())];
            let mut task = random.below(4);
            if what.starts_with("\"submitted") {
                // No task may be submitted twice.
                (task, submitted) = (submitted, submitted + 1);
            }
            writeln!(
                file,
                "{{\"ns\":{ns},\"thread\":{thread},\"pool\":{pool},\"queue\":0,\"task\":{task},\"event\":{what}}}"
            )
            .unwrap();
        }
        draw(&read(file.as_bytes()));
    }
}
