//! What does not panic works as ever with `panic = "abort"`, and what does ends the process
//! (`PAN-14`).

use std::env;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use glasspool::{
    Executor, Inline, Refusal, ReturnWhen, Shutdown, ThreadPoolExecutor, as_completed, scope, wait,
};

const PANICS: &str = "panics";

fn main() {
    const { assert!(cfg!(panic = "abort"), "this is for a build that does not unwind") };
    if env::args().nth(1).as_deref() == Some(PANICS) {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let _ = pool.submit(|| panic!("the end")).result();
        unreachable!("the process has ended");
    }
    a_pool_does_all_it_does();
    a_scope_does_too();
    a_panic_ends_the_process();
    println!("with panic = \"abort\", all is well");
}

fn a_pool_does_all_it_does() {
    let (tell, told) = mpsc::channel();
    let tell_of_exit = tell.clone();
    let pool = ThreadPoolExecutor::builder()
        .max_workers(2)
        .queue_capacity(1)
        .initializer(move || tell.send("begins").unwrap())
        .exit_hook(move || tell_of_exit.send("leaves").unwrap())
        .build()
        .unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let held = pool.submit(move || gate.recv().is_err());
    let asked = pool.submit_stoppable(|stop| stop.wait_timeout(Duration::MAX));
    assert!(held.running() && asked.running());
    let pending = pool.submit(|| ());
    assert!(matches!(pool.try_submit(|| ()).unwrap_err().why(), Refusal::Full));
    assert!(pending.cancel() && asked.request_stop());
    assert!(asked.into_result().unwrap());
    drop(open);
    assert!(held.into_result().unwrap());

    let futures: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
    assert_eq!(wait(&futures, None, ReturnWhen::AllCompleted).done.len(), 100);
    assert_eq!(
        as_completed(futures).map(|future| future.into_result().unwrap()).sum::<i32>(),
        4950
    );
    assert!(pool.map(0..100, |n| n * 2).map(Result::unwrap).eq((0..100).map(|n| n * 2)));

    assert!(pool.shutdown_timeout(Shutdown::Drain, Duration::from_secs(60)).unwrap().is_complete());
    drop(pool);
    assert_eq!(told.iter().filter(|what| *what == "begins").count(), 2);
    let inline: &dyn Executor = &Inline;
    assert_eq!(inline.submit(|| 1).into_result().unwrap(), 1);
}

fn a_scope_does_too() {
    let words = ["to", "be"];
    let lengths: usize =
        scope(2, |s| s.map(&words, |word| word.len()).map(Result::unwrap).sum()).unwrap();
    assert_eq!(lengths, 4);
}

fn a_panic_ends_the_process() {
    let mut child = Command::new(env::current_exe().unwrap());
    let status = child.arg(PANICS).stderr(Stdio::null()).status().unwrap();
    assert!(
        !status.success() && status.code() != Some(101),
        "it was aborted, and did not exit: {status}"
    );
}
