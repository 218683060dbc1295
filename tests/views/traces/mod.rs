//! Traces to be drawn: two from files, and some that are made up here.

use std::fmt::Write as _;

use glasspool::timeline::Trace;

pub(crate) fn read(file: &[u8]) -> Trace {
    Trace::read(file).unwrap()
}

/// Five naps on three workers.
pub(crate) fn loiter() -> Trace {
    read(include_bytes!("loiter.jsonl"))
}

/// Nasty names, failures, a nested wait, cancellations, room, a callback; and its end is missing.
pub(crate) fn odd() -> Trace {
    read(include_bytes!("odd.jsonl"))
}

/// All of them but for the largest.
pub(crate) fn all() -> Vec<Trace> {
    let mut instant = head("one instant", 1);
    ran(&mut instant, 1, 0, 5, 5);
    let mut named = head(&"long title 旗🏁 ".repeat(100), 2);
    for (task, name) in
        [(0, "旗".repeat(9)), (1, "e\u{301}🏁\u{200d}x".to_owned()), (2, "\u{301}".to_owned())]
    {
        named_ran(
            &mut named,
            1 + task % 2,
            u64::from(task),
            &name,
            1_000 * task,
            1_000 * task + 900,
        );
    }
    vec![
        read(b"{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}\n{\"events\":0,\"dropped\":0}\n"),
        read(instant.as_bytes()),
        read(named.as_bytes()),
        loiter(),
        odd(),
        many(1_000, 8),
        many(500, 100),
    ]
}

/// The beginning of a file: `main` is thread 0, and behind it there are so many workers.
pub(crate) fn head(title: &str, workers: usize) -> String {
    let mut file = format!(
        "{{\"glasspool\":\"trace\",\"version\":1,\"title\":\"{title}\"}}\n{{\"thread\":0,\"name\":\"main\"}}\n"
    );
    for worker in 0..workers {
        let thread = worker + 1;
        writeln!(
            file,
            "{{\"thread\":{thread},\"name\":\"pool-0_{worker}\",\"pool\":0,\"worker\":{worker}}}"
        )
        .unwrap();
    }
    file
}

/// One task: main submits it at the time at which that thread runs it.
pub(crate) fn ran(file: &mut String, thread: u32, task: u64, from: u32, to: u32) {
    named_ran(file, thread, task, "task", from, to);
}

fn named_ran(file: &mut String, thread: u32, task: u64, name: &str, from: u32, to: u32) {
    let mut event = |ns, thread, rest: &str| {
        writeln!(
            file,
            "{{\"ns\":{ns},\"thread\":{thread},\"pool\":0,\"queue\":0,\"task\":{task},{rest}}}"
        )
        .unwrap();
    };
    event(
        from,
        0,
        &format!("\"event\":\"submitted\",\"name\":\"{name}\",\"at\":\"src/main.rs:1:1\""),
    );
    event(from, thread, "\"event\":\"started\"");
    event(to, thread, "\"event\":\"finished\",\"how\":\"returned\"");
}

/// So many tasks, submitted one after the other and taken by whichever worker is free; one in fifty
/// panics. Nothing is left to chance.
pub(crate) fn many(tasks: u64, workers: usize) -> Trace {
    let mut file = head("many", workers);
    let mut free = vec![1_000_u64; workers];
    let mut events = 0;
    for task in 0..tasks {
        let submitted = task * 20_000 / workers as u64;
        let works = 2_000 + (task * 7_919) % 36_000;
        let (place, &since) = free.iter().enumerate().min_by_key(|(_, since)| **since).unwrap();
        let from = since.max(submitted) + 300;
        free[place] = from + works;
        let (thread, how) = (place + 1, if task % 50 == 49 { "panicked" } else { "returned" });
        let mut event = |ns, thread, rest: &str| {
            writeln!(
                file,
                "{{\"ns\":{ns},\"thread\":{thread},\"pool\":0,\"queue\":0,\"task\":{task},{rest}}}"
            )
            .unwrap();
            events += 1;
        };
        event(submitted, 0, "\"event\":\"submitted\",\"name\":\"job\",\"at\":\"src/job.rs:10:5\"");
        event(from, thread, "\"event\":\"started\"");
        event(from + works, thread, &format!("\"event\":\"finished\",\"how\":\"{how}\""));
        event(from + works + 100, 0, "\"event\":\"collected\"");
    }
    writeln!(file, "{{\"events\":{events},\"dropped\":0}}").unwrap();
    read(file.as_bytes())
}
