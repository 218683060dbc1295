//! Runs tasks that wait for tasks of their own pool. Elsewhere they hang; here they end, or say why
//! they cannot.
//!
//! ```text
//! cargo run --example nested_wait
//! ```
//!
//! What to look for: under `RunInline`, one worker does whatever many do, and the cycles of waits
//! fail. Under `Block`, a waiting worker is blocked, so a pool that is too small gets an error. No
//! case has to be killed. The first two are the ones that Python's documentation warns against,
//! line by line.

#![allow(clippy::print_stdout, reason = "a program prints")]
#![allow(clippy::print_stderr, reason = "a program prints")]

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::Duration;

use glasspool::{
    Future, NestedWait, ReturnWhen, Submitter, TaskError, ThreadPoolExecutor, TimedOut,
    as_completed, wait,
};

const USAGE: &str = "\
Usage: nested_wait [--policy run-inline|block]

Runs tasks that wait for other tasks of their own pool, in the ways that hang elsewhere.

  --policy P   run-inline or block (default: both, one after the other)
  -h, --help   prints this help
";

/// Parses the options; `None` asks for help.
fn parse_options() -> Result<Option<Vec<NestedWait>>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut policies = vec![NestedWait::RunInline, NestedWait::Block];
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("policy") => {
                policies = vec![args.value()?.parse_with(|text| match text {
                    "run-inline" => Ok(NestedWait::RunInline),
                    "block" => Ok(NestedWait::Block),
                    _ => Err("it must be run-inline or block"),
                })?];
            }
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(policies))
}

/// One way to wait; it runs on a pool of its own.
struct Case {
    what: &'static str,
    workers: usize,
    run: fn(&ThreadPoolExecutor) -> String,
}

const CASES: [Case; 7] = [
    Case {
        what: "Python's first: two tasks that wait for each other",
        workers: 2,
        run: each_other,
    },
    Case { what: "Python's second: a task that waits for another", workers: 1, run: one_worker },
    Case { what: "fibonacci(16): each task waits for two others", workers: 1, run: fibonacci },
    Case { what: "a chain of 2000 tasks, each waiting for the next", workers: 1, run: chain },
    Case { what: "a task that waits for any of three", workers: 1, run: any_of_three },
    Case { what: "a task that waits for another, for a second at most", workers: 1, run: timed },
    Case { what: "a cycle through this pool and another", workers: 1, run: two_pools },
];

type Answer = Result<u64, TaskError>;
type Later = Arc<OnceLock<Future<Answer>>>;

