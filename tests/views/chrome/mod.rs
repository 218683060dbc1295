//! The file for Perfetto keeps its rules, and says what the trace says.

mod rules;

use std::fmt::Write as _;

use glasspool::EventKind;
use glasspool::timeline::{ChromeTrace, Trace};

use crate::traces::{self, loiter, odd};
use rules::{Checked, check};

fn checked(trace: &Trace) -> Checked {
    let checked = check(&ChromeTrace::of(trace).to_string());
    assert_eq!(checked.violations, Vec::<String>::new(), "{}", trace.title());
    checked
}

#[test]
fn every_trace_keeps_the_rules() {
    for trace in traces::all() {
        checked(&trace);
    }
    checked(&traces::many(25_000, 8));
}

/// A trace may lack any event, and may break off anywhere.
#[test]
fn every_trace_that_lacks_something_keeps_the_rules() {
    for file in [include_str!("../traces/loiter.jsonl"), include_str!("../traces/odd.jsonl")] {
        let lines: Vec<&str> = file.lines().collect();
        let first = lines.iter().position(|line| line.starts_with("{\"ns\"")).unwrap();
        for missing in first..lines.len() {
            let upto = lines[..missing].join("\n") + "\n";
            checked(&traces::read(upto.as_bytes()));
            // The last line counts the events.
            let behind = lines.get(missing + 1..lines.len() - 1).unwrap_or_default();
            let without = [&lines[..missing], behind].concat().join("\n") + "\n";
            checked(&traces::read(without.as_bytes()));
        }
    }
}

/// Everything at one time, in one thread and in several.
#[test]
fn no_time_at_all_keeps_the_rules() {
    let mut file = traces::head("no time", 2);
    for task in 0..4 {
        traces::ran(&mut file, 1 + u32::from(task > 1), task, 7, 7);
    }
    traces::ran(&mut file, 1, 9, 7, 8);
    traces::ran(&mut file, 0, 10, 7, 7);
    traces::ran(&mut file, 0, 11, 7, 9);
    checked(&traces::read(file.as_bytes()));
}

