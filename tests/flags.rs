//! The flag downloads, run as the real programs against the real server, over loopback.
//!
//! Delays and faults are drawn from a seed for each country, so counts can be compared exactly. No
//! test relies on being quick: timeouts are reached only by what never answers.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::timeline::Trace;
use support::{TIME_LIMIT, example, lines_of, path_of, run, start, text};

const TWENTY: &str = "BD BR CD CN DE EG ET FR ID IN IR JP MX NG PH PK RU TR US VN";

/// A folder of its own for each test, empty at first.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    folder
}

fn download(program: &str, args: &[&str], into: &Path) -> Output {
    run(example(program).args(args).arg("--folder").arg(into))
}

fn files_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn twenty_files() -> BTreeSet<String> {
    TWENTY.split(' ').map(|code| format!("{code}.gif")).collect()
}

fn assert_pictures(folder: &Path) {
    for file in files_in(folder) {
        let mut decoder = gif::DecodeOptions::new()
            .read_info(fs::File::open(folder.join(&file)).unwrap())
            .unwrap();
        assert_eq!((decoder.width(), decoder.height()), (480, 320), "{file}");
        assert!(decoder.read_next_frame().unwrap().is_some(), "{file} has a picture");
        assert!(decoder.read_next_frame().unwrap().is_none(), "{file} has no more than one");
    }
}

/// The counts of a final report: downloaded, not found, errors.
fn counts(output: &Output) -> (usize, usize, usize) {
    let stdout = text(&output.stdout);
    let (_, report) =
        stdout.split_once("--------------------\n").unwrap_or_else(|| panic!("{output:?}"));
    let count_of = |what: &str| {
        let line = report.lines().find(|line| line.contains(what))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let count_of = |what: &str| count_of(what).unwrap_or(0);
    (count_of("downloaded."), count_of("not found."), count_of("error"))
}

/// What a verbose run says of each code, without the port.
fn said(output: &Output) -> BTreeSet<String> {
    let stdout = text(&output.stdout);
    let is_code =
        |word: &str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let of_a_code = |line: &&str| line.split(' ').next().is_some_and(is_code);
    stdout
        .lines()
        .filter(of_a_code)
        .map(|line| line.split(": http").next().unwrap().to_owned())
        .collect()
}

#[test]
fn one_after_the_other_comes_in_alphabetical_order() {
    let folder = folder("sequential");
    let output = download("flags", &["-s", "LOCAL"], &folder);
    let stdout = text(&output.stdout);
    let total = stdout
        .strip_prefix(&format!("{TWENTY} \n20 downloads in "))
        .unwrap_or_else(|| panic!("{output:?}"));
    let seconds = total.strip_suffix("s\n").unwrap();
    assert_eq!(seconds.split_once('.').unwrap().1.len(), 2, "{seconds}");
    assert_eq!(files_in(&folder), twenty_files());
    assert_pictures(&folder);
}

#[test]
fn a_pool_downloads_the_same_in_the_servers_order() {
    let folder = folder("pool");
    let output = download("flags_pool", &["-s", "local"], &folder);
    let stdout = text(&output.stdout);
    let (codes, total) = stdout.split_once(" \n").unwrap_or_else(|| panic!("{output:?}"));
    assert!(total.starts_with("20 downloads in ") && total.ends_with("s\n"), "{total}");
    assert_eq!(codes.split(' ').collect::<BTreeSet<_>>(), TWENTY.split(' ').collect());
    assert_eq!(files_in(&folder), twenty_files());
}

#[test]
fn three_futures_run_and_two_are_pending() {
    let folder = folder("futures");
    let output = download("flags_futures", &[], &folder);
    let stdout = text(&output.stdout);
    let lines: Vec<&str> = stdout.lines().collect();
    let states = ["BR running", "CN running", "ID running", "IN pending", "US pending"];
    for (line, expected) in lines.iter().zip(states) {
        let (code, state) = expected.split_once(' ').unwrap();
        assert!(line.starts_with(&format!("Scheduled for {code}: <Future at 0x")), "{stdout}");
        assert!(line.ends_with(&format!(" state={state}>")), "{stdout}");
    }
    for code in ["BR", "CN", "ID", "IN", "US"] {
        let end = format!(r#" state=finished returned &str> result: "{code}""#);
        assert!(
            lines.iter().any(|line| line.contains(&format!("{code} <Future at 0x")) && line.ends_with(&end)),
            "{stdout}"
        );
    }
    assert!(stdout.contains("\n\n5 downloads in "), "{stdout}");
    assert_eq!(files_in(&folder).len(), 5);
}

#[test]
fn a_failed_download_ends_the_short_programs_with_a_line() {
    for program in ["flags", "flags_pool", "flags_futures"] {
        let output =
            download(program, &["--server-url", "http://127.0.0.1:9/flags"], &folder(program));
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("Connection refused"), "{output:?}");
        assert!(files_in(&folder_of(program)).is_empty());
    }
}

fn folder_of(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(test)
}

#[test]
fn of_the_letter_b_seventeen_exist_and_nine_do_not() {
    let folder = folder("letter");
    let output = download("flags2", &["b"], &folder);
    assert_eq!(counts(&output), (17, 9, 0));
    let stdout = text(&output.stdout);
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines[0].starts_with("LOCAL site: http://127.0.0.1:"), "{stdout}");
    assert_eq!(lines[1], "Searching for 26 flags: from BA to BZ");
    assert_eq!(lines[2], "26 concurrent connections will be used.");
    assert_eq!(&lines[3..6], ["--------------------", " 17 flags downloaded.", "  9 not found."]);
    assert!(lines[6].starts_with("Elapsed time: ") && lines.len() == 7, "{stdout}");
    assert_eq!(files_in(&folder).len(), 17);
}

