//! A browser without a window, for the tests: it opens files of ours, and is asked what it has made
//! of them.
//!
//! It has a profile of its own, that is empty, and knows no network but this machine. Whatever goes
//! wrong panics: it is for tests. What is asked is in `tests/`, a file for each view.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headless_chrome::protocol::cdp::{Emulation, Page};
use headless_chrome::{LaunchOptions, Tab};
use serde_json::Value;

/// How browsers are called, where they are on the PATH.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Nothing that would reach out, or ask.
const ARGUMENTS: [&str; 6] = [
    "--no-first-run",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--hide-scrollbars",
];

/// For an answer of the browser. The pictures of a million events are large, and the machine may be
/// slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// Of the window. What is below is scrolled to.
const HEIGHT: u32 = 800;

/// A running browser. It ends when this is dropped.
pub struct Browser(headless_chrome::Browser);

/// What the reader's system says that it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Browser {
    /// # Panics
    ///
    /// If there is none, or it does not start.
    pub fn start() -> Self {
        let options = LaunchOptions {
            path: Some(path()),
            sandbox: false,
            idle_browser_timeout: PATIENCE,
            args: ARGUMENTS.iter().map(OsStr::new).collect(),
            ..LaunchOptions::default()
        };
        Self(headless_chrome::Browser::new(options).expect("the browser starts"))
    }

    /// Opens a file in a new tab of this width, in pixels.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub fn open(&self, file: &Path, width: u32, scheme: Scheme) -> View {
        let tab = self.0.new_tab().expect("a tab");
        tab.set_default_timeout(PATIENCE);
        let view = View(tab);
        view.resize(width);
        view.prefer(scheme);
        let file = file.canonicalize().expect("the file is there");
        let address = format!("file://{}", file.display());
        view.0
            .navigate_to(&address)
            .and_then(|tab| tab.wait_until_navigated())
            .expect("it is opened");
        view
    }
}

/// A file in a tab. The tab is closed when this is dropped.
pub struct View(Arc<Tab>);

impl View {
    /// # Panics
    ///
    /// If the browser refuses.
    pub fn resize(&self, width: u32) {
        self.set_size(width, HEIGHT);
    }

    fn set_size(&self, width: u32, height: u32) {
        let size = Emulation::SetDeviceMetricsOverride {
            width,
            height,
            device_scale_factor: 1.0,
            mobile: false,
            scale: None,
            screen_width: None,
            screen_height: None,
            position_x: None,
            position_y: None,
            dont_set_visible_size: None,
            screen_orientation: None,
            viewport: None,
            display_feature: None,
            device_posture: None,
        };
        self.0.call_method(size).expect("it takes a size");
    }

    /// # Panics
    ///
    /// If the browser refuses.
    pub fn prefer(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" }.to_owned();
        let feature = Emulation::MediaFeature { name: "prefers-color-scheme".to_owned(), value };
        self.0
            .call_method(Emulation::SetEmulatedMedia { media: None, features: Some(vec![feature]) })
            .expect("it takes a scheme");
    }

    /// What this script comes to, which must be data; a promise is awaited.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn ask(&self, script: &str) -> Value {
        let as_text = format!("(async () => JSON.stringify(await ({script})))()");
        let answer = self.0.evaluate(&as_text, true).expect("the script runs");
        match answer.value {
            Some(Value::String(json)) => serde_json::from_str(&json).expect("it answers in JSON"),
            _ => panic!("no answer to {script}: {answer:?}"),
        }
    }

    /// All of it as a PNG, for a person to look at.
    ///
    /// # Panics
    ///
    /// If it cannot be made, or written.
    pub fn save_picture(&self, to: &Path) {
        let number = |script| self.ask(script).as_f64().expect("a number");
        let width = number("innerWidth") as u32;
        let height =
            number("document.documentElement.getBoundingClientRect().height").ceil() as u32;
        // What is not in the window is not drawn.
        self.set_size(width, height.max(HEIGHT));
        let format = Page::CaptureScreenshotFormatOption::Png;
        let png = self.0.capture_screenshot(format, None, None, true).expect("a picture");
        self.set_size(width, HEIGHT);
        std::fs::write(to, png).expect("it is written");
    }

    /// The tab itself, for keys and clicks.
    pub fn tab(&self) -> &Tab {
        &self.0
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // The browser may be gone already.
        let _ = self.0.close(false);
    }
}

fn path() -> PathBuf {
    if let Some(chosen) = env::var_os("CHROME") {
        return chosen.into();
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&folders).collect();
    let candidates =
        NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .expect("a Chromium or Chrome on the PATH, or in $CHROME")
}
