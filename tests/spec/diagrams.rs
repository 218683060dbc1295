//! The diagrams of `docs/diagrams.md` are those of the source.

use std::fs::read_to_string;

#[test]
fn every_diagram_of_the_page_stands_in_the_file_that_it_names() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let page = read_to_string(root.to_owned() + "docs/diagrams.md").unwrap();
    for section in page.split("\n## ").skip(1) {
        let file = section.split('`').nth(1).unwrap();
        let diagram = section.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
        let source = read_to_string(root.to_owned() + file).unwrap();
        let source = source.replace("//! ", "").replace("//!", "");
        assert!(source.contains(diagram), "{file} has another diagram than the page");
    }
    assert_eq!(page.matches("```text").count(), 6);
}