#[test]
fn of_every_code_a_hundred_and_ninety_four_exist() {
    let folder = folder("every");
    let output = download("flags2", &["-e", "-m", "1000", "--timeout", "60"], &folder);
    assert_eq!(counts(&output), (194, 482, 0), "{output:?}");
    assert_eq!(files_in(&folder).len(), 194);
    assert_pictures(&folder);
}

/// Counts, and what is said of each code, whoever asks: faults are the country's and not the
/// request's. The three programs run at the same time, since most of it is waiting for timeouts.
fn assert_the_same_for_1_3_and_30(server: &str, timeout: &str, codes: &[&str]) -> BTreeSet<String> {
    let run = |workers: &str| {
        let folder = folder(&format!("{server}{workers}"));
        let mut args =
            vec!["-s", server, "-v", "-m", workers, "--delay", "0..0.01", "--timeout", timeout];
        args.extend(codes);
        let output = download("flags2", &args, &folder);
        let counts = counts(&output);
        assert_eq!(files_in(&folder).len(), counts.0, "a failed download leaves no file");
        (counts, said(&output))
    };
    let all = thread::scope(|s| {
        ["1", "3", "30"].map(|workers| s.spawn(move || run(workers))).map(|run| run.join().unwrap())
    });
    assert_eq!(all[0].0, all[1].0);
    assert_eq!(all[0], all[2]);
    let [(counts, said), ..] = all;
    assert_eq!(counts.0 + counts.1 + counts.2, said.len());
    said
}

#[test]
fn teapots_are_the_same_for_one_worker_and_for_thirty() {
    let said = assert_the_same_for_1_3_and_30("ERROR", "60", &["a", "b", "zz"]);
    assert!(
        said.iter().any(|line| line.ends_with("error: HTTP error 418 - I'm a Teapot")),
        "{said:?}"
    );
    assert!(said.contains("ZZ not found"), "{said:?}");
    assert!(said.iter().any(|line| line.ends_with(" OK")), "{said:?}");
}

#[test]
fn faults_are_the_same_for_one_worker_and_for_thirty() {
    let said = assert_the_same_for_1_3_and_30("FLAKY", "3", &[]);
    for fault in ["timed out", "Connection reset", "Peer disconnected"] {
        assert!(said.iter().any(|line| line.contains(fault)), "{fault}: {said:?}");
    }
}

