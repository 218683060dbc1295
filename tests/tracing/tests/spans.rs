//! What a subscriber sees: each task a span, in the context of whoever submitted it.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};

use glasspool::{NestedWait, Shutdown, Spans, ThreadPoolExecutor, task};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// What has been said, a line each, and how each span ended.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>, Arc<AtomicBool>);

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn has(&self, line: &str) -> bool {
        self.lines().iter().any(|said| said == line)
    }
}

/// The fields that matter here.
#[derive(Clone, Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), "name" | "item" | "outcome" | "message") {
            write!(self.0, "{}={value:?} ", field.name()).unwrap();
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if self.1.swap(false, Relaxed) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() > tracing::Level::INFO {
            return;
        }

        let mut fields = Fields::default();
        event.record(&mut fields);
        let scope = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let path: String = scope.map(|span| format!("{}:", span.name())).collect();
        self.add(format!("{path} {}", fields.0.trim()));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let parent = span.parent().map_or("nothing", |parent| parent.name());
        let fields = span.extensions().get::<Fields>().unwrap().0.trim().to_owned();
        self.add(format!("{} in {parent} closed {fields}", span.name()));
    }
}

/// One subscriber for the whole process: the pools' threads have to see it. So everything here is
/// one test.
#[test]
fn a_task_is_a_span_in_the_context_of_its_submitter() {
    let log = Log::default();
    tracing::subscriber::set_global_default(Registry::default().with(log.clone())).unwrap();

    context_goes_with_the_task(&log);
    items_of_a_map_have_their_own(&log);
    every_end_is_an_outcome(&log);
    a_task_that_is_run_inside_another_is_left_first(&log);
    nothing_is_left_behind(&log);
    a_subscriber_that_panics_leaves_no_span_entered(&log);
}

fn pool(workers: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).observer(Spans::new()).build().unwrap()
}

fn context_goes_with_the_task(log: &Log) {
    let pool = pool(1);
    let future = info_span!("request").in_scope(|| pool.named("look up").submit(|| info!("found")));
    future.into_result().unwrap();
    pool.submit(|| info!("alone")).into_result().unwrap();
    drop(pool);
    assert!(log.has("request:task: message=found"), "{:#?}", log.lines());
    assert!(log.has("task: message=alone"), "{:#?}", log.lines());
    assert!(
        log.has("task in request closed name=\"look up\" outcome=\"returned\""),
        "{:#?}",
        log.lines()
    );
}

fn items_of_a_map_have_their_own(log: &Log) {
    let pool = pool(3);
    let results =
        info_span!("squares").in_scope(|| pool.named("square").map(0..3, |n| info!("{n}")));
    results.for_each(|result| result.unwrap());
    drop(pool);
    for n in 0..3 {
        assert!(log.has(&format!("squares:task: message={n}")), "{:#?}", log.lines());
        let closed =
            format!("task in squares closed name=\"square\" item={n} outcome=\"returned\"");
        assert!(log.has(&closed), "{:#?}", log.lines());
    }
}

fn every_end_is_an_outcome(log: &Log) {
    let one = pool(1);
    one.named("panics")
        .submit(|| std::panic::resume_unwind(Box::new("on purpose")))
        .result()
        .unwrap_err();
    let (open, gate) = mpsc::channel::<()>();
    let busy = one.submit(move || gate.recv().is_err());
    one.named("unwanted").submit(|| ()).cancel();
    drop(open);
    busy.into_result().unwrap();
    one.shutdown(Shutdown::Drain).unwrap();
    one.named("late").try_submit(|| ()).unwrap_err();

    let breaks = ThreadPoolExecutor::builder()
        .initializer(|| std::panic::resume_unwind(Box::new("on purpose")))
        .observer(Spans::new())
        .build()
        .unwrap();
    breaks.named("lost").submit(|| ()).result().unwrap_err();
    drop(breaks);
    for (name, outcome) in
        [("panics", "panicked"), ("unwanted", "cancelled"), ("late", "refused"), ("lost", "lost")]
    {
        let closed = format!("task in nothing closed name={name:?} outcome={outcome:?}");
        assert!(log.has(&closed), "{closed}: {:#?}", log.lines());
    }
}

fn a_task_that_is_run_inside_another_is_left_first(log: &Log) {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .nested_wait(NestedWait::RunInline)
        .observer(Spans::new())
        .build()
        .unwrap();
    let submitter = pool.submitter();
    let outer = pool.submit(move || {
        let inner = info_span!("asks").in_scope(|| submitter.submit(|| info!("inside")));
        inner.into_result().unwrap();
        info!("back");
    });
    outer.into_result().unwrap();
    drop(pool);
    assert!(log.has("task:asks:task: message=inside"), "{:#?}", log.lines());
    assert!(log.has("task: message=back"), "{:#?}", log.lines());
}

fn a_subscriber_that_panics_leaves_no_span_entered(log: &Log) {
    let pool = pool(1);
    let (open, gate) = mpsc::channel::<()>();
    let first = pool.named("first").submit(move || gate.recv().is_err());
    log.1.store(true, Relaxed);
    let second = pool.named("second").submit(|| info!("behind the panic"));
    drop(open);
    first.into_result().unwrap();
    second.into_result().unwrap();
    drop(pool);
    assert!(!log.1.load(Relaxed), "it has panicked");
    assert!(log.has(" message=behind the panic"), "in no span: {:#?}", log.lines());
}

fn nothing_is_left_behind(log: &Log) {
    let pool = pool(1);
    let (by_hand, future) = task(|| info!("by hand"));
    by_hand.run(); // no pool has it, so nobody sees it
    future.into_result().unwrap();
    pool.submit(|| ()).into_result().unwrap();
    let after = std::thread::spawn(|| info!("elsewhere"));
    after.join().unwrap();
    info!("here");
    drop(pool);
    for message in ["by hand", "elsewhere", "here"] {
        assert!(log.has(&format!(" message={message}")), "{:#?}", log.lines());
    }
}
