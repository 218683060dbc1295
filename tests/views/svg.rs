//! The picture: that it is well-formed and harmless whatever it shows, and that what it says is so.
//!
//! What a browser makes of it is looked at in `tests/browser`.

use std::fmt::Write as _;

use glasspool::timeline::{Entry, Svg, Trace};
use glasspool::{Ending, EventKind};
use roxmltree::{Document, Node};

use crate::{made_up, traces};

const LOITER: &str = include_str!("traces/loiter.jsonl");
const HEAD_OF_LINE: &str = include_str!("traces/head-of-line.jsonl");
const ODD_NAMES: &str = include_str!("traces/odd.jsonl");
const NOTHING: &str =
    "{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}\n{\"events\":0,\"dropped\":0}\n";

/// More than one task, but no time.
const ONE_INSTANT: &str = r#"{"glasspool":"trace","version":1,"title":"one instant"}
{"thread":0,"name":"main"}
{"ns":5,"thread":0,"pool":0,"queue":1,"event":"submitted","task":0,"at":"a.rs:1:1"}
{"ns":5,"thread":0,"pool":0,"queue":2,"event":"submitted","task":1,"at":"a.rs:1:1"}
{"ns":5,"thread":0,"pool":0,"queue":3,"event":"submitted","task":2,"at":"a.rs:1:1"}
{"ns":5,"thread":0,"pool":0,"queue":4,"event":"submitted","task":3,"at":"a.rs:1:1"}
{"events":4,"dropped":0}
"#;

/// What may be in a picture. There is no script among them, nothing that refers to another file,
/// and no other language.
const ELEMENTS: [&str; 12] = [
    "svg", "title", "desc", "style", "defs", "pattern", "rect", "circle", "line", "path", "text",
    "g",
];

/// No file is larger, however long the run.
const LARGEST: usize = 1_500_000;

fn trace(file: &str) -> Trace {
    Trace::read(file.as_bytes()).unwrap()
}

fn traces() -> Vec<Trace> {
    let mut traces: Vec<Trace> =
        [LOITER, HEAD_OF_LINE, ODD_NAMES, NOTHING, ONE_INSTANT].map(trace).into();
    traces.extend([made_up::run(3, 1, 1), made_up::run(900, 8, 3), made_up::run(3000, 200, 30)]);
    traces
}

/// All that is written in it, but for what is said when the mouse is over something.
fn texts<'a>(picture: &'a Document<'_>) -> Vec<&'a str> {
    picture
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter_map(|node| node.text())
        .collect()
}

/// What is said when the mouse is over a bar of this class; `text` is not among the classes.
fn hovers<'a>(picture: &'a Document<'_>, class: &str) -> Vec<&'a str> {
    let is_of_class = |node: &Node<'_, '_>| {
        node.attribute("class")
            .is_some_and(|classes| classes.split(' ').any(|one| one.starts_with(class)))
    };
    let hits = picture.descendants().filter(|node| node.has_tag_name("g"));
    let hits = hits
        .filter(|hit| hit.children().any(|node| !node.has_tag_name("text") && is_of_class(&node)));
    hits.filter_map(|hit| hit.first_element_child()?.text()).collect()
}

#[test]
fn a_picture_is_well_formed_and_harmless() {
    for trace in traces() {
        let svg = Svg::of(&trace).to_string();
        let picture =
            Document::parse(&svg).unwrap_or_else(|error| panic!("{}: {error}", trace.title()));
        for node in picture.descendants().filter(Node::is_element) {
            let name = node.tag_name().name();
            assert!(ELEMENTS.contains(&name), "<{name}>");
            for attribute in node.attributes() {
                let (name, value) = (attribute.name(), attribute.value());
                assert!(
                    !name.starts_with("on") && name != "href" && name != "style",
                    "{name}=\"{value}\""
                );
                assert!(!value.contains("NaN") && !value.contains("inf"), "{name}=\"{value}\"");
            }
            if name == "style" {
                let style = node.text().unwrap();
                assert!(!style.contains("@import") && !style.contains("//"), "it reaches out");
                assert!(
                    style.split("url(").skip(1).all(|address| address.starts_with("#gp-")),
                    "it reaches out"
                );
            }
        }
        assert!(!svg.chars().any(|c| c.is_control() && c != '\n'), "control characters");
    }
}