/// What is inside another thing and begins with it comes behind that.
#[test]
fn slices_that_begin_together_keep_the_rules() {
    let mut file = traces::head("at once", 1);
    let mut event = |ns: u32, task: u32, rest: &str| {
        writeln!(
            file,
            "{{\"ns\":{ns},\"thread\":1,\"pool\":0,\"queue\":0,\"task\":{task},{rest}}}"
        )
        .unwrap();
    };
    event(0, 0, r#""event":"submitted","at":"a.rs:1:1""#);
    event(0, 0, r#""event":"started""#);
    event(0, 0, r#""event":"blocked","on":"task""#);
    event(0, 1, r#""event":"submitted","at":"a.rs:1:1""#);
    event(0, 1, r#""event":"started""#);
    event(5, 1, r#""event":"finished","how":"returned""#);
    event(6, 0, r#""event":"unblocked","by":1"#);
    event(9, 0, r#""event":"finished","how":"returned""#);
    let checked = checked(&traces::read(file.as_bytes()));
    assert_eq!(checked.slices[&(1, 2)].len(), 5);
}

#[test]
fn each_task_is_where_and_when_it_was_run() {
    for trace in traces::all() {
        let checked = checked(&trace);
        let first = trace.entries().first().map_or(0, |entry| entry.at);
        let mut runs = 0;
        for entry in trace.entries().iter().filter(|entry| entry.kind == EventKind::Started) {
            let name = entry.task.unwrap().to_string();
            let track = &checked.slices[&(1, entry.thread as u64 + 1)];
            let is_it =
                |slice: &&rules::Slice| slice.category == "run" && slice.from == entry.at - first;
            let found =
                track.iter().filter(is_it).any(|slice| slice.name.split(' ').next() == Some(&name));
            assert!(found, "{name} in {}", trace.title());
            let pending =
                checked.pending.iter().find(|((_, of, _), _)| of.split(' ').next() == Some(&name));
            let (_, (_, ends)) = pending.unwrap();
            assert_eq!(ends[..], [entry.at - first], "{name} is pending no longer");
            runs += 1;
        }
        let slices = checked.slices.values().flatten();
        assert_eq!(slices.filter(|slice| slice.category == "run").count(), runs);
        let submitted =
            trace.entries().iter().filter(|entry| entry.kind == EventKind::Submitted).count();
        assert_eq!(checked.pending.len(), submitted);
    }
}

#[test]
fn arrows_lead_from_submits_to_runs_and_from_runs_to_who_waited() {
    for (trace, starts, wakes) in
        [(loiter(), 5, 4), (odd(), 5, 2), (traces::many(1_000, 8), 1_000, 0)]
    {
        let checked = checked(&trace);
        for ((category, ..), (begins, ends)) in &checked.flows {
            let (from, to) = (begins[0].slice.as_ref().unwrap(), ends[0].slice.as_ref().unwrap());
            let categories = (from.category.as_str(), to.category.as_str());
            let expected = if category == "start" { ("submit", "run") } else { ("run", "blocked") };
            assert_eq!(categories, expected, "{from:?} {to:?}");
            let id =
                |name: &str| name.split(' ').find(|word| word.starts_with('F')).map(str::to_owned);
            if to.name != "wait for any of 3 futures" {
                assert_eq!(id(&from.name), id(&to.name));
            }
        }
        let count =
            |what: &str| checked.flows.keys().filter(|(category, ..)| category == what).count();
        assert_eq!((count("start"), count("wake")), (starts, wakes), "{}", trace.title());
    }
}

#[test]
fn counters_and_instants() {
    let checked_loiter = checked(&loiter());
    assert_eq!(
        checked_loiter.counters["pending tasks"][..5],
        [(0, 1), (3_000, 2), (6_000, 3), (9_000, 4), (12_000, 5)]
    );
    assert_eq!(checked_loiter.counters["pending tasks"].last(), Some(&(1_000_519_999, 0)));
    let busy: Vec<u64> =
        checked_loiter.counters["busy workers"].iter().map(|&(_, busy)| busy).collect();
    assert_eq!(busy, [1, 0, 1, 2, 3, 2, 3, 2, 1, 0]);
    assert_eq!(
        checked_loiter.thread_names.values().collect::<Vec<_>>(),
        ["main", "worker 0", "worker 1", "worker 2"]
    );

    // While F0 waits for F1, its worker is not busy.
    let checked_odd = checked(&odd());
    let at =
        |time| checked_odd.counters["busy workers"].iter().rfind(|&&(at, _)| at <= time).unwrap().1;
    assert_eq!([at(18_900), at(19_000), at(20_100)], [3, 2, 3]);
    for what in [
        "cancelled F4",
        "cancelled F6",
        "panicked F1",
        "refused F8",
        "result read F1",
        "closed: cancel pending",
    ] {
        assert!(
            checked_odd.instants.iter().any(|(_, name)| name == what),
            "{what}: {:?}",
            checked_odd.instants
        );
    }
}

/// One that holds everything, and what is changed in it each time.
const GOOD: &str = r#"{"displayTimeUnit":"ns","traceEvents":[
{"ph":"M","name":"process_name","pid":1,"tid":0,"args":{"name":"p"}},
{"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"t"}},
{"ph":"X","name":"a","cat":"c","ts":1.000,"dur":10.000,"pid":1,"tid":1,"args":{}},
{"ph":"X","name":"b","cat":"c","ts":2.000,"dur":9.000,"pid":1,"tid":1},
{"ph":"b","name":"q","cat":"queue","ts":1.000,"pid":1,"tid":1,"id":1},
{"ph":"e","name":"q","cat":"queue","ts":2.000,"pid":1,"tid":1,"id":1},
{"ph":"s","name":"w","cat":"w","ts":1.000,"pid":1,"tid":1,"id":1},
{"ph":"f","name":"w","cat":"w","ts":10.999,"pid":1,"tid":1,"id":1,"bp":"e"},
{"ph":"C","name":"n","ts":1.000,"pid":1,"args":{"n":1}},
{"ph":"C","name":"n","ts":2.000,"pid":1,"args":{"n":2}},
{"ph":"i","name":"x","cat":"x","ts":1.000,"pid":1,"tid":1,"s":"t"}
]}"#;

#[test]
fn the_rules_can_be_broken() {
    assert_eq!(check(GOOD).violations, Vec::<String>::new());
    for (from, to, violation) in [
        ("]}", "]", "no JSON"),
        (r#""name":"a""#, "\"name\":\"a\u{1}\"", "no JSON"),
        (r#":"ns""#, r#":"us""#, "displayTimeUnit"),
        ("traceEvents", "events", "no traceEvents"),
        (r#""ph":"i""#, r#""ph":"Z""#, "ph is unknown"),
        (r#""s":"t""#, r#""s":"q""#, "s is neither"),
        (r#""dur":10.000,"#, "", "no dur"),
        (r#""ts":1.000,"dur""#, r#""dur""#, "no ts"),
        (r#""ts":1.000"#, r#""ts":-1.000"#, "ts is no time"),
        (r#""dur":9.000"#, r#""dur":9e0"#, "dur is no time"),
        (r#""dur":9.000"#, r#""dur":9.001"#, "overlaps"),
        (r#""ts":2.000,"dur":9.000"#, r#""ts":1.000,"dur":10.001"#, "overlaps"),
        (r#""tid":1,"args":{}"#, r#""tid":2,"args":{}"#, "no name for thread (1, 2)"),
        (r#""tid":1,"args":{}"#, r#""tid":0,"args":{}"#, "idle"),
        (r#""pid":1,"tid":0,"#, r#""pid":2,"tid":0,"#, "no name for process 1"),
        (r#""thread_name","pid":1,"tid":1"#, r#""process_name","pid":1,"tid":1"#, "named twice"),
        (r#""ph":"e""#, r#""ph":"b""#, "async slice"),
        (
            r#""ph":"e","name":"q","cat":"queue","ts":2"#,
            r#""ph":"e","name":"q","cat":"queue","ts":0"#,
            "async slice",
        ),
        (r#""ph":"e","name":"q""#, r#""ph":"e","name":"r""#, "async slice"),
        (r#","bp":"e""#, "", "no bp"),
        (r#""id":1,"bp""#, r#""id":2,"bp""#, "no pair"),
        (r#""ts":10.999"#, r#""ts":11.000"#, "not bound"),
        (r#""ts":10.999"#, r#""ts":0.999"#, "no pair"),
        (
            r#"{"ph":"s","name":"w","cat":"w","ts":1.000"#,
            r#"{"ph":"s","name":"w","cat":"w","ts":0.999"#,
            "not bound",
        ),
        (r#"{"n":2}"#, r#"{"m":2}"#, "another series"),
        (r#"{"n":2}"#, r#"{"n":2,"m":2}"#, "not one series"),
        (
            r#""ts":2.000,"pid":1,"args":{"n":2}"#,
            r#""ts":1.000,"pid":1,"args":{"n":2}"#,
            "two values",
        ),
        (r#""args":{}"#, r#""args":[]"#, "args is no object"),
    ] {
        let bad = GOOD.replacen(from, to, 1);
        assert_ne!(bad, GOOD, "{from}");
        let violations = check(&bad).violations;
        assert!(
            violations.iter().any(|found| found.contains(violation)),
            "{from} -> {to}: {violations:?}"
        );
    }
}
