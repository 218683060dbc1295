//! Traces as files: what is written can be read and is the same; what is damaged is said to be,
//! with its line.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use glasspool::timeline::{ReadError, Recorder, Trace};
use glasspool::{EventKind, Shutdown};

use crate::support::limit;
use crate::told::observed_by;

/// A file with everything in it that there is, in the order in which it is written.
const FILE: &str = r#"{"glasspool":"trace","version":1,"title":"every \"thing\" <旗>\n"}
{"thread":0,"name":""}
{"thread":1,"name":"pool-7_0\u0000\u001b[31m","pool":7,"worker":0}
{"ns":0,"thread":1,"pool":7,"queue":0,"event":"worker-born"}
{"ns":1,"thread":0,"pool":7,"queue":1,"event":"submitted","task":3,"name":"BR","item":4294967295,"at":"src/main.rs:1:2"}
{"ns":2,"thread":0,"pool":7,"queue":2,"event":"submitted","task":4,"at":"\\\"\t"}
{"ns":3,"thread":0,"pool":7,"queue":1,"event":"refused","task":4}
{"ns":4,"thread":1,"pool":7,"queue":0,"event":"started","task":3}
{"ns":5,"thread":1,"pool":7,"queue":0,"event":"callback-began","task":3}
{"ns":6,"thread":1,"pool":7,"queue":0,"event":"callback-ended","task":3}
{"ns":7,"thread":1,"pool":7,"queue":0,"event":"finished","task":3,"how":"returned"}
{"ns":8,"thread":1,"pool":7,"queue":0,"event":"finished","task":5,"how":"panicked"}
{"ns":9,"thread":1,"pool":7,"queue":0,"event":"finished","task":6,"how":"lost"}
{"ns":10,"thread":0,"pool":7,"queue":0,"event":"collected","task":3}
{"ns":11,"thread":0,"pool":7,"queue":0,"event":"cancelled","task":7,"why":"by-caller"}
{"ns":12,"thread":0,"pool":7,"queue":0,"event":"cancelled","task":8,"why":"by-shutdown"}
{"ns":13,"thread":0,"pool":7,"queue":0,"event":"cancelled","task":9,"why":"task-dropped"}
{"ns":14,"thread":0,"pool":7,"queue":0,"event":"cancelled","task":10,"why":"pool-broke","because":"no\r\ndatabase"}
{"ns":15,"thread":0,"pool":7,"queue":0,"event":"cancelled","task":11,"why":"refused","because":""}
{"ns":16,"thread":0,"pool":7,"queue":0,"event":"blocked","task":3,"on":"task"}
{"ns":17,"thread":0,"pool":7,"queue":0,"event":"unblocked","by":3}
{"ns":18,"thread":0,"pool":7,"queue":0,"event":"blocked","on":"any-of","of":2}
{"ns":19,"thread":0,"pool":7,"queue":0,"event":"unblocked"}
{"ns":20,"thread":0,"pool":7,"queue":0,"event":"blocked","on":"room"}
{"ns":21,"thread":0,"pool":7,"queue":0,"event":"blocked","on":"shutdown"}
{"ns":22,"thread":0,"pool":7,"queue":0,"event":"closed","how":"drain"}
{"ns":23,"thread":0,"pool":7,"queue":0,"event":"closed","how":"when-idle"}
{"ns":24,"thread":0,"pool":7,"queue":0,"event":"closed","how":"cancel-pending"}
{"ns":25,"thread":0,"pool":7,"queue":0,"event":"closed","how":"stop"}
{"ns":26,"thread":1,"pool":7,"queue":0,"event":"worker-idle"}
{"ns":18446744073709551615,"thread":1,"pool":7,"queue":0,"event":"worker-gone"}
{"events":28,"dropped":5}
"#;

fn read(text: impl AsRef<[u8]>) -> Result<Trace, ReadError> {
    Trace::read(text.as_ref())
}

fn written(trace: &Trace) -> String {
    let mut file = Vec::new();
    trace.write(&mut file).unwrap();
    String::from_utf8(file).unwrap()
}

