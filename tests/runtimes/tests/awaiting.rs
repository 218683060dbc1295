//! The same program under each runtime: tasks of a pool are awaited by value and by reference, from
//! tasks of the runtime, with a timeout, and beside each other.

use std::sync::mpsc;
use std::time::Duration;

use glasspool::{TaskError, ThreadPoolExecutor};

/// A pool, and a task of it that ends when the sender is dropped.
fn pool_and_held_task() -> (ThreadPoolExecutor, mpsc::Sender<()>, glasspool::Future<&'static str>) {
    let pool = ThreadPoolExecutor::new(2).unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let held = pool.submit(move || {
        let _ = gate.recv();
        "value"
    });
    (pool, open, held)
}

/// What does not depend on the runtime.
async fn futures_are_awaited(pool: &ThreadPoolExecutor) {
    let future = pool.submit(|| vec![1, 2, 3]);
    assert_eq!((&future).await.unwrap().len(), 3);
    assert_eq!(future.await.unwrap(), [1, 2, 3]);
    let panics = pool.submit(|| -> u8 { panic!("boom") });
    assert!(matches!(panics.await, Err(TaskError::Panicked(panic)) if panic.message() == "boom"));
    let mut total = 0;
    for n in 0..1000_u64 {
        total += pool.submit(move || n).await.unwrap();
    }
    assert_eq!(total, 499_500);
}

#[test]
fn under_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (pool, open, held) = pool_and_held_task();
        futures_are_awaited(&pool).await;
        assert!(tokio::time::timeout(Duration::from_millis(5), &held).await.is_err());
        let elsewhere = tokio::spawn(held.into_future());
        drop(open);
        assert_eq!(elsewhere.await.unwrap().unwrap(), "value");
        let (one, two) =
            tokio::join!(pool.submit(|| 1).into_future(), pool.submit(|| 2).into_future());
        assert_eq!(one.unwrap() + two.unwrap(), 3);
    });
}

#[test]
fn under_smol() {
    smol::block_on(async {
        let (pool, open, held) = pool_and_held_task();
        futures_are_awaited(&pool).await;
        let given_up = smol::future::or(async { (&held).await.is_ok() }, async {
            smol::Timer::after(Duration::from_millis(5)).await;
            false
        });
        assert!(!given_up.await);
        let elsewhere = smol::spawn(held.into_future());
        drop(open);
        assert_eq!(elsewhere.await.unwrap(), "value");
        let both =
            smol::future::zip(pool.submit(|| 1).into_future(), pool.submit(|| 2).into_future());
        let (one, two) = both.await;
        assert_eq!(one.unwrap() + two.unwrap(), 3);
    });
}