#[test]
fn ids_are_there_once_and_classes_have_a_look() {
    for trace in traces() {
        let svg = Svg::of(&trace).to_string();
        let picture = Document::parse(&svg).unwrap();
        let mut ids: Vec<&str> =
            picture.descendants().filter_map(|node| node.attribute("id")).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        let style =
            picture.descendants().find(|node| node.has_tag_name("style")).unwrap().text().unwrap();
        for classes in picture.descendants().filter_map(|node| node.attribute("class")) {
            for class in classes.split(' ').filter(|&class| class != "glasspool") {
                assert!(
                    style.contains(&format!(".{class}{{")) || style.contains(&format!(".{class}:")),
                    "{class}"
                );
            }
        }
    }
}

#[test]
fn odd_names_are_data() {
    let svg = Svg::of(&trace(ODD_NAMES)).to_string();
    let picture = Document::parse(&svg).unwrap();
    let title = picture.root_element().first_element_child().unwrap().text().unwrap();
    assert_eq!(title, "odd <names> & \"things\"");
    let said = hovers(&picture, "task-").join("\n");
    for name in [
        "F0 <b>bold</b> & \"quotes\"",
        "F1 line␊break␉tab",
        "F3 ]]><script>alert(1)</script>",
        "emoji 🏁 旗 RTL \u{fffd}abc",
        "submitted at dir<x>/a\"b.rs:1:2",
    ] {
        assert!(said.contains(name), "{name} is not in {said}");
    }
    let names = texts(&picture);
    assert!(names.contains(&"<caller> & co"), "{names:?}");
    assert!(svg.contains("F6 ␀nul␛[31mred"));
}

#[test]
fn a_picture_says_what_the_figures_say() {
    for trace in traces() {
        let svg = Svg::of(&trace).to_string();
        let picture = Document::parse(&svg).unwrap();
        let texts = texts(&picture);
        for line in trace.figures().to_string().lines() {
            let how_much = line.split_once("  ").unwrap().1.trim();
            assert!(texts.contains(&how_much), "{how_much} is not in {texts:?}");
        }
        for what in trace.figures().what_if {
            let name = if what.workers == 1 {
                "1 worker".to_owned()
            } else {
                format!("{} workers", what.workers)
            };
            let place =
                texts.iter().position(|&text| text == name).unwrap_or_else(|| panic!("no {name}"));
            let is_enough =
                texts[place + 1..place + 3].iter().any(|text| text.starts_with("enough"));
            assert_eq!(is_enough, what.enough, "{name}");
        }
        if let Some((id, _)) = trace.figures().worst_queue_wait {
            let description = picture.descendants().find(|node| node.has_tag_name("desc")).unwrap();
            assert!(description.text().unwrap().contains(&format!("({id})")));
        }
    }
}

#[test]
fn each_span_says_what_it_is() {
    let trace = trace(LOITER);
    let svg = Svg::of(&trace).to_string();
    let picture = Document::parse(&svg).unwrap();
    let texts = texts(&picture);
    for text in [
        "blocked on F4  2.00 s",
        "F3 loiter[3]  3.00 s",
        "idle  2.00 s",
        "pending 1.00 s",
        "at most 5 pending",
    ] {
        assert!(texts.contains(&text), "{text} is not in {texts:?}");
    }
    assert!(texts.contains(&"submitted ×5") && texts.contains(&"closed: drain"));
    let blocked = hovers(&picture, "blocked");
    let on_the_third = "blocked on F3 loiter[3]\n1.00 s on main, from 2.00 s to 3.00 s\nuntil the end of F3 loiter[3]";
    assert!(blocked.contains(&on_the_third), "{blocked:?}");
    let running = hovers(&picture, "task-");
    let said = running.iter().find(|said| said.contains("from 1.00 s to 5.00 s")).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[..2],
        ["F4 loiter[4]", "running for 4.00 s on worker 1, from 1.00 s to 5.00 s"]
    );
    assert_eq!(lines[2..4], ["pending for 1.00 s", "worked for 4.00 s"]);
    assert_eq!(lines[4], "finished, ended as number 5");
    assert!(lines[5].starts_with("result read as number 5, "), "{}", lines[5]);
}

#[test]
fn failures_have_a_word() {
    let trace = trace(ODD_NAMES);
    let svg = Svg::of(&trace).to_string();
    let picture = Document::parse(&svg).unwrap();
    let texts = texts(&picture);
    for text in
        ["panicked", "cancelled", "refused", "cancelled F4", "refused F8", "waiting for room"]
    {
        assert!(texts.contains(&text), "{text} is not in {texts:?}");
    }
    assert!(
        texts.contains(&"The trace is incomplete: 7 events dropped: the recorder was full."),
        "{texts:?}"
    );
    let said = hovers(&picture, "open");
    assert!(said.iter().any(|said| said.contains("its end is not in the trace")), "{said:?}");
}

