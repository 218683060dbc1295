//! The loiter demo, run as the real program: what it prints, when, and in which order.
//!
//! Threads race within a second, so there is no one right output. What every honest run satisfies is a partial order, and the
//! second in which each line is printed.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread;

use glasspool::timeline::Trace;
use support::{example, run, text};

/// How many times as fast as the wall clock the demo's own clock runs here. A second of it is long enough for a busy machine
/// to stay within.
const SPEED: &str = "4";

fn loiter(args: &[&str]) -> Output {
    run(example("loiter").args(args))
}

/// What it prints, and the chart that comes behind an empty line.
fn transcript_and_chart(output: &Output) -> (String, String) {
    let stdout = text(&output.stdout);
    let (transcript, chart) = stdout.split_once("\n\n").unwrap_or((&stdout, ""));
    (transcript.to_owned(), chart.to_owned())
}

/// What a line says, without tabs, and how many seconds after the first it was printed.
fn timeline(output: &Output) -> Vec<(String, u32)> {
    assert!(output.status.success(), "{output:?}");
    let (transcript, _) = transcript_and_chart(output);
    let lines: Vec<(u32, &str)> = transcript.lines().map(stamp_and_rest).collect();
    let start = lines[0].0;
    let day = 24 * 60 * 60;
    lines.into_iter().map(|(at, rest)| (rest.trim_start().to_owned(), (at + day - start) % day)).collect()
}

/// `[HH:MM:SS] rest`, whole, or the line was torn.
fn stamp_and_rest(line: &str) -> (u32, &str) {
    let (stamp, rest) = line
        .strip_prefix('[')
        .and_then(|line| line.split_once("] "))
        .unwrap_or_else(|| panic!("a torn line: {line:?}"));
    let parts: Vec<u32> = stamp.split(':').map(|part| part.parse().unwrap()).collect();
    let [hours, minutes, seconds] = parts[..] else { panic!("no time of day: {stamp:?}") };
    (hours * 3600 + minutes * 60 + seconds, rest)
}

/// The lines of a run with five tasks on three workers, each with the second in which it is printed.
fn expected_lines() -> Vec<(String, u32)> {
    let mut lines =
        vec![("Script starting.".to_owned(), 0), ("Waiting for individual results:".to_owned(), 0)];
    for (n, begins, ends) in [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 5)] {
        lines.push((format!("loiter({n}): doing nothing for {n}s..."), begins));
        lines.push((format!("loiter({n}): done."), ends));
        lines.push((format!("result {n}: {}", n * 10), ends));
    }
    lines
}

fn assert_honest(output: &Output) {
    let mut printed = timeline(output);
    let results =
        printed.iter().position(|(line, _)| line.starts_with("results: <Map at 0x")).expect("a map");
    let at: HashMap<&str, usize> =
        printed.iter().enumerate().map(|(at, (line, _))| (line.as_str(), at)).collect();
    let begins = |n: usize| at[&*format!("loiter({n}): doing nothing for {n}s...")];
    let ends = |n: usize| at[&*format!("loiter({n}): done.")];
    let result = |n: usize| at[&*format!("result {n}: {}", n * 10)];
    let waiting = at["Waiting for individual results:"];

    let mut order =
        vec![(results, waiting), (waiting, result(0)), (ends(0), begins(3)), (ends(1), begins(4))];
    order.extend((0..5).map(|n| (begins(n), ends(n))));
    order.extend((0..5).map(|n| (ends(n), result(n))));
    order.extend((0..4).map(|n| (result(n), result(n + 1))));
    order.extend((1..printed.len()).map(|later| (at["Script starting."], later)));
    for (earlier, later) in order {
        assert!(earlier < later, "{:?} came before {:?}", printed[later], printed[earlier]);
    }

    // The one line that is not the same every time: how far each of the five futures is, by the luck of the moment.
    let (map, second) = printed.remove(results);
    assert_eq!(second, 0);
    assert!(map.contains(" 5 futures: "), "{map}");
    let mut expected = expected_lines();
    printed.sort();
    expected.sort();
    assert_eq!(printed, expected);
}

#[test]
fn three_workers_print_the_timeline_of_the_book() {
    assert_honest(&loiter(&["--speed", SPEED]));
}

#[test]
fn ten_runs_at_once_are_all_honest() {
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| assert_honest(&loiter(&["--speed", "2"])));
        }
    });
}

#[test]
fn each_task_is_indented_by_its_number() {
    let output = loiter(&["--speed", "1000", "--no-gantt"]);
    let stdout = text(&output.stdout);
    for line in stdout.lines() {
        let (_, rest) = stamp_and_rest(line);
        let tabs = rest.chars().take_while(|&c| c == '\t').count();
        let number =
            rest.trim_start().strip_prefix("loiter(").and_then(|rest| rest.chars().next()?.to_digit(10));
        assert_eq!(tabs, number.unwrap_or(0) as usize, "{line:?}");
    }
}

