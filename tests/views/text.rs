//! What is for terminals and for readers: the chart and the narration.

use std::fmt::Write as _;

use glasspool::timeline::{Gantt, Narration, Trace};

use crate::traces::{self, loiter, odd};

/// As many columns as the widest terminal takes for it: every letter that is not of the plain
/// alphabets may be wide.
fn widest(line: &str) -> usize {
    line.chars()
        .map(|c| if ('\u{2e80}'..='\u{ffdc}').contains(&c) || c >= '\u{1f000}' { 2 } else { 1 })
        .sum()
}

#[test]
fn loiter_as_a_chart() {
    let chart = Gantt::of(&loiter()).to_string();
    let expected = "\
loiter: map(loiter, 0..5) on 3 workers

          │0 s         │1 s          │2 s          │3 s          │4 s
main      ▼×5◆░░░░F1░░░░◆░░░░░F2░░░░░░◆░░░░░F3░░░░░◆░░░░░░░░░░░░F4░░░░░░░░░░░░◆■
worker 0  █F3 loiter[3]▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓····························
worker 1  F1 loiter[1]███F4 loiter[4]▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
worker 2  F2 loiter[2]████████████████··········································
queue     5 1────────────0──────────────────────────────────────────────────────
ended     F0 F1 F2 F3 F4

the run took               5.00 s
";
    assert!(chart.starts_with(expected), "{chart}");
}

/// Inside F0, worker 0 waits for F1, and then runs F2; worker 1 fails; the last of main's lane is
/// not recorded.
#[test]
fn a_chart_shows_nested_failed_and_unfinished_tasks() {
    let chart = Gantt::of(&odd()).to_string();
    let lane = |name: &str| {
        chart.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
    };
    assert!(lane("worker 0").contains("░░F1░░"), "{chart}");
    assert!(lane("worker 0").contains("F2▓▓▓"), "{chart}");
    assert!(lane("worker 1").ends_with("▒‼"), "{chart}");
    assert!(lane("main").ends_with('»'), "{chart}");
    assert!(lane("main").contains('✕'), "{chart}");
    assert!(lane("thread 5").ends_with("░for room░░░⊘"), "{chart}");
    assert!(lane("<caller> & co").contains("any of 3 futures"), "{chart}");
    assert!(chart.ends_with("7 events dropped: the recorder was full\n"), "{chart}");
}