#[test]
fn results_that_the_first_holds_up_are_seen() {
    let trace = trace(HEAD_OF_LINE);
    let svg = Svg::of(&trace).to_string();
    let picture = Document::parse(&svg).unwrap();
    assert!(texts(&picture).contains(&"result not yet read 710 ms"), "{:?}", texts(&picture));
    let waits = hovers(&picture, "waits");
    assert_eq!(waits.len(), 5, "all but the first: {waits:?}");
    assert!(
        waits[0].contains(
            "finished, ended as number 1\nresult read as number 2, 710 ms later, by main"
        ),
        "{}",
        waits[0]
    );
}

#[test]
fn the_first_instant_is_seen_if_much_happens_there() {
    let is_zoomed = |trace: &Trace| Svg::of(trace).to_string().contains("The first ");
    assert!(is_zoomed(&trace(LOITER)));
    assert!(!is_zoomed(&trace(ODD_NAMES)));
    assert!(!is_zoomed(&trace(ONE_INSTANT)));
    assert!(!is_zoomed(&made_up::run(900, 8, 3)));
}

/// One of six submitted starts at once, and the others when it is done, or all but it: enough for a
/// picture only if two start.
#[test]
fn an_instant_in_which_hardly_anything_starts_is_not_seen() {
    let picture = |early: u64| {
        let mut file = traces::head("burst", 6);
        for task in 0..6 {
            let submit = "\"event\":\"submitted\",\"at\":\"a.rs:1:1\"";
            writeln!(
                file,
                "{{\"ns\":{task},\"thread\":0,\"pool\":0,\"queue\":0,\"task\":{task},{submit}}}"
            )
            .unwrap();
        }
        for (task, from) in (0..6).map(|task| (task, if task < early { 9 } else { 500_000 })) {
            for (ns, what) in
                [(from, "\"started\""), (999_999, "\"finished\",\"how\":\"returned\"")]
            {
                let thread = task + 1;
                let about = format!("\"thread\":{thread},\"pool\":0,\"queue\":0,\"task\":{task}");
                writeln!(file, "{{\"ns\":{ns},{about},\"event\":{what}}}").unwrap();
            }
        }
        Svg::of(&trace(&file)).to_string()
    };
    assert!(!picture(1).contains("The first "));
    let two = picture(2);
    assert!(two.contains("The first 10 ns, ×100\u{a0}000<"));
    assert!(two.contains(">4 others begin later<"));
    assert_eq!(two.matches(">worker 1</text>").count(), 2);
    assert_eq!(two.matches(">worker 2</text>").count(), 1);
}

#[test]
fn the_legend_has_what_the_picture_has() {
    let legend = |trace: &Trace| {
        let svg = Svg::of(trace).to_string();
        svg[svg.find(">Legend<").unwrap_or(svg.len())..].to_owned()
    };
    let (plain, odd) = (legend(&trace(LOITER)), legend(&trace(ODD_NAMES)));
    for word in ["running a task", "blocked, as its label says", "idle", "submitted", "pool closed"]
    {
        assert!(plain.contains(word), "{word}");
    }
    for word in [
        "in a callback",
        "a task that panicked",
        ">cancelled<",
        ">refused<",
        "cancelled or refused",
    ] {
        assert!(!plain.contains(word) && odd.contains(word), "{word}");
    }
    assert!(
        !plain.contains("many short tasks")
            && legend(&made_up::run(50_000, 8, 4)).contains("many short tasks")
    );
    assert!(legend(&trace(NOTHING)).is_empty());
}

#[test]
fn panics_among_many_tasks_are_seen() {
    let trace = made_up::run(50_000, 8, 4);
    let svg = Svg::of(&trace).to_string();
    let picture = Document::parse(&svg).unwrap();
    let panicked = |entry: &&Entry| entry.kind == EventKind::Finished(Ending::Panicked);
    let panics = trace.entries().iter().filter(panicked).count();
    let head = format!("50000 tasks: {} returned, {panics} panicked.", 50_000 - panics);
    assert!(texts(&picture).contains(&head.as_str()), "{head}");
    assert!(svg.matches("class=\"teeth\"").count() > 100);
    let told = hovers(&picture, "slice").into_iter().chain(hovers(&picture, "many"));
    let told = told.filter_map(|said| {
        said.lines().next()?.strip_suffix(" panicked")?.rsplit(' ').next()?.parse::<usize>().ok()
    });
    let told: usize = told.sum();
    assert!(told > panics / 2 && told <= panics, "{told} of {panics}");
}

