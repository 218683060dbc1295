//! Running the examples as a user does: the real programs, each within a time limit.

#![allow(dead_code, reason = "each test file is a program of its own, and uses a part of this")]
#![allow(unreachable_pub, reason = "nothing outside can reach into a test")]

use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Far more than any run in the tests takes, so that a hang becomes a failure.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The program of this example, to be run.
pub fn example(name: &str) -> Command {
    Command::new(path_of(name))
}

pub fn path_of(name: &str) -> PathBuf {
    // target/debug/deps/test-… → target/debug/examples/name
    let mut program = std::env::current_exe().unwrap();
    program.pop();
    program.set_file_name("examples");
    program.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "no {}: a plain `cargo test` builds the examples", program.display());
    program
}

/// Runs it to its end, or fails the test.
pub fn run(command: &mut Command) -> Output {
    finish(start(command))
}

pub fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for its end, or fails the test.
pub fn finish(mut child: Child) -> Output {
    let stdout = read_all(child.stdout.take().unwrap());
    let stderr = read_all(child.stderr.take().unwrap());
    let ended =
        stdout.recv_timeout(TIME_LIMIT).and_then(|out| Ok((out, stderr.recv_timeout(TIME_LIMIT)?)));
    let Ok((stdout, stderr)) = ended else {
        child.kill().unwrap();
        panic!("a program did not end within {TIME_LIMIT:?}");
    };
    Output { status: child.wait().unwrap(), stdout, stderr }
}

/// The lines that come, each within the time limit.
pub fn lines_of(from: impl Read + Send + 'static) -> impl Iterator<Item = String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if tell.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    std::iter::from_fn(move || match told.recv_timeout(TIME_LIMIT) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("no line within {TIME_LIMIT:?}"),
    })
}

fn read_all(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || -> io::Result<()> {
        let mut all = Vec::new();
        from.read_to_end(&mut all)?;
        // If the time is up, nobody listens any more.
        let _ = tell.send(all);
        Ok(())
    });
    told
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
