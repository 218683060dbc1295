//! The loiter demo, run as the real program: what it prints, when, and in which order.
//!
//! Threads race within a second, so there is no one right output. What every honest run satisfies
//! is a partial order, and the second in which each line is printed.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread;

use glasspool::timeline::Trace;
use support::{example, run, start, text};

/// How many times as fast as the wall clock the demo's own clock runs here. A second of it is long
/// enough for a busy machine to stay within.
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
    lines
        .into_iter()
        .map(|(at, rest)| (rest.trim_start().to_owned(), (at + day - start) % day))
        .collect()
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

/// The lines of a run with five tasks on three workers, each with the second in which it is
/// printed.
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
    let results = printed
        .iter()
        .position(|(line, _)| line.starts_with("results: <Map at 0x"))
        .expect("a map");
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

    // The one line that is not the same every time: how far each of the five futures is, by the
    // luck of the moment.
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
        let number = rest
            .trim_start()
            .strip_prefix("loiter(")
            .and_then(|rest| rest.chars().next()?.to_digit(10));
        assert_eq!(tabs, number.unwrap_or(0) as usize, "{line:?}");
    }
}

#[test]
fn one_worker_does_one_thing_after_the_other() {
    let lines = timeline(&loiter(&["--speed", "20", "--workers", "1", "--tasks", "3"]));
    let said: Vec<&str> = lines
        .iter()
        .map(|(line, _)| line.as_str())
        .filter(|line| line.starts_with("loiter"))
        .collect();
    let expected = [0, 1, 2].map(|n| {
        [format!("loiter({n}): doing nothing for {n}s..."), format!("loiter({n}): done.")]
    });
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
    let output =
        run(example("loiter").args(["--speed", "20"]).env("LANG", "C.UTF-8").env_remove("LC_ALL"));
    let (_, chart) = transcript_and_chart(&output);
    assert!(chart.starts_with("loiter: 5 tasks on 3 workers\n"), "{chart}");
    for lane in ["main ", "worker 0 ", "worker 1 ", "worker 2 ", "queue "] {
        assert_eq!(
            chart.lines().filter(|line| line.starts_with(lane)).count(),
            1,
            "{lane}: {chart}"
        );
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
            assert!(
                fs::read_to_string(file).unwrap().contains(&name),
                "{name} in {}",
                file.display()
            );
        }
    }
    let trace = Trace::read(&*fs::read(&files[3]).unwrap()).unwrap();
    assert_eq!((trace.tasks().len(), trace.dropped(), trace.breaks_off()), (5, 0, false));

    let drawn_again = run(example("timeline").arg(&files[3]).arg("--svg").arg(file("again.svg")));
    assert!(drawn_again.status.success(), "{drawn_again:?}");
    assert!(drawn_again.stdout.is_empty(), "the picture was asked for, and not the chart");
    assert_eq!(fs::read(&files[0]).unwrap(), fs::read(file("again.svg")).unwrap());
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir(&folder).unwrap();
    folder
}

/// A recorded run, in a folder of its own.
fn recorded(name: &str) -> PathBuf {
    let trace = folder(name).join("run.trace");
    let output =
        run(example("loiter").args(["--speed", "1000", "--no-gantt", "--trace"]).arg(&trace));
    assert!(output.status.success(), "{output:?}");
    trace
}

/// It is one line, and nothing was run or printed.
fn assert_refused(output: &Output, complaint: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(stderr.starts_with(complaint) && stderr.lines().count() == 1, "{complaint}: {stderr}");
}

#[test]
fn a_view_without_a_place_is_said_before_anything_is_run() {
    let folder = folder("no-place");
    let file = folder.join("a file");
    fs::write(&file, "kept").unwrap();
    for (place, cause) in [
        (folder.join("no/such/folder.svg"), "No such file"),
        (folder.join("new").join(""), "No such file"),
        (PathBuf::new(), "No such file"),
        (folder.clone(), "Is a directory"),
        (file.join("below.svg"), "Not a directory"),
    ] {
        let output = run(example("loiter").arg("--svg").arg(&place));
        assert_refused(&output, &format!("loiter: cannot write {}: {cause}", place.display()));
        assert!(!text(&output.stderr).contains("--help"), "help is of no help here: {output:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_run_that_never_begins_leaves_no_file() {
    let folder = folder("never-begun");
    let file = folder.join("loiter.svg");
    for wrong in [&["--bogus"][..], &["--workers", "0"], &["--html", "/no/such/folder/loiter.html"]]
    {
        let output = run(example("loiter").arg("--svg").arg(&file).args(wrong));
        assert_refused(&output, "loiter: ");
        assert!(!file.exists(), "{wrong:?}");
    }
}

#[test]
fn two_views_in_one_file_are_refused() {
    let folder = folder("two-in-one");
    fs::create_dir(folder.join("below")).unwrap();
    let file = folder.join("same");
    for other in [file.clone(), folder.join("below/../same"), folder.join("./same")] {
        let output = run(example("loiter").arg("--svg").arg(&file).arg("--html").arg(&other));
        let complaint =
            format!("loiter: cannot write {}: another view is to go there\n", other.display());
        assert_refused(&output, &complaint);
    }
    let output = loiter(&["--svg", "-", "--trace", "-"]);
    assert_refused(&output, "loiter: cannot write standard output: another view is to go there\n");
    assert!(!file.exists());
}

#[test]
fn a_recording_is_not_overwritten_by_its_picture() {
    let trace = recorded("overwritten");
    let before = fs::read(&trace).unwrap();
    for view in ["--svg", "--html", "--chrome", "--trace"] {
        let elsewhere = trace.parent().unwrap().join(".").join("run.trace");
        let output = run(example("timeline").arg(&trace).arg(view).arg(&elsewhere));
        assert_refused(
            &output,
            &format!("timeline: cannot write {}: it is what is read\n", elsewhere.display()),
        );
    }
    assert_eq!(fs::read(&trace).unwrap(), before);
}

#[test]
fn a_view_that_goes_to_standard_output_is_all_that_is_there() {
    let trace = recorded("standard-output");
    let beside = trace.with_extension("view");
    for view in ["--svg", "--html", "--chrome", "--trace"] {
        let printed =
            run(example("timeline").arg(&trace).args([view, "-"]).current_dir(folder(view)));
        let written = run(example("timeline").arg(&trace).arg(view).arg(&beside));
        assert!(printed.status.success() && written.status.success(), "{printed:?} {written:?}");
        assert!(printed.stdout == fs::read(&beside).unwrap(), "{view}");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(view);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "no file that is called -");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_of_a_view_may_go_away() {
    for place in ["-", "/dev/stdout"] {
        for view in ["--svg", "--html", "--chrome", "--trace"] {
            let mut child = start(example("timeline").args([view, place]));
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert!(
                output.status.success() && output.stderr.is_empty(),
                "{view} {place}: {output:?}"
            );
        }
    }
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
    assert!(!stderr.contains("--help"), "help is of no help here: {stderr}");
    let output = run(example("timeline").arg("/no/such/file"));
    assert_refused(&output, "timeline: /no/such/file: No such file");
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
        (&["--svg"][..], "missing argument for option '--svg' (see --help)"),
        (&["--bogus"][..], "invalid option '--bogus' (see --help)"),
    ] {
        let output = loiter(args);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("loiter: ") && stderr.contains(complaint), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}
