//! The table of rows, `tests/ROWS.md`, names tests that exist; and no test has another's name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn files_in(folder: impl AsRef<Path>, extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|it| it == extension)).collect()
}

/// The tests of a source, by their names: functions, and the entries of a table that makes some.
fn tests_in(source: &str) -> Vec<String> {
    let (mut tests, mut in_table, mut is_test) = (Vec::new(), false, false);
    for line in source.lines() {
        in_table = line == "places! {" || in_table && line != "}";
        let entry = line.strip_prefix("    ").filter(|it| in_table && it.contains(") ="));
        let function = line.strip_prefix("fn ").filter(|_| is_test);
        if let Some(it) = entry.or(function) {
            let name = it.split('(').next().unwrap();
            if name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                tests.push(name.to_owned());
            }
        }
        is_test = line == "#[test]" || is_test && line.starts_with("#[");
    }
    tests
}

/// The tests of the suites, by file and name.
fn tests() -> Vec<(String, String)> {
    let files = ["tests/spec", "tests"].into_iter().flat_map(|folder| files_in(folder, "rs"));
    let tests = files.flat_map(|path| {
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let names = tests_in(&fs::read_to_string(&path).unwrap());
        names.into_iter().map(move |name| (file.clone(), name))
    });
    tests.collect()
}

/// Rows of the table: the id, and the names in backticks in the last column.
fn rows_in(table: &str) -> Vec<(&str, Vec<&str>)> {
    let is_id = |id: &str| id.len() == 6 && id.as_bytes()[3] == b'-';
    let cells = table.lines().map(|line| line.trim_matches('|').split('|').collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells.len() == 4 && is_id(cells[0].trim()));
    rows.map(|cells| (cells[0].trim(), cells[3].split('`').skip(1).step_by(2).collect())).collect()
}

#[test]
fn the_table_of_rows_names_tests_and_files_that_exist() {
    let names = tests().into_iter().flat_map(|(file, name)| [format!("{file}::{name}"), file]);
    let names: BTreeSet<_> = names.collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let exists = |it: &str| names.contains(it) || it.contains('/') && root.join(it).exists();
    let mut ids = BTreeSet::new();
    for path in files_in("tests", "md") {
        for (id, named) in rows_in(&fs::read_to_string(&path).unwrap()) {
            assert!(!named.is_empty(), "{id} names no test");
            let missing: Vec<_> = named.into_iter().filter(|it| !exists(it)).collect();
            assert!(missing.is_empty(), "{id} names what does not exist: {missing:?}");
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
        }
    }
    assert!(ids.len() > 100, "there is no table");
}

#[test]
fn the_name_of_a_test_belongs_to_one_test() {
    let mut files: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (file, name) in tests() {
        files.entry(name).or_default().push(file);
    }
    files.retain(|_, files| files.len() > 1);
    assert!(files.is_empty(), "names that stand more than once: {files:#?}");
}
