//! What a browser makes of the picture: no two texts overlap, none leaves its place or is too
//! faint, on a phone and on a wide screen, in light and in dark rooms.
//!
//! `PICTURES=<folder> cargo test --manifest-path tests/browser/Cargo.toml` leaves pictures there,
//! for a person to look at.

#[path = "../../views/made_up.rs"]
mod made_up;

use std::fs::File;
use std::path::{Path, PathBuf};

use glasspool::timeline::{Svg, Trace};
use glasspool_browser::{Browser, Scheme};
use serde_json::Value;

const WIDTHS: [u32; 2] = [400, 1200];

/// By the Web Content Accessibility Guidelines, for text.
const LEAST_CONTRAST: f64 = 4.5;

fn samples() -> Vec<(String, Trace)> {
    let kept = ["loiter", "head-of-line", "odd"].map(|name| {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../views/traces/{name}.jsonl"));
        (name.to_owned(), Trace::read(std::io::BufReader::new(File::open(file).unwrap())).unwrap())
    });
    let made_up = [(3, 1, 1), (900, 8, 3), (9000, 200, 30), (50_000, 8, 4)];
    let made_up = made_up.map(|(tasks, workers, callers)| {
        (format!("{tasks}-tasks"), made_up::run(tasks, workers, callers))
    });
    kept.into_iter().chain(made_up).collect()
}

/// A page that shows the picture as wide as the window.
fn page_with(name: &str, svg: &str, body: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("svg-{name}.html"));
    std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
    let style = "body{margin:0}svg,img{display:block;width:100%;height:auto}";
    std::fs::write(
        &file,
        format!("<!DOCTYPE html><meta charset=utf-8><style>{style}</style>{body}"),
    )
    .unwrap();
    file
}

