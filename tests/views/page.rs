//! The page as a text: what is in it, and what can never be. What a browser makes of it is tested
//! in `tests/browser`.

use glasspool::timeline::{Page, Svg, Trace};

const LOITER: &str = include_str!("traces/loiter.jsonl");
const ODD: &str = include_str!("traces/odd.jsonl");

/// So many events a page plays at most.
const PLAYED: usize = 20_000;

fn read(file: &str) -> Trace {
    Trace::read(file.as_bytes()).unwrap()
}

fn page_of(file: &str) -> String {
    Page::of(&read(file)).to_string()
}

/// What is between the two, which are there once each.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    assert_eq!(page.matches(from).count(), 1, "{from}");
    let (_, rest) = page.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

fn data_of(page: &str) -> &str {
    between(page, "<script type=\"application/json\" id=\"data\">", "</script>")
}

/// The trace that is in the page.
fn embedded(page: &str) -> Trace {
    let lines = data_of(page).split_once("\"trace\":[\n").unwrap().1.strip_suffix("]}").unwrap();
    let lines: Vec<&str> =
        lines.lines().map(|line| line.strip_suffix(',').unwrap_or(line)).collect();
    read(&(lines.join("\n") + "\n"))
}

/// A run of so many tasks, one after the other.
fn long(tasks: usize) -> String {
    let mut file = String::from("{\"glasspool\":\"trace\",\"version\":1,\"title\":\"long\"}\n");
    file +=
        "{\"thread\":0,\"name\":\"main\"}\n{\"thread\":1,\"name\":\"w\",\"pool\":0,\"worker\":0}\n";
    for task in 0..tasks {
        let event = |ns: usize, thread: usize, event: &str, more: &str| {
            let ns = task * 1_000 + ns;
            format!(
                "{{\"ns\":{ns},\"thread\":{thread},\"pool\":0,\"queue\":0,\"event\":\"{event}\",\"task\":{task}{more}}}\n"
            )
        };
        file += &event(0, 0, "submitted", ",\"name\":\"one of many\",\"at\":\"src/main.rs:1:1\"");
        file += &event(100, 1, "started", "");
        file += &event(900, 1, "finished", ",\"how\":\"returned\"");
    }
    file + &format!("{{\"events\":{},\"dropped\":0}}\n", tasks * 3)
}

#[test]
fn a_page_has_the_trace() {
    assert_eq!(embedded(&page_of(LOITER)), read(LOITER));
    let (there, odd) = (embedded(&page_of(ODD)), read(ODD));
    assert_eq!(there.entries(), odd.entries());
    assert_eq!(there.threads(), odd.threads());
    assert_eq!((there.title(), there.dropped()), (odd.title(), odd.dropped()));
    for ((id, task), (_, original)) in there.tasks().zip(odd.tasks()) {
        let (name, whole) = (task.name.as_deref().unwrap(), original.name.as_deref().unwrap());
        assert!(whole.starts_with(name.trim_end_matches('…')), "{id}: {name:?}");
        assert!(name == whole || whole.chars().count() > 120, "{id}: {name:?}");
    }
}

#[test]
fn every_event_has_a_sentence_and_every_thread_a_lane() {
    for file in [LOITER, ODD] {
        let (page, trace) = (page_of(file), read(file));
        let sentences =
            between(data_of(&page), "\"sentences\":[\n", "],\n\"trace\"").lines().count();
        let lanes = between(data_of(&page), "\"lanes\":[\n", "],\n\"sentences").lines().count();
        assert_eq!((sentences, lanes), (trace.entries().len(), trace.threads().len()));
    }
}

#[test]
fn no_name_breaks_out_of_the_data() {
    let page = page_of(ODD);
    let data = data_of(&page);
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
    assert!(!data.contains(|c: char| c.is_control() && c != '\n'));
    assert!(data.contains("]]\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e"));
    let (before, after) = page.split_once(data).unwrap();
    assert!(!before.contains("alert(") && !after.contains("alert("));
}

#[test]
fn a_title_is_text() {
    let title =
        "</title></script><script>alert(1)</script><img src=x onerror='a'>\u{0}\u{202e}{{script}}";
    let page = Page::of(&read(LOITER).with_title(title)).to_string();
    let said = "&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;␀\u{fffd}{{script}}";
    assert_eq!(between(&page, "<title>", "</title>"), said);
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains("<img") && !page.contains('\0'));
}