/// It is one line, and says which.
#[track_caller]
fn assert_it_is_clear(error: &ReadError) {
    let text = error.to_string();
    assert!(text.starts_with(&format!("line {}: ", error.line())), "{text}");
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// The sample, with this line instead of that one, counted from 1.
fn with_line(number: usize, instead: &str) -> String {
    let lines = FILE.lines().enumerate();
    lines
        .map(|(at, line)| if at + 1 == number { instead } else { line }.to_owned() + "\n")
        .collect()
}

#[test]
fn a_trace_that_is_read_and_written_again_has_the_same_bytes() {
    let trace = read(FILE).unwrap();
    assert_eq!(trace.entries().len(), 28);
    assert_eq!((trace.dropped(), trace.breaks_off()), (5, false));
    assert_eq!(trace.title(), "every \"thing\" <旗>\n");
    assert_eq!(trace.threads()[1].name, "pool-7_0\u{0}\u{1b}[31m");
    assert_eq!(trace.threads()[1].worker.unwrap().to_string(), "worker 0 of pool-7");
    assert_eq!(trace.tasks().len(), 2);
    assert_eq!(written(&trace), FILE);
}

#[test]
fn a_recording_is_the_same_when_it_is_read_back() {
    let _limit = limit();
    let recorder = Arc::new(Recorder::with_capacity(300));
    let pool = observed_by(Arc::clone(&recorder)).max_workers(2).queue_capacity(50);
    let pool = pool.thread_name_prefix("\"pool\"\n<旗>").build().unwrap();
    for name in [
        "",
        "\"",
        "\\",
        "\n\r\t\u{0}\u{7f}\u{85}\u{2028}\u{2029}",
        "🏁\u{202e}\u{feff}",
        "</script>",
    ] {
        let future = pool.named(name).submit(|| panic!("boom"));
        assert!(future.result_timeout(Duration::from_secs(9)).unwrap().is_err());
        assert_eq!(pool.named(name).map(0..3, |n| n).count(), 3);
    }
    drop(pool.named("x".repeat(10_000)).submit(|| ()));
    pool.shutdown(Shutdown::Stop).unwrap();
    let trace = recorder.trace().with_title("a\u{0}b\n\"c\" 🏁");
    let file = written(&trace);
    assert_eq!(read(&file).unwrap(), trace);
    assert_eq!(written(&read(&file).unwrap()), file);
    assert_eq!(file.lines().count(), 2 + trace.threads().len() + trace.entries().len());
    assert_eq!(read(written(&Recorder::default().trace())).unwrap(), Recorder::default().trace());
}

#[test]
fn every_character_comes_back() {
    let all: String = ('\0'..=char::MAX).collect();
    let trace = Recorder::default().trace().with_title(all);
    let file = written(&trace);
    assert!(!file.trim_end().lines().any(|line| line.contains(char::is_control)));
    assert_eq!(file.lines().count(), 2);
    assert_eq!(read(&file).unwrap(), trace);
}

#[test]
fn a_file_that_breaks_off_anywhere_is_read_up_to_there() {
    let (whole, head) = (read(FILE).unwrap(), FILE.find('\n').unwrap());
    for cut in 0..FILE.len() {
        let part = read(&FILE.as_bytes()[..cut]);
        if cut < head {
            let error = part.unwrap_err();
            assert_eq!(error.line(), 1, "{cut}");
            assert_it_is_clear(&error);
            continue;
        }
        let part = part.unwrap_or_else(|error| panic!("{cut}: {error}"));
        assert_eq!(part.breaks_off(), cut < FILE.len() - 1, "{cut}");
        assert_eq!(part.entries(), &whole.entries()[..part.entries().len()]);
        let complete = FILE[..cut.min(FILE.len() - 1)].matches("\"}\n").count();
        assert!(part.entries().len() + part.threads().len() + 3 >= complete, "{cut}");
        let again = written(&part);
        assert_eq!(read(again).unwrap(), part, "{cut}");
    }
}

#[test]
fn a_wrong_byte_is_no_reason_to_panic() {
    let mut bytes = FILE.as_bytes().to_vec();
    for at in 0..bytes.len() {
        let line = FILE.as_bytes()[..at].split(|&byte| byte == b'\n').count();
        for change in [0x01, 0x02, 0x08, 0x10, 0x20, 0x80, 0xff] {
            bytes[at] ^= change;
            match read(&bytes) {
                Ok(trace) => assert_eq!(read(written(&trace)).unwrap(), trace),
                Err(error) => {
                    assert!(error.line() >= line, "{at}: {error}");
                    assert_it_is_clear(&error);
                }
            }
            bytes[at] ^= change;
        }
    }
}

#[test]
fn lines_in_any_order_are_no_reason_to_panic() {
    let mut lines: Vec<&str> = FILE.lines().collect();
    let mut random = 1_u64;
    for _ in 0..3000 {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b) = ((random >> 33) as usize % lines.len(), (random >> 48) as usize % lines.len());
        lines.swap(a, b);
        match read(lines.join("\n")) {
            Ok(trace) => assert_eq!(read(written(&trace)).unwrap(), trace),
            Err(error) => assert_it_is_clear(&error),
        }
    }
}