#[test]
fn a_limited_server_is_no_faster_for_more_workers() {
    let trace = folder("limit").with_extension("trace");
    let output = run(example("flags_pool")
        .args(["-s", "LIMIT", "--folder"])
        .arg(folder("limit"))
        .arg("--trace")
        .arg(&trace));
    assert!(output.status.success(), "{output:?}");
    let figures = Trace::read(&*fs::read(&trace).unwrap()).unwrap().figures();
    // Twenty requests, four at once, 20 ms each: that takes as long, however many ask.
    assert!(figures.workers > 4, "{figures}");
    assert!(figures.wall >= Duration::from_millis(100), "{figures}");
}

#[test]
fn the_views_of_a_program_without_a_pool_are_the_servers() {
    let output = download("flags", &["-s", "LOCAL", "--narrate"], &folder("seen"));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("20 downloads in "), "{stdout}");
    let requests = stdout.lines().filter(|line| line.contains(" flags-acceptor submits F"));
    assert_eq!(requests.count(), 20, "{stdout}");
    assert!(stdout.contains("\nThe server of flags: one request at a time\n"), "{stdout}");
}

#[test]
fn a_limited_server_serves_everyone_in_the_end() {
    let output = download("flags2", &["-s", "LIMIT", "-m", "30"], &folder("limited"));
    assert_eq!(counts(&output), (20, 0, 0));
}

#[test]
fn sequential_is_an_option_of_the_same_program() {
    let output = download("flags2", &["--how", "sequential", "-v", "-l", "3"], &folder("how"));
    let stdout = text(&output.stdout);
    assert!(
        stdout.contains(
            "Searching for 3 flags: BD, BR, CD\n1 connection will be used.\nBD OK\nBR OK\nCD OK\n---"
        ),
        "{stdout}"
    );
}

#[test]
fn a_refused_connection_is_an_error_of_each_code() {
    let output = download(
        "flags2",
        &["--server-url", "http://127.0.0.1:9/flags", "-v", "br", "cn"],
        &folder("refused"),
    );
    assert!(output.status.success(), "a run full of errors is a run");
    assert_eq!(counts(&output), (0, 0, 2));
    assert!(
        said(&output).iter().all(|line| line.contains("error: ") && line.contains("refused")),
        "{output:?}"
    );
    assert!(text(&output.stdout).contains("  0 flags downloaded.\n  2 errors.\n"));
}

#[test]
fn bad_arguments_are_told_on_standard_output_with_the_usage() {
    for (args, complaint) in [
        (&["-m", "0"][..], "--max_req CONCURRENT must be >= 1"),
        (&["-l", "0"][..], "--limit N must be >= 1"),
        (
            &["-s", "NOWHERE"][..],
            "--server LABEL must be one of DELAY, ERROR, FLAKY, LIMIT, LOCAL, REMOTE",
        ),
        (&["B1"][..], "each CC argument must be A to Z or AA to ZZ."),
        (&["BRA"][..], "each CC argument must be A to Z or AA to ZZ."),
    ] {
        let output = run(example("flags2").args(args));
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            stdout.starts_with(&format!("*** Usage error: {complaint}\nUsage: flags2 ")),
            "{stdout}"
        );
    }
}

#[test]
fn every_program_answers_when_asked_for_help() {
    for program in ["flags", "flags_pool", "flags_futures", "flags2", "flag_server"] {
        let output = run(example(program).arg("--help"));
        assert!(
            output.status.success()
                && text(&output.stdout).starts_with(&format!("Usage: {program}")),
            "{output:?}"
        );
    }
}

#[test]
fn every_option_has_the_same_indent() {
    let programs = "flags flags_pool flags_futures flags2 flag_server loiter timeline gallery";
    for program in programs.split(' ') {
        let help = text(&run(example(program).arg("-h")).stdout);
        let options: Vec<&str> =
            help.lines().filter(|line| line.trim_start().starts_with('-')).collect();
        assert!(!options.is_empty(), "{help}");
        for option in options {
            assert!(option.starts_with("  -"), "{program}: {option:?}");
        }
    }
}