#[test]
fn a_page_needs_no_other_file() {
    for file in [LOITER, ODD] {
        let page = page_of(file);
        assert_eq!(page.matches("<script").count(), 2, "the data and the script");
        assert_eq!(page.matches("</script>").count(), 2);
        assert_eq!(page.matches("<style>").count(), 1);
        for reference in
            "src= href= @import <link <iframe <object fetch( import( XMLHttpRequest WebSocket"
                .split(' ')
        {
            assert!(!page.contains(reference), "{reference}");
        }
        // The only address in it is the name of a namespace.
        for (at, _) in page.match_indices("://") {
            assert!(
                page[..at + 22].ends_with("http://www.w3.org/2000/svg"),
                "{}",
                &page[at - 10..at + 30]
            );
        }
        for (at, _) in page.match_indices("url(") {
            assert!(page[at..].starts_with("url(#"), "{}", &page[at..at + 30]);
        }
    }
}

#[test]
fn no_text_becomes_markup_in_the_script() {
    let ways = "innerHTML|outerHTML|insertAdjacentHTML|document.write|eval(|new Function|DOMParser";
    for way in ways.split('|') {
        assert!(!page_of(LOITER).contains(way), "{way}");
    }
}

#[test]
fn a_page_has_the_six_figures_without_a_script() {
    let page = page_of(LOITER);
    let figures = between(&page, "<dl id=\"figures\">", "</dl>");
    let written = read(LOITER).figures().to_string();
    assert_eq!(figures.matches("<dt>").count(), 6);
    for line in written.lines().take(6) {
        let (what, how_much) = line.split_once("  ").unwrap();
        let said = format!("<dt>{}</dt><dd>{}</dd>", what.trim(), how_much.trim());
        assert!(figures.contains(&said), "{said}");
    }
    assert!(page.contains("<noscript>"));
}

#[test]
fn a_page_says_that_events_are_missing() {
    assert!(!page_of(LOITER).contains("recording is incomplete"));
    assert!(
        page_of(ODD)
            .contains("The recording is incomplete: 7 events dropped: the recorder was full.")
    );
}

#[test]
fn the_same_trace_gives_the_same_page() {
    assert_eq!(page_of(ODD), page_of(ODD));
}

#[test]
fn a_long_run_is_cut_and_that_is_said() {
    let page = page_of(&long(10_000));
    assert_eq!(embedded(&page).entries().len(), PLAYED);
    assert!(
        page.contains("This page plays the first 20,000 of 30,000 events: 6.67 ms of 10.0 ms."),
        "{}",
        &page[..200]
    );
    let longer = page_of(&long(20_000));
    assert!(longer.len() < page.len() + 1_000, "it grows no more");
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert!(!page_of(&long(100)).contains("This page plays the first"));
}

#[test]
fn long_texts_are_cut() {
    let name = "long ".repeat(2_000);
    let file = LOITER
        .replace("\"name\":\"loiter\"", &format!("\"name\":\"{name}\""))
        .replace("\"name\":\"main\"", &format!("\"name\":\"{name}\""));
    let page = Page::of(&read(&file).with_title(name)).to_string();
    assert!(page.len() < page_of(LOITER).len() + 10_000);
}

#[test]
fn an_empty_trace_has_a_page() {
    let page = page_of(
        "{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}\n{\"events\":0,\"dropped\":0}\n",
    );
    assert!(page.contains("<title>A run without a title</title>"));
    assert_eq!(embedded(&page).entries().len(), 0);
}

#[test]
fn a_page_has_other_numbers_of_workers_without_a_script() {
    let page = page_of(LOITER);
    let table = between(&page, "<table id=\"what-if\">", "</table>");
    let figures = read(LOITER).figures();
    assert_eq!(table.matches("<tr").count(), figures.what_if.len());
    for said in ["1 worker</th>", "4 workers</th>", "enough</td>", "as it was</td>"] {
        assert!(table.contains(said), "{said}: {table}");
    }
    let nothing = page_of(
        "{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}\n{\"events\":0,\"dropped\":0}\n",
    );
    assert!(nothing.contains("There are no times"));
}

/// A reader of both takes a task of one colour for the same.
#[test]
fn tasks_have_the_colours_of_the_svg() {
    let (page, svg) = (page_of(LOITER), Svg::of(&read(LOITER)).to_string());
    let colours =
        svg.match_indices(".task-").map(|(at, _)| &svg[at..at + svg[at..].find('}').unwrap()]);
    let colours: Vec<&str> = colours.filter(|rule| rule.contains("{fill:")).collect();
    assert!(!colours.is_empty());
    for rule in &colours {
        let (class, colour) = rule.split_once("{fill:").unwrap();
        assert!(page.contains(&format!("--{}: {colour};", &class[1..])), "{rule}");
    }
    assert!(page.contains(&format!("const TASK_COLOURS = {};", colours.len())));
}