#[test]
fn one_worker_does_one_thing_after_the_other() {
    let lines = timeline(&loiter(&["--speed", "20", "--workers", "1", "--tasks", "3"]));
    let said: Vec<&str> =
        lines.iter().map(|(line, _)| line.as_str()).filter(|line| line.starts_with("loiter")).collect();
    let expected =
        [0, 1, 2].map(|n| [format!("loiter({n}): doing nothing for {n}s..."), format!("loiter({n}): done.")]);
    assert_eq!(said, expected.concat());
}

#[test]
fn no_tasks_no_results() {
    let lines = timeline(&loiter(&["--tasks", "0"]));
    assert!(lines[1].0.ends_with(" 0 futures>"), "{lines:?}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn it_ends_with_a_chart_of_what_happened_unless_that_is_declined() {
    let output = run(example("loiter").args(["--speed", "20"]).env("LANG", "C.UTF-8").env_remove("LC_ALL"));
    let (_, chart) = transcript_and_chart(&output);
    assert!(chart.starts_with("loiter: 5 tasks on 3 workers\n"), "{chart}");
    for lane in ["main ", "worker 0 ", "worker 1 ", "worker 2 ", "queue "] {
        assert_eq!(chart.lines().filter(|line| line.starts_with(lane)).count(), 1, "{lane}: {chart}");
    }
    assert!(chart.lines().all(|line| line.chars().count() <= 80), "{chart}");
    assert!(!chart.contains('\x1b'), "no colours, as it is no terminal");

    let (_, chart) = transcript_and_chart(&loiter(&["--speed", "100", "--no-gantt"]));
    assert_eq!(chart, "");
}

#[test]
fn every_view_can_be_had_as_a_file_and_all_tell_of_the_same_tasks() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str| folder.join(name);
    let views = ["--svg", "--html", "--chrome", "--trace"];
    let files = ["loiter.svg", "loiter.html", "loiter.json", "loiter.trace"].map(file);
    let mut command = example("loiter");
    command.args(["--speed", "50", "--narrate"]);
    for (view, file) in views.iter().zip(&files) {
        // Something longer is there, of which nothing may be left.
        fs::write(file, "x".repeat(1 << 20)).unwrap();
        command.arg(view).arg(file);
    }
    let output = run(&mut command);
    assert!(output.status.success(), "{output:?}");
    for n in 0..5 {
        let name = format!("loiter[{n}]");
        assert!(text(&output.stdout).contains(&format!("starts F{n} {name}")), "{name}");
        for file in &files[..3] {
            assert!(fs::read_to_string(file).unwrap().contains(&name), "{name} in {}", file.display());
        }
    }
    let trace = Trace::read(&*fs::read(&files[3]).unwrap()).unwrap();
    assert_eq!((trace.tasks().len(), trace.dropped(), trace.breaks_off()), (5, 0, false));

    let drawn_again = run(example("timeline").arg(&files[3]).arg("--svg").arg(file("again.svg")));
    assert!(drawn_again.status.success(), "{drawn_again:?}");
    assert!(drawn_again.stdout.is_empty(), "the picture was asked for, and not the chart");
    assert_eq!(fs::read(&files[0]).unwrap(), fs::read(file("again.svg")).unwrap());
}

#[test]
fn a_view_without_a_place_is_said_before_anything_is_run() {
    let output = loiter(&["--svg", "/no/such/folder/loiter.svg"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("loiter: cannot write /no/such/folder/loiter.svg: "), "{stderr}");
    assert_eq!(stderr.lines().count(), 1);
}

#[test]
fn a_file_that_is_no_trace_is_said_with_its_line() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no.trace");
    fs::write(&file, "{\"glasspool\":\"trace\",\"version\":1}\n{\"event\":\"stolen\"}\n").unwrap();
    let output = run(example("timeline").arg(&file));
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("no.trace: line 2: \"event\" is unknown: \"stolen\""), "{stderr}");
    assert_eq!(stderr.lines().count(), 1);
    assert!(!text(&run(example("timeline").arg("/no/such/file")).stderr).is_empty());
}

#[test]
fn help_is_printed_and_is_no_error() {
    for flag in ["-h", "--help"] {
        let output = loiter(&[flag]);
        assert!(output.status.success());
        assert!(output.stdout.starts_with(b"Usage: loiter"));
    }
}

#[test]
fn bad_input_gets_one_clear_line() {
    for (args, complaint) in [
        (&["--workers", "0"][..], "max_workers must be greater than 0"),
        (&["--tasks", "many"][..], "it must be a number from 0 to 1000"),
        (&["--speed", "0"][..], "it must be a number from 0.01 to 1000"),
        (&["--speed", "nan"][..], "it must be a number from 0.01 to 1000"),
        (&["now"][..], "now"),
    ] {
        let output = loiter(args);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("loiter: ") && stderr.contains(complaint), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}
