//! Someone who reads the page in a browser: what they press, and what they see.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use glasspool::timeline::{Page, Trace};
use glasspool_browser::{Browser, Scheme, View};
use headless_chrome::browser::tab::point::Point;
use headless_chrome::protocol::cdp::Emulation;
use headless_chrome::protocol::cdp::types::Event;
use serde_json::Value;

use crate::model::Shown;

pub const LOITER: &str = include_str!("../../../views/traces/loiter.jsonl");
pub const ODD: &str = include_str!("../../../views/traces/odd.jsonl");
pub const NOTHING: &str =
    "{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}\n{\"events\":0,\"dropped\":0}\n";
/// Everything in no time at all.
pub const INSTANT: &str = "{\"glasspool\":\"trace\",\"version\":1,\"title\":\"one instant\"}
{\"thread\":0,\"name\":\"main\"}
{\"ns\":5,\"thread\":0,\"pool\":0,\"queue\":1,\"event\":\"submitted\",\"task\":0,\"at\":\"a.rs:1:1\"}
{\"ns\":5,\"thread\":0,\"pool\":0,\"queue\":0,\"event\":\"started\",\"task\":0}
{\"ns\":5,\"thread\":0,\"pool\":0,\"queue\":0,\"event\":\"finished\",\"task\":0,\"how\":\"returned\"}
{\"events\":3,\"dropped\":0}
";

/// Looks at what is there as a reader would: `faults()`, `focused()`, `shown()`.
const EYES: &str = include_str!("eyes.js");
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Reader {
    pub trace: Trace,
    view: View,
    /// It is kept for as long as the view is.
    _browser: Rc<Browser>,
}

impl Reader {
    pub fn open(name: &str, file: &str) -> Self {
        Self::open_in(&Rc::new(Browser::start()), name, file, 1200, Scheme::Light)
    }

    pub fn open_in(
        browser: &Rc<Browser>,
        name: &str,
        file: &str,
        width: u32,
        scheme: Scheme,
    ) -> Self {
        let trace = Trace::read(file.as_bytes()).expect("it is a trace");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{width}-{scheme:?}-{:?}.html", std::thread::current().id()));
        fs::write(&path, Page::of(&trace).to_string()).expect("it can be written");
        let view = browser.open(&path, width, scheme);
        let reader = Self { trace, view, _browser: Rc::clone(browser) };
        reader.ask(&format!("(() => {{ {EYES} }})()"));
        reader
    }

    pub fn ask(&self, script: &str) -> Value {
        self.view.ask(&format!("({script}) ?? null"))
    }

    pub fn press(&self, key: &str) {
        self.view.tab().press_key(key).expect("the key is pressed");
    }

    pub fn slide_to(&self, part: u64) {
        self.ask(&format!("slideTo({part})"));
    }

    pub fn click_picture(&self, part: f64) {
        let plot = self.ask("plotBox()");
        let [x, y, width] = ["x", "y", "width"].map(|side| plot[side].as_f64().unwrap());
        self.view
            .tab()
            .click_point(Point { x: x + width * part, y: y + 20.0 })
            .expect("it is clicked");
    }

    /// How many events have happened.
    pub fn event(&self) -> usize {
        let event = self.ask(
            "document.getElementById('where').textContent.match(/event ([0-9,]+) of/)[1].replaceAll(',', '')",
        );
        event.as_str().unwrap().parse().unwrap()
    }

    /// How much of the picture is left of the cursor.
    pub fn part(&self) -> f64 {
        self.ask("document.getElementById('slider').value / 10000").as_f64().unwrap()
    }

    pub fn shown(&self) -> Shown {
        let shown = self.ask("shown()");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pairs = |value: &Value| value.as_object().unwrap().clone().into_iter();
        let words = |sum: &Value| {
            text(sum)
                .split(" · ")
                .filter(|part| !part.is_empty())
                .map(|part| part.replace(',', ""))
                .collect()
        };
        Shown {
            sums: pairs(&shown["sums"]).map(|(id, sum)| (id, words(&sum))).collect(),
            futures: pairs(&shown["futures"]).map(|(id, state)| (id, text(&state))).collect(),
            queue: shown["queue"].as_array().unwrap().iter().map(text).collect(),
        }
    }

    /// Every word of the page, and where the cursor is.
    pub fn everything(&self) -> Value {
        self.ask("[document.body.innerText, document.getElementById('cursor').style.transform]")
    }

    pub fn wait_for(&self, script: &str) {
        let begin = Instant::now();
        while self.ask(script) != true {
            assert!(begin.elapsed() < PATIENCE, "not after {PATIENCE:?}: {script}");
            sleep(Duration::from_millis(50));
        }
    }

    /// What the browser has to say against the page.
    pub fn complaints_after_a_reload(&self) -> Vec<String> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let tab = self.view.tab();
        let hear = move |event: &Event| {
            let complaint = match event {
                Event::LogEntryAdded(entry) => format!("{entry:?}"),
                Event::RuntimeExceptionThrown(thrown) => format!("{thrown:?}"),
                Event::RuntimeConsoleAPICalled(called) => format!("{called:?}"),
                _ => return,
            };
            ear.lock().unwrap().push(complaint);
        };
        tab.add_event_listener(Arc::new(hear)).unwrap();
        tab.enable_log().and_then(|tab| tab.enable_runtime()).unwrap();
        tab.reload(true, None).and_then(|tab| tab.wait_until_navigated()).unwrap();
        self.wait_for("document.getElementById('player')?.hidden === false");
        std::mem::take(&mut *heard.lock().unwrap())
    }

    pub fn without_scripts(&self) {
        let tab = self.view.tab();
        tab.call_method(Emulation::SetScriptExecutionDisabled { value: true }).unwrap();
        tab.reload(true, None).and_then(|tab| tab.wait_until_navigated()).unwrap();
        self.wait_for("document.getElementById('figures')?.children.length === 6");
    }
}

/// A run of so many tasks on four workers, some of which panic or are cancelled.
pub fn many(tasks: u64) -> String {
    let mut file =
        "{\"glasspool\":\"trace\",\"version\":1,\"title\":\"many\"}\n{\"thread\":0,\"name\":\"main\"}\n"
            .to_owned();
    for worker in 0..4 {
        let thread = worker + 1;
        writeln!(
            file,
            "{{\"thread\":{thread},\"name\":\"w{worker}\",\"pool\":0,\"worker\":{worker}}}"
        )
        .unwrap();
    }
    let (mut events, mut free) = (Vec::new(), [0_u64; 4]);
    for task in 0..tasks {
        let submitted = task * 200 + task % 7 * 31;
        let mut tell = |ns: u64, thread: usize, event: &str, more: &str| {
            events.push((ns, format!("{{\"ns\":{ns},\"thread\":{thread},\"pool\":0,\"queue\":0,\"event\":\"{event}\",\"task\":{task}{more}}}\n")));
        };
        tell(submitted, 0, "submitted", ",\"name\":\"job\",\"at\":\"src/job.rs:1:1\"");
        if task % 13 == 5 {
            tell(submitted + 50, 0, "cancelled", ",\"why\":\"by-caller\"");
            continue;
        }
        let worker = (0..4).min_by_key(|&worker| free[worker]).unwrap();
        let started = free[worker].max(submitted + 10);
        free[worker] = started + 300 + task * 7_919 % 1_000;
        tell(started, worker + 1, "started", "");
        let how = if task % 11 == 3 { "panicked" } else { "returned" };
        tell(free[worker], worker + 1, "finished", &format!(",\"how\":\"{how}\""));
        free[worker] += 1;
    }
    events.sort();
    events.iter().for_each(|(_, line)| file += line);
    file + &format!("{{\"events\":{},\"dropped\":0}}\n", events.len())
}
