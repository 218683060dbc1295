//! The replay page in a browser: whether what it shows is what the trace says, and whether it can
//! be used and read.

mod model;
mod reader;

use std::rc::Rc;
use std::thread::sleep;
use std::time::Duration;

use glasspool_browser::{Browser, Scheme};

use crate::model::Model;
use crate::reader::{LOITER, ODD, Reader, many};

#[test]
fn every_step_shows_what_the_trace_says() {
    for (name, file) in [("loiter", LOITER.to_owned()), ("odd", ODD.to_owned()), ("many", many(30))]
    {
        let reader = Reader::open(name, &file);
        let mut model = Model::default();
        assert_eq!(reader.shown(), model.shown(), "{name}: before all");
        for (place, entry) in reader.trace.entries().iter().enumerate() {
            reader.press("ArrowRight");
            model.take(entry, &reader.trace);
            assert_eq!(
                reader.shown(),
                model.shown(),
                "{name}: after event {}, {entry:?}",
                place + 1
            );
        }
        assert_eq!(reader.event(), reader.trace.entries().len());
    }
}

#[test]
fn a_step_back_shows_what_was_so_before() {
    for (name, file) in [("loiter", LOITER), ("odd", ODD)] {
        let reader = Reader::open(name, file);
        let mut on_the_way = vec![reader.everything()];
        for _ in reader.trace.entries() {
            reader.press("ArrowRight");
            on_the_way.push(reader.everything());
        }
        while let Some(shown) = on_the_way.pop() {
            assert_eq!(reader.everything(), shown, "{name}: after {} events", on_the_way.len());
            reader.press("ArrowLeft");
        }
        assert_eq!(reader.event(), 0, "there is nothing before the first");
    }
}

#[test]
fn home_and_end_are_the_first_and_the_last() {
    let reader = Reader::open("loiter", LOITER);
    reader.press("End");
    assert_eq!(reader.event(), 40);
    let states = reader.shown().futures;
    assert!(states.len() == 5 && states.values().all(|state| state == "finished"), "{states:?}");
    reader.press("ArrowRight");
    assert_eq!(reader.event(), 40);
    reader.press("Home");
    assert_eq!((reader.event(), reader.shown()), (0, Model::default().shown()));
}

#[test]
fn a_long_run_shows_the_same_numbers_at_any_moment() {
    let reader = Reader::open("long", &many(9_000));
    let played = &reader.trace.entries()[..20_000];
    let length = played[19_999].at - played[0].at;
    for part in [9_000_u64, 1_000, 5_000, 0, 10_000, 3_333] {
        let until = played[0].at + length * part / 10_000;
        let happened = played.iter().take_while(|entry| entry.at <= until);
        let mut model = Model::default();
        happened.for_each(|entry| model.take(entry, &reader.trace));
        reader.slide_to(part);
        assert_eq!(reader.shown().sums, model.shown().sums, "at {part} of 10000");
    }
}

#[test]
fn it_plays_and_pauses() {
    let reader = Reader::open("loiter", LOITER);
    reader.press(" ");
    sleep(Duration::from_secs(1));
    reader.press(" ");
    let there = reader.part();
    // The whole takes ten seconds; the machine may be slow.
    assert!((0.02..0.6).contains(&there), "{there}");
    sleep(Duration::from_millis(300));
    assert_eq!(reader.part(), there, "it stands still");
    reader.ask("choose('speed', 100)");
    reader.press(" ");
    reader.wait_for("document.getElementById('play').textContent === 'Play'");
    assert_eq!((reader.part(), reader.event()), (1.0, 40), "it has played to its end");
}

#[test]
fn a_click_into_the_picture_jumps_there() {
    let reader = Reader::open("loiter", LOITER);
    // After each of these parts of five seconds, nothing happens for a while.
    for (part, event) in [(0.5, 25), (0.9, 30), (0.1, 15)] {
        reader.click_picture(part);
        assert_eq!(reader.event(), event);
        assert!((reader.part() - part).abs() < 0.01, "{}", reader.part());
    }
    reader.ask("choose('scale', 'event')");
    reader.click_picture(0.5);
    assert_eq!(reader.event(), 20);
}