/// Nine waits, each a ninth of the picture wide, which is less than their labels are.
#[test]
fn a_label_that_is_too_long_for_its_bar_has_two_lines() {
    let mut file = traces::head("nine parts", 1);
    for part in 0..9 {
        let on = ["\"room\"", "\"any-of\",\"of\":6"][part % 2];
        for (ns, what) in [
            (part * 1_000, format!("\"blocked\",\"on\":{on}")),
            (part * 1_000 + 1_000, "\"unblocked\"".to_owned()),
        ] {
            let which = "\"thread\":0,\"pool\":0,\"queue\":0";
            writeln!(file, "{{\"ns\":{ns},{which},\"event\":{what}}}").unwrap();
        }
    }
    let svg = Svg::of(&trace(&file)).to_string();
    let picture = Document::parse(&svg).unwrap();
    let texts = texts(&picture);
    for (line, count) in [("waiting for", 5), ("room", 5), ("any of 6", 4), ("futures", 4)] {
        let found = texts.iter().filter(|text| **text == line).count();
        assert_eq!(found, count, "{line}: {texts:?}");
    }
}

/// It waits for 3 ns and goes on without, and another waits for the last of some.
#[test]
fn a_wait_whose_time_is_up_says_so() {
    let mut file = traces::head("gave up", 1);
    traces::ran(&mut file, 1, 0, 0, 9);
    for (ns, what) in [
        (9, r#""blocked","task":1,"on":"task""#),
        (12, r#""unblocked""#),
        (12, r#""blocked","on":"any-of","of":1"#),
        (20, r#""unblocked""#),
    ] {
        writeln!(file, "{{\"ns\":{ns},\"thread\":0,\"pool\":0,\"queue\":0,\"event\":{what}}}")
            .unwrap();
    }
    let svg = Svg::of(&trace(&file)).to_string();
    let picture = Document::parse(&svg).unwrap();
    let texts = texts(&picture);
    assert!(
        texts.contains(&"F1") || texts.contains(&"blocked on F1, gave up after 3 ns"),
        "{texts:?}"
    );
    assert!(texts.contains(&"blocked on the last future  8 ns"), "{texts:?}");
    assert!(
        hovers(&picture, "blocked")
            .contains(&"blocked on F1\n3 ns on main, from 9 ns to 12 ns\ngave up after 3 ns")
    );
}

#[test]
fn percents_above_many_lanes_say_what_they_are_of() {
    let few = Svg::of(&made_up::run(900, 8, 3)).to_string();
    let many = Svg::of(&made_up::run(900, 20, 3)).to_string();
    for word in [">busy<", ">blocked<"] {
        assert_eq!((few.matches(word).count(), many.matches(word).count()), (0, 1), "{word}");
    }
}

#[test]
fn the_same_trace_gives_the_same_picture() {
    for trace in traces() {
        assert_eq!(Svg::of(&trace).to_string(), Svg::of(&trace.clone()).to_string());
    }
}

#[test]
fn a_long_run_is_drawn_together() {
    let trace = made_up::run(50_000, 8, 4);
    assert!(trace.entries().len() > 180_000);
    let svg = Svg::of(&trace).to_string();
    assert!(svg.len() < LARGEST, "{} bytes", svg.len());
    let picture = Document::parse(&svg).unwrap();
    let texts = texts(&picture);
    assert!(texts.iter().any(|text| text.starts_with("40 of 50000: ")), "{texts:?}");
    let drawn_together: Vec<usize> =
        texts.iter().filter_map(|text| text.strip_suffix(" tasks")?.parse().ok()).collect();
    assert!(drawn_together.iter().sum::<usize>() > 40_000, "{drawn_together:?}");
}

#[test]
fn many_threads_are_not_all_drawn() {
    let trace = made_up::run(20_000, 200, 30);
    let svg = Svg::of(&trace).to_string();
    assert!(svg.len() < LARGEST, "{} bytes", svg.len());
    let picture = Document::parse(&svg).unwrap();
    let texts = texts(&picture);
    assert!(
        texts.contains(&"182 more threads that worked and waited less are not drawn"),
        "{texts:?}"
    );
}