#[test]
fn no_chart_is_wider_than_it_may_be() {
    for trace in traces::all() {
        for width in [40, 41, 57, 66, 80, 200] {
            let plain = Gantt::of(&trace).width(width).to_string();
            for line in plain.lines() {
                assert!(widest(line) <= width, "{width}: {line:?}");
                assert_eq!(line, line.trim_end(), "{width}: {line:?}");
                assert!(!line.contains(char::is_control), "{width}: {line:?}");
            }
            let ascii = Gantt::of(&trace).width(width).ascii(true).to_string();
            assert!(ascii.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{ascii}");
            assert!(ascii.lines().all(|line| line.len() <= width), "{ascii}");
        }
        assert_eq!(Gantt::of(&trace).width(3).to_string(), Gantt::of(&trace).width(40).to_string());
    }
}

/// What is left without the codes is the chart without colours, and each line ends without any.
#[test]
fn colours_add_to_a_chart_and_change_no_text() {
    for trace in traces::all() {
        let colored = Gantt::of(&trace).colors(true).to_string();
        let mut plain = String::new();
        for line in colored.lines() {
            let mut pieces = line.split('\x1b');
            plain.push_str(pieces.next().unwrap_or_default());
            let mut last = "[0m";
            for piece in pieces {
                let (code, text) = piece.split_once('m').unwrap();
                assert!(code.starts_with("[0"), "{line:?}");
                plain.push_str(text);
                last = &piece[..=code.len()];
            }
            assert_eq!(last, "[0m", "{line:?}");
            plain.push('\n');
        }
        assert_eq!(plain, Gantt::of(&trace).to_string());
    }
}

#[test]
fn a_task_of_no_time_among_long_ones_is_seen() {
    let mut file = traces::head("a moment", 1);
    for (task, from, to) in [(0, 0, 0), (1, 500_000, 500_001), (2, 900_000, 1_000_000)] {
        traces::ran(&mut file, 1, task, from, to);
    }
    let chart = Gantt::of(&traces::read(file.as_bytes())).to_string();
    let lane = chart.lines().find(|line| line.starts_with("worker 0")).unwrap();
    assert_eq!(lane.matches('▁').count(), 2, "{chart}");
}

#[test]
fn some_of_many_workers_are_shown_and_all_are_counted() {
    let chart = Gantt::of(&traces::many(2_000, 200)).to_string();
    assert_eq!(chart.lines().filter(|line| line.starts_with("worker ")).count(), 20, "{chart}");
    assert!(
        chart.contains("Shown are 10 of the busiest workers and 10 of the least busy; "),
        "{chart}"
    );
    let others = chart.lines().find(|line| line.starts_with("180 more ")).unwrap();
    assert!(others.contains("██████") && others.ends_with('▁'), "{chart}");
    let ended = chart.lines().find(|line| line.starts_with("ended ")).unwrap();
    let (shown, more) = ended.split_once(" and ").unwrap();
    let more: usize = more.trim_end_matches(" more").parse().unwrap();
    assert_eq!(shown.matches('F').count() + more, 2_000, "{ended}");
}

#[test]
fn loiter_in_words() {
    let told = Narration::of(&loiter()).to_string();
    for line in [
        "       0.000 ms  main submits F0 loiter[0] (examples/loiter.rs:118:28); 1 task is pending",
        "       0.150 ms  worker 0 is born",
        "       0.155 ms  worker 0 starts F0 loiter[0], which was pending for 155 µs",
        "    1000.499 ms  worker 1 finishes F1 loiter[1]: it returned after 1.00 s",
        "       0.620 ms  main goes to sleep until F1 loiter[1] ends",
        "    1000.539 ms  main wakes after 1.00 s: F1 loiter[1] has ended",
        "    1000.559 ms  main reads the result of F1 loiter[1]",
        "    2000.730 ms  worker 2 finds nothing to do and sleeps",
        "    5001.200 ms  main closes the pool: pending tasks will be run first",
        "    5001.400 ms  main wakes after 195 µs: the wait for the pool's end is over",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n\n{told}");
    }
}

#[test]
fn a_line_an_event() {
    for trace in traces::all() {
        let told = Narration::of(&trace).to_string();
        let others = usize::from(!trace.title().is_empty())
            + usize::from(trace.dropped() > 0 || trace.breaks_off())
            + usize::from(trace.entries().is_empty());
        assert_eq!(told.lines().count(), trace.entries().len() + others);
        assert!(!told.contains(|c: char| c != '\n' && c.is_control()));
        assert!(!told.contains(['\u{202e}', '\u{2028}']));
        let ascii = Narration::of(&trace).ascii(true).to_string();
        assert!(ascii.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{ascii}");
        assert_eq!(ascii.lines().count(), told.lines().count());
    }
}

/// Every kind of event, and what it is said in the middle of.
#[test]
fn every_event_has_words() {
    let told = Narration::of(&odd()).to_string();
    for sentence in [
        "main sees F4 '; DROP TABLE cancelled by the caller; it will not be run",
        "<caller> & co goes to sleep until any of 3 futures is done",
        "thread 5 goes to sleep until the queue has room for F8 refused",
        "thread 5 wakes after 20.9 µs: the wait for room is over",
        "thread 5 gets F8 refused back: the pool refuses it",
        "worker 0, inside F0, goes to sleep until F1 line␊break␉tab ends",
        "worker 0, inside F0, starts F2 emoji 🏁 旗 RTL \u{fffd}abc, which was pending for 58.2 µs",
        "worker 1 begins a callback of F1 line␊break␉tab",
        "worker 1 ends the callback of F1 line␊break␉tab after 2.00 µs",
        "worker 1 finishes F1 line␊break␉tab: it panicked after 48.9 µs",
        "<caller> & co wakes after 47.8 µs: F1 line␊break␉tab has ended",
        "main closes the pool: pending tasks are cancelled",
        "main goes to sleep until the pool's end",
        "worker 2 is gone",
    ] {
        assert!(
            told.lines().any(|line| line.ends_with(&format!("  {sentence}"))),
            "{sentence}\n\n{told}"
        );
    }
    let mut file = traces::head("the rest", 1);
    let mut event = |ns: u32, what: &str| {
        writeln!(file, "{{\"ns\":{ns},\"thread\":1,\"pool\":0,\"queue\":0,\"event\":{what}}}")
            .unwrap();
    };
    event(0, r#""finished","task":9,"how":"lost""#);
    event(1, r#""closed","how":"when-idle""#);
    event(2, r#""closed","how":"stop""#);
    event(3, r#""blocked","on":"any-of","of":1"#);
    event(4, r#""unblocked""#);
    event(5, r#""unblocked","by":9"#);
    event(6, r#""cancelled","task":8,"why":"task-dropped""#);
    event(7, r#""callback-began","task":7"#);
    event(8, r#""closed","how":"drain""#);
    let told = Narration::of(&traces::read(file.as_bytes())).to_string();
    for sentence in [
        "worker 0, in a callback of F7, closes the pool: pending tasks will be run first",
        "worker 0 gives up F9: it is lost, as its worker ended before running it",
        "worker 0 closes the pool, as soon as nothing is pending or running in it",
        "worker 0 closes the pool: pending tasks are cancelled, and running ones asked to stop",
        "worker 0 goes to sleep until a future is done",
        "worker 0 wakes after 1 ns: the wait for a future is over",
        "worker 0 wakes: F9 has ended",
        "worker 0 sees F8 cancelled because its executor dropped it; it will not be run",
    ] {
        assert!(
            told.lines().any(|line| line.ends_with(&format!("  {sentence}"))),
            "{sentence}\n\n{told}"
        );
    }
}

#[test]
fn the_same_trace_is_drawn_the_same_way() {
    for trace in traces::all() {
        assert_eq!(Gantt::of(&trace).to_string(), Gantt::of(&trace.clone()).to_string());
    }
    assert_eq!(
        Gantt::of(&Trace::read(&traces::head("", 0).into_bytes()[..]).unwrap()).to_string(),
        "nothing has happened\nthe file breaks off before its end\n"
    );
}
