//! What a browser makes of the picture.

use std::path::Path;

use glasspool_browser::{Browser, Scheme};

#[test]
fn it_is_there() {
    let browser = Browser::start();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first.html");
    std::fs::write(&file, "<!DOCTYPE html><p style='color:blue'>hello").unwrap();
    let view = browser.open(&file, 400, Scheme::Dark);
    assert_eq!(view.ask("innerWidth"), 400);
    assert_eq!(view.ask("matchMedia('(prefers-color-scheme: dark)').matches"), true);
    view.prefer(Scheme::Light);
    assert_eq!(view.ask("matchMedia('(prefers-color-scheme: dark)').matches"), false);
    view.save_picture(&file.with_extension("png"));
}