#[test]
fn a_missing_or_doubled_line_is_missed() {
    let lines: Vec<&str> = FILE.lines().collect();
    for at in 0..lines.len() - 1 {
        let mut fewer = lines.clone();
        fewer.remove(at);
        let error = read(fewer.join("\n") + "\n").unwrap_err();
        assert_it_is_clear(&error);
        let mut more = lines.clone();
        more.insert(at, lines[at]);
        let error = read(more.join("\n") + "\n").unwrap_err();
        assert_it_is_clear(&error);
    }
    assert!(read(lines[..lines.len() - 1].join("\n") + "\n").unwrap().breaks_off());
}

#[test]
fn lines_behind_the_end_are_refused() {
    let event = FILE.lines().nth(3).unwrap();
    for behind in [event.to_owned(), FILE.lines().last().unwrap().to_owned()] {
        let error =
            read(format!("{FILE}{behind}\n")).map(|trace| trace.entries().len()).unwrap_err();
        assert_eq!(error.line(), 33);
    }
}

/// The number of a line, what is said of it, and the line, with `@` and `%` for where it is from.
const MISTAKES: &str = r#"
1 | version 2 | {"glasspool":"trace","version":2}
1 | version 18446744073709551615 | {"glasspool":"trace","version":18446744073709551615}
1 | "version" is not a number | {"glasspool":"trace","version":"1"}
1 | there is no "version" | {"glasspool":"trace"}
1 | this is no trace | {"glasspool":"pool","version":1}
1 | this is no trace | BOM{"glasspool":"trace","version":1}
1 | this is no trace | EMPTY
2 | thread 1 comes where thread 0 should | {"thread":1,"name":""}
2 | there is no "name" | {"thread":0}
3 | a worker has a number and a pool | {"thread":1,"name":"","pool":1}
4 | thread 9 has not been named | {"ns":0,"thread":9,"pool":7,"queue":0,"event":"worker-born"}
4 | "event" is unknown: "fried" | {"ns":0,@,"event":"fried"}
4 | "event" is not a string | {"ns":0,@,"event":7}
4 | a second "ns" | {"ns":0,"ns":0,@,"event":"worker-born"}
4 | there is no "ns" | {@,"event":"worker-born"}
4 | column 7: expected | {"ns":-1,@,"event":"worker-born"}
4 | expected `}` | {"ns":1.5,@,"event":"worker-born"}
4 | the number is too large | {"ns":18446744073709551616,"thread":1}
4 | there is no "thread" | {"ns":0,"pool":7,"queue":0,"event":"worker-born"}
8 | there is no "task" | {"ns":4,@,"event":"started"}
11 | there is no "how" | {"ns":7,@,"event":"finished","task":3}
11 | "how" | {"ns":7,@,"event":"finished","task":3,"how":"drain"}
15 | "why" | {"ns":7,%,"event":"cancelled","task":3,"why":"x"}
20 | there is no "task" | {"ns":7,%,"event":"blocked","on":"task"}
20 | there is no "of" | {"ns":7,%,"event":"blocked","on":"any-of"}
20 | "on" is unknown | {"ns":7,%,"event":"blocked","on":"x"}
32 | there should be 27 events, and there are 28 | {"events":27,"dropped":5}
32 | there is no "dropped" | {"events":28}
5 | column 1: expected `{` | []
5 | neither a thread, nor an event, nor the end | {}
5 | expected the end of the string | {"title":"x"#;

#[test]
fn each_mistake_is_told_with_its_line() {
    for mistake in MISTAKES.trim_start().lines() {
        let [line, complaint, instead] = *mistake.splitn(3, " | ").collect::<Vec<_>>() else {
            panic!("{mistake}")
        };
        let instead = instead
            .replace('@', r#""thread":1,"pool":7,"queue":0"#)
            .replace('%', r#""thread":0,"pool":7,"queue":0"#)
            .replace("BOM", "\u{feff}")
            .replace("EMPTY", "");
        let line = line.parse().unwrap();
        let error = read(with_line(line, &instead)).map(|_| instead).unwrap_err();
        assert_eq!(error.line(), line, "{error}");
        assert!(error.to_string().contains(complaint), "{error}");
        assert_it_is_clear(&error);
        assert!(error.source().is_none());
    }
}

#[test]
fn a_complaint_is_one_line() {
    let twice = r#"{"a\nb\u001b[2J":1,"a\nb\u001b[2J":2}"#;
    assert_it_is_clear(&read(with_line(4, twice)).unwrap_err());
}

#[test]
fn a_file_that_is_no_trace_is_said_to_be_none() {
    let utf16: Vec<u8> = FILE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in
        [b"".as_slice(), b"\n", b"\0\0\0\0", &[0xff; 5000], &[0x89, b'P', b'N', b'G'], &utf16]
    {
        let error = read(bytes).unwrap_err();
        assert_eq!(error.line(), 1);
        assert_it_is_clear(&error);
    }
    let mut not_utf8 = FILE.as_bytes().to_vec();
    not_utf8[FILE.find("BR").unwrap()] = 0xc0;
    assert_eq!(read(not_utf8).unwrap_err().to_string(), "line 5: it is not UTF-8");
}

#[test]
fn changes_that_other_tools_make_to_a_file_do_not_matter() {
    let whole = read(FILE).unwrap();
    assert_eq!(read(FILE.replace('\n', "\r\n")).unwrap(), whole);
    assert_eq!(read(FILE.replace('\n', "\n\n \t\n")).unwrap(), whole);
    assert_eq!(
        read(FILE.replace("\"event\"", " \"new\" : \"field\" ,\t\"event\" ")).unwrap(),
        whole
    );
    assert_eq!(read(FILE.trim_end()).unwrap(), whole);
}

#[test]
fn the_events_of_one_thread_stay_in_their_order() {
    let event = |event: &str, task: u32| {
        format!(
            "{{\"ns\":7,\"thread\":0,\"pool\":0,\"queue\":0,\"event\":\"{event}\",\"task\":{task}"
        )
    };
    let file = format!(
        "{{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}}\n{{\"thread\":0,\"name\":\"\"}}\n{},\"how\":\"returned\"}}\n{}}}\n",
        event("finished", 1),
        event("started", 2)
    );
    let trace = read(file).unwrap();
    assert_eq!(trace.entries()[1].kind, EventKind::Started, "{:?}", trace.entries());
}

/// Gives so many bytes, and then fails.
struct FailsAfter<'a>(&'a [u8]);

impl Read for FailsAfter<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            Err(io::Error::other("the disk is on fire"))
        } else {
            self.0.read(into)
        }
    }
}

#[test]
fn a_reader_or_writer_that_fails_is_passed_on() {
    let head = FILE.find("{\"ns\":1,").unwrap();
    let failing: &mut dyn BufRead = &mut BufReader::new(FailsAfter(&FILE.as_bytes()[..head + 5]));
    let error = Trace::read(failing).unwrap_err();
    assert_eq!(error.to_string(), "line 5: the disk is on fire");
    assert!(error.source().is_some());
    let mut no_room = [0_u8; 100];
    assert!(read(FILE).unwrap().write(no_room.as_mut_slice()).is_err());
}