#[test]
fn everything_is_reached_by_tab_and_seen_to_be() {
    let reader = Reader::open("loiter", LOITER);
    let mut reached = Vec::new();
    for _ in 0..12 {
        reader.press("Tab");
        let focused = reader.ask("focused()");
        if let Some(id) = focused["id"].as_str().filter(|id| !id.is_empty()) {
            assert_eq!(focused["visible"], true, "{id}");
            reached.push(id.to_owned());
        }
    }
    for id in ["start", "back", "play", "step", "end", "speed", "scale", "lanes", "slider"] {
        assert!(reached.iter().any(|one| one == id), "{id} is not among {reached:?}");
    }
    // A key that a focused element has uses of its own for is left to it.
    reader.ask("document.getElementById('step').focus()");
    reader.press(" ");
    assert_eq!(
        (reader.event(), reader.ask("document.getElementById('play').textContent").as_str()),
        (1, Some("Play"))
    );
    reader.ask("document.getElementById('slider').focus()");
    reader.press("ArrowRight");
    assert_eq!(reader.event(), 2);
}

#[test]
fn sentences_are_read_out_but_not_while_it_plays() {
    let reader = Reader::open("loiter", LOITER);
    let live = || reader.ask("document.getElementById('sentence').getAttribute('aria-live')");
    assert_eq!(live(), "polite");
    reader.press(" ");
    assert_eq!(live(), "off");
    reader.press("ArrowLeft");
    assert_eq!(live(), "polite");
}

#[test]
fn it_can_be_read_at_any_width_and_in_both_schemes() {
    let browser = Rc::new(Browser::start());
    for (name, file) in
        [("loiter", LOITER.to_owned()), ("odd", ODD.to_owned()), ("many", many(200))]
    {
        for scheme in [Scheme::Light, Scheme::Dark] {
            for width in [360, 800, 1600] {
                let reader = Reader::open_in(&browser, name, &file, width, scheme);
                for part in [0, 4_000, 10_000] {
                    reader.slide_to(part);
                    let faults = reader.ask("faults()");
                    assert!(
                        faults.as_array().unwrap().is_empty(),
                        "{name}, {width}, {scheme:?}, {part}: {faults:#}"
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_above_the_panels_moves_and_no_sentence_is_lost() {
    let browser = Rc::new(Browser::start());
    for (name, file) in [("loiter", LOITER), ("odd", ODD)] {
        for width in [360, 1280] {
            let reader = Reader::open_in(&browser, name, file, width, Scheme::Light);
            // Times have the same digits in the same places.
            let still = || {
                reader.ask(
                    "[document.getElementById('panels').getBoundingClientRect().top + scrollY, \
                     document.getElementById('where').textContent.split(',')[0].replace(/^[0-9]+/, '').replace(/[0-9]/g, '0')]",
                )
            };
            let at_first = still();
            for entry in reader.trace.entries() {
                reader.press("ArrowRight");
                assert_eq!(still(), at_first, "{name}, {width}: {entry:?}");
                let whole = reader.ask(
                    "document.querySelector('#before .text').textContent === document.getElementById('sentence').textContent",
                );
                assert_eq!(whole, true, "{name}, {width}: {entry:?}");
            }
        }
    }
}

#[test]
fn it_complains_of_nothing() {
    for (name, file) in [
        ("loiter", LOITER),
        ("odd", ODD),
        ("nothing", reader::NOTHING),
        ("instant", reader::INSTANT),
    ] {
        let reader = Reader::open(name, file);
        let complaints = reader.complaints_after_a_reload();
        assert!(complaints.is_empty(), "{name}: {complaints:?}");
        reader.press("ArrowRight");
        reader.press("End");
        assert_eq!(reader.event(), reader.trace.entries().len(), "{name}");
    }
}

#[test]
fn names_are_text() {
    let reader = Reader::open("odd", ODD);
    reader.press("End");
    assert_eq!(reader.ask("document.querySelectorAll('script').length"), 2);
    assert_eq!(reader.ask("document.querySelectorAll('b').length"), 0);
    let said = reader.ask("document.body.innerText");
    let said = said.as_str().unwrap();
    for name in [
        "<b>bold</b> & \"quotes\"",
        "line␊break␉tab",
        "]]><script>alert(1)</script>",
        "␀nul␛[31mred",
    ] {
        assert!(said.contains(name), "{name}");
    }
    assert!(!said.contains(['\u{202e}', '\0', '\u{1b}']));
}

#[test]
fn without_a_script_it_says_so() {
    let reader = Reader::open("loiter", LOITER);
    reader.without_scripts();
    let said = reader.ask("document.body.innerText");
    let said = said.as_str().unwrap();
    assert!(said.contains("needs JavaScript") && said.contains("callers were blocked"), "{said}");
    assert!(!said.contains("Play") && !said.contains("Futures"), "{said}");
}