/// Returns the task's result as a text, or the reason why its wait could not end.
fn told(answer: Answer) -> String {
    match answer {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Returns the future once it is set.
fn future_in(later: &Later) -> &Future<Answer> {
    loop {
        if let Some(future) = later.get() {
            return future;
        }
        sleep(Duration::from_millis(1));
    }
}

/// Waits for another task and passes its result on.
fn wait_on(other: &Later) -> Answer {
    sleep(Duration::from_millis(50)); // five seconds in Python: the other task must begin first
    future_in(other).result()?.clone()
}

fn each_other(pool: &ThreadPoolExecutor) -> String {
    let (a, b): (Later, Later) = Default::default();
    // a = executor.submit(wait_on_b)
    let theirs = Arc::clone(&b);
    let _ = a.set(pool.named("a").submit(move || wait_on(&theirs)));
    // b = executor.submit(wait_on_a)
    let theirs = Arc::clone(&a);
    let _ = b.set(pool.named("b").submit(move || wait_on(&theirs)));
    told(future_in(&a).result().cloned().and_then(|answer| answer))
}

fn one_worker(pool: &ThreadPoolExecutor) -> String {
    let executor = pool.submitter();
    // executor.submit(wait_on_future)
    let wait_on_future = pool.named("wait_on_future").submit(move || {
        // f = executor.submit(pow, 5, 2)
        let f = executor.named("pow").submit(|| 5_u64.pow(2));
        // print(f.result())
        f.into_result()
    });
    told(wait_on_future.into_result().and_then(|answer| answer))
}

fn fib(n: u64, pool: &Submitter) -> Answer {
    if n < 2 {
        return Ok(n);
    }
    let [one, two] = [n - 1, n - 2].map(|n| {
        let inner = pool.clone();
        pool.named(format!("fib({n})")).submit(move || fib(n, &inner))
    });
    Ok(one.into_result()?? + two.into_result()??)
}

fn fibonacci(pool: &ThreadPoolExecutor) -> String {
    let inner = pool.submitter();
    told(
        pool.named("fib(16)")
            .submit(move || fib(16, &inner))
            .into_result()
            .and_then(|answer| answer),
    )
}

fn link(left: u64, pool: &Submitter) -> Answer {
    if left == 0 {
        return Ok(0);
    }
    let inner = pool.clone();
    let next = pool.submit(move || link(left - 1, &inner));
    Ok(next.into_result()?? + 1)
}

fn chain(pool: &ThreadPoolExecutor) -> String {
    let inner = pool.submitter();
    told(pool.submit(move || link(2000, &inner)).into_result().and_then(|answer| answer))
}

fn any_of_three(pool: &ThreadPoolExecutor) -> String {
    let inner = pool.submitter();
    let waits = pool.named("waits").submit(move || {
        let three = [1, 2, 3].map(|n| inner.named(format!("number {n}")).submit(move || n));
        let first = as_completed(three).next();
        first.map_or(Ok(0_u64), Future::into_result)
    });
    // This wait cannot return an error, so it panics; the future has the text of the panic.
    told(waits.into_result().and_then(|answer| answer))
}

fn timed(pool: &ThreadPoolExecutor) -> String {
    let inner = pool.submitter();
    let waits = pool.submit(move || {
        let other = inner.submit(|| 7_u64);
        let in_time: Result<u64, TimedOut> =
            other.result_timeout(Duration::from_secs(1)).map(|answer| *answer.unwrap_or(&0));
        in_time
    });
    match waits.into_result() {
        Ok(Ok(value)) => value.to_string(),
        Ok(Err(timed_out)) => timed_out.to_string(),
        Err(error) => error.to_string(),
    }
}

fn two_pools(mine: &ThreadPoolExecutor) -> String {
    let Ok(yours) = ThreadPoolExecutor::new(1) else { return "no second pool".to_owned() };
    let (here, there): (Later, Later) = Default::default();
    let theirs = Arc::clone(&there);
    let _ = here.set(mine.named("here").submit(move || wait_on(&theirs)));
    let theirs = Arc::clone(&here);
    let _ = there.set(yours.named("there").submit(move || wait_on(&theirs)));
    let both = [&here, &there].map(future_in);
    wait(both, None, ReturnWhen::AllCompleted);
    told(future_in(&here).result().cloned().and_then(|answer| answer))
}

fn run(policies: &[NestedWait]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for case in &CASES {
        let workers = if case.workers == 1 { "one worker" } else { "two workers" };
        writeln!(out, "{}, on {workers}:", case.what)?;
        for &policy in policies {
            let builder =
                ThreadPoolExecutor::builder().max_workers(case.workers).nested_wait(policy);
            let pool = builder.build().expect("there is a worker");
            let answer = (case.run)(&pool);
            // Shows the cost of a wait for which the pool added spare workers.
            let added = pool.stats().added;
            let policy = format!("{policy:?}");
            writeln!(
                out,
                "  {policy:9} {answer}{}",
                if added > 0 { format!(" (workers added: {added})") } else { String::new() }
            )?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match parse_options() {
        Ok(None) => print!("{USAGE}"),
        Ok(Some(policies)) => {
            // A panic's text is in the task's future, so the panic hook need not print it.
            std::panic::set_hook(Box::new(|_| {}));
            if let Err(error) = run(&policies) {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    eprintln!("nested_wait: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
        Err(error) => {
            eprintln!("nested_wait: {error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