#[test]
fn a_view_without_a_place_is_one_clear_line_before_anything_is_done() {
    let folder = folder("no-view");
    for program in ["flags", "flags_pool", "flags_futures", "flags2"] {
        let output =
            download(program, &["-s", "LOCAL", "--svg", "/no/such/folder/view.svg"], &folder);
        let stderr = text(&output.stderr);
        let complaint = format!("{program}: cannot write /no/such/folder/view.svg: ");
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        assert!(stderr.starts_with(&complaint) && stderr.lines().count() == 1, "{stderr}");
    }
    assert!(!folder.exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_one_clear_line() {
    let file = folder("in-the-way");
    fs::write(&file, "a file").unwrap();
    for program in ["flags", "flags_pool", "flags_futures", "flags2"] {
        let output = download(program, &["-s", "LOCAL"], &file.join("below"));
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.contains("cannot write ") && stderr.trim().lines().count() == 1, "{stderr}");
    }
    fs::remove_file(file).unwrap();
}

#[cfg(unix)]
#[test]
fn too_few_descriptors_end_in_one_clear_line() {
    let folder = folder("descriptors");
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"ulimit -n 100 && exec "$0" "$@""#]).arg(path_of("flags2"));
    let output = run(limited.args(["-e", "-m", "1000"]).arg("--folder").arg(&folder));
    let (saved, not_found, errors) = counts(&output);
    assert_eq!(saved + not_found + errors, 676);
    assert!(errors > 0 && files_in(&folder).len() == saved);
    let stderr = text(&output.stderr);
    assert_eq!(
        stderr.lines().filter(|line| line.contains("too many files open")).count(),
        1,
        "{stderr}"
    );
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_pool_in_good_order() {
    assert_ctrl_c_ends_in_good_order("pool");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_sequence_in_good_order() {
    assert_ctrl_c_ends_in_good_order("sequential");
}

#[cfg(unix)]
fn assert_ctrl_c_ends_in_good_order(how: &str) {
    let folder = folder(&format!("interrupted-{how}"));
    let args = ["-s", "DELAY", "-m", "2", "-v", "-a", "--delay", "0.1..0.2", "--how", how];
    let mut child = start(example("flags2").args(args).arg("--folder").arg(&folder));
    let mut lines = lines_of(child.stdout.take().unwrap());
    assert!(lines.any(|line| line.ends_with(" OK")));
    interrupt(&child);
    let after: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let after = after.join("\n");
    let (_, report) = after.split_once("--------------------\n").expect(&after);
    let counted: usize = report
        .lines()
        .take_while(|line| !line.starts_with("Elapsed"))
        .map(|line| line[..3].trim().parse::<usize>().unwrap())
        .sum();
    assert_eq!(counted, 194, "{report}");
    assert!(report.contains(" not begun."), "{report}");
    assert!(
        files_in(&folder).iter().all(|file| file.len() == "BR.gif".len()),
        "no partial file is left"
    );
    assert_pictures(&folder);
}

/// Whoever ends a short program finds nothing half-written, and is told what there is.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_short_program_with_a_line() {
    let folder = folder("interrupted-flags");
    let mut child = start(example("flags").arg("--folder").arg(&folder));
    // Its server is ready, and so is whoever listens for the interrupt.
    let mut stderr = lines_of(child.stderr.take().unwrap());
    assert!(stderr.any(|line| line.contains("DELAY site: ")));
    interrupt(&child);
    assert!(stderr.any(
        |line| line.starts_with("Interrupted: ") && line.ends_with(" flags are saved, whole.")
    ));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(files_in(&folder).iter().all(|file| file.len() == "BR.gif".len()));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let folder = folder("unread");
    for (program, args) in [
        ("flags", &["-s", "LOCAL"][..]),
        ("flags2", &["-v", "-a"]),
        ("flags2", &["-h"]),
        ("flag_server", &["-h"]),
    ] {
        let mut command = example(program);
        if !args.contains(&"-h") {
            command.arg("--folder").arg(&folder);
        }
        let mut child = start(command.args(args));
        drop(child.stdout.take());
        let stderr: Vec<String> = lines_of(child.stderr.take().unwrap()).collect();
        // What it had said before may have been read.
        assert!(matches!(child.wait().unwrap().code(), Some(0 | 1)), "{program}");
        assert!(!stderr.iter().any(|line| line.contains("panicked")), "{stderr:?}");
    }
}

/// How long the server lets a client that says nothing say nothing.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(5);

/// A running `flag_server`, and the address of its first site.
struct Serving {
    child: Option<Child>,
    lines: Box<dyn Iterator<Item = String>>,
    address: String,
}

impl Serving {
    fn start() -> Self {
        let mut child = start(example("flag_server").args(["--seconds", "30"]));
        let mut lines = lines_of(child.stdout.take().unwrap());
        let first_line = lines.next().unwrap();
        let url = first_line.split_whitespace().nth(1).unwrap();
        let address =
            url.strip_prefix("http://").unwrap().strip_suffix("/flags").unwrap().to_owned();
        Self { child: Some(child), lines: Box::new(lines), address }
    }

    /// What comes back for these bytes, if nothing more is said.
    fn answer(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(TIME_LIMIT)).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        text(&answer)
    }

    fn get(&self, path: &str) -> String {
        self.answer(format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n").as_bytes())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

#[test]
fn the_server_survives_whatever_arrives() {
    let server = Serving::start();
    // One that says nothing, and one that never finishes, hold up nobody.
    let silent = TcpStream::connect(&server.address).unwrap();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(b"GET /flags/br").unwrap();

    assert!(
        server
            .get("/flags/br/br.gif")
            .starts_with("HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\n")
    );
    for path in ["/flags/br/br.gif?width=480", "http://here/flags/br/br.gif"] {
        assert!(server.get(path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    assert!(
        server.answer(b"HEAD / HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"),
        "an answer to HEAD has no body"
    );
    for path in [
        "/flags/br/cn.gif",
        "/flags/BR/BR.gif",
        "/flags/xx/xx.gif",
        "/flags/../../etc/passwd",
        "/flags/br/../br/br.gif",
    ] {
        assert!(server.get(path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    assert!(
        server
            .answer(b"POST /flags/br/br.gif HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
            .starts_with("HTTP/1.1 405 ")
    );
    for garbage in [
        &b"\0\x01\x02\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /flags/br/br.gif HTTP/1.1\r\nbad header\r\n\r\n",
        &b"x".repeat(40_000),
    ] {
        assert!(
            server.answer(garbage).starts_with("HTTP/1.1 400 "),
            "{:?}",
            &garbage[..garbage.len().min(20)]
        );
    }
    assert!(server.answer(b"GET /flags/br").starts_with("HTTP/1.1 400 "));
    assert_eq!(server.answer(b""), "");
    assert!(server.get("/").contains(r#"<img src="/flags/br/br.gif""#));

    // The slow one may still have its flag.
    slow.write_all(b"/br.gif HTTP/1.1\r\n\r\n").unwrap();
    let mut status = String::new();
    BufReader::new(slow).read_line(&mut status).unwrap();
    assert_eq!(status, "HTTP/1.1 200 OK\r\n");
    drop(silent);
}

#[cfg(unix)]
#[test]
fn the_server_closes_when_it_is_asked_to() {
    let mut server = Serving::start();
    // With somebody still connected.
    let _silent = TcpStream::connect(&server.address).unwrap();
    let mut child = server.child.take().unwrap();
    let asked = Instant::now();
    interrupt(&child);
    assert_eq!(server.lines.by_ref().last().as_deref(), Some("Closed."));
    assert!(child.wait().unwrap().success());
    assert!(asked.elapsed() < PATIENCE, "it waits for nobody");
}
