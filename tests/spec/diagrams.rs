//! The diagrams of `docs/diagrams.md` are those of the source.

use std::fs;
use std::path::Path;

#[test]
fn every_diagram_of_the_page_stands_in_the_file_that_it_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/diagrams.md")).unwrap();
    let mut diagrams = 0;
    for section in page.split("\n## ").skip(1) {
        let file = section.split(['`', '`']).nth(1).unwrap();
        let diagram = section.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
        let source = fs::read_to_string(root.join(file)).unwrap();
        let header = source.lines().filter_map(|line| line.strip_prefix("//!"));
        let header: String =
            header.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect();
        assert!(header.contains(diagram), "{file} has another diagram than the page");
        diagrams += 1;
    }
    assert_eq!(diagrams, 6);
}