/// Of each text: what it says, its box, how it is called in the style sheet, and how it stands out
/// from what is behind it.
///
/// What is behind it is the last shape before it whose box holds its middle, and that is filled
/// with a colour; patterns have plates.
const TEXTS: &str = r#"(() => {
    const svg = document.querySelector('svg'), frame = svg.getBoundingClientRect();
    const channels = colour => colour.match(/[\d.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = channels(colour).map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
        const [a, b] = [luminance(one), luminance(other)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const shapes = [], texts = [];
    for (const node of svg.querySelectorAll('rect,path,circle,text')) {
        if (node.closest('defs')) continue;
        const box = node.getBoundingClientRect(), style = getComputedStyle(node);
        if (node.tagName !== 'text') {
            if (style.fill !== 'none' && style.fillOpacity !== '0') shapes.push([box, style.fill]);
            continue;
        }
        const x = box.x + box.width / 2, y = box.y + box.height / 2;
        const behind = shapes.findLast(([box]) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom);
        const scale = frame.width / svg.viewBox.baseVal.width;
        texts.push({
            says: node.textContent,
            class: node.getAttribute('class'),
            left: box.left - frame.left, right: box.right - frame.left, top: box.top - frame.top, bottom: box.bottom - frame.top,
            width: frame.width, height: frame.height, scale,
            behind: behind[1],
            contrast: behind[1].startsWith('rgb') ? contrast(style.fill, behind[1]) : 0,
        });
    }
    return texts;
})()"#;

fn number(text: &Value, name: &str) -> f64 {
    text[name].as_f64().unwrap_or_else(|| panic!("{name} of {text}"))
}

/// Half a pixel of the picture is nobody's.
fn overlap(one: &Value, other: &Value) -> bool {
    let slack = 0.5 * number(one, "scale");
    let apart = |low: &str, high: &str| {
        number(one, high) - slack <= number(other, low)
            || number(other, high) - slack <= number(one, low)
    };
    !apart("left", "right") && !apart("top", "bottom")
}

#[test]
fn texts_have_their_place_and_stand_out() {
    let browser = Browser::start();
    let mut wrong = Vec::new();
    for (name, trace) in samples() {
        let svg = Svg::of(&trace).to_string();
        let page = page_with(&name, &svg, &svg);
        let view = browser.open(&page, WIDTHS[0], Scheme::Light);
        for (width, scheme) in
            WIDTHS.iter().flat_map(|&width| [(width, Scheme::Light), (width, Scheme::Dark)])
        {
            view.resize(width);
            view.prefer(scheme);
            let case = format!("{name} {width} {scheme:?}");
            let answer = view.ask(TEXTS);
            let texts = answer.as_array().unwrap();
            assert!(texts.len() > 20, "{case}: there are texts");
            for (place, text) in texts.iter().enumerate() {
                let is_within = number(text, "left") >= 0.0
                    && number(text, "right") <= number(text, "width")
                    && number(text, "top") >= 0.0
                    && number(text, "bottom") <= number(text, "height");
                if !is_within {
                    wrong.push(format!("{case}: leaves the picture: {text}"));
                }
                if number(text, "contrast") < LEAST_CONTRAST {
                    wrong.push(format!("{case}: too faint: {text}"));
                }
                for other in &texts[place + 1..] {
                    if overlap(text, other) {
                        wrong.push(format!("{case}: {text} overlaps {other}"));
                    }
                }
            }
            if let Some(folder) = std::env::var_os("PICTURES") {
                view.save_picture(
                    &Path::new(&folder).join(format!("{name}-{width}-{scheme:?}.png")),
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

/// Of each text that is on a bar: whether it sticks out of it.
const ON_BARS: &str = r#"[...document.querySelectorAll('.hit')].filter(hit => {
    const bar = hit.querySelector(':scope>.bar'), text = hit.querySelector(':scope>.on-task,:scope>.blocked-text,:scope>.callback-text');
    if (!bar || !text) return false;
    const [outer, inner] = [...hit.querySelectorAll(':scope>.bar')].map(bar => bar.getBoundingClientRect()).reduce(
        ([outer], box) => [{
            left: Math.min(outer.left, box.left), right: Math.max(outer.right, box.right),
            top: Math.min(outer.top, box.top), bottom: Math.max(outer.bottom, box.bottom),
        }], [bar.getBoundingClientRect()]).concat([text.getBoundingClientRect()]);
    return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
}).map(hit => hit.textContent)"#;

#[test]
fn what_is_on_a_bar_stays_there_and_each_bar_says_more() {
    let browser = Browser::start();
    for (name, trace) in samples() {
        let svg = Svg::of(&trace).to_string();
        let page = page_with(&format!("{name}-bars"), &svg, &svg);
        let view = browser.open(&page, WIDTHS[1], Scheme::Light);
        assert_eq!(view.ask(ON_BARS), serde_json::json!([]), "{name}");
        let silent = "[...document.querySelectorAll('.hit')].filter(hit => !hit.querySelector(':scope>title')?.textContent).length";
        assert_eq!(view.ask(silent), 0, "{name}");
        let bars = "document.querySelectorAll('.hit>.bar').length";
        assert!(view.ask(bars).as_u64() > Some(2), "{name}");
    }
}

#[test]
fn it_is_shown_as_an_image() {
    let browser = Browser::start();
    for (name, trace) in samples() {
        let name = format!("{name}-image");
        let page =
            page_with(&name, &Svg::of(&trace).to_string(), &format!("<img src=\"{name}.svg\">"));
        let view = browser.open(&page, WIDTHS[1], Scheme::Light);
        let size =
            view.ask("document.images[0].decode().then(() => document.images[0].naturalWidth)");
        assert_eq!(size, 1000, "{name}");
    }
}

#[test]
fn a_bar_is_lit_up_when_the_mouse_is_over_it() {
    let browser = Browser::start();
    let (name, trace) = samples().swap_remove(0);
    let svg = Svg::of(&trace).to_string();
    let view =
        browser.open(&page_with(&format!("{name}-hover"), &svg, &svg), WIDTHS[1], Scheme::Light);
    let width = "getComputedStyle(document.querySelector('.hit>.blocked')).strokeWidth";
    assert_eq!(view.ask(width), "1px");
    let place = view.ask("(({x, y, height}) => [x + 9, y + height / 2])(document.querySelector('.hit>.blocked').getBoundingClientRect())");
    let point = headless_chrome::browser::tab::point::Point {
        x: place[0].as_f64().unwrap(),
        y: place[1].as_f64().unwrap(),
    };
    view.tab().move_mouse_to_point(point).unwrap();
    assert_eq!(view.ask(width), "2.5px");
}
