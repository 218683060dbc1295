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

/// The tests of the suites, as `file::name`.
fn tests() -> Vec<(String, String)> {
    let files = ["tests/spec", "tests"].into_iter().flat_map(|folder| files_in(folder, "rs"));
    let tests = files.flat_map(|path| {
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let names = tests_in(&fs::read_to_string(&path).unwrap());
        names.into_iter().map(move |name| (file.clone(), name))
    });
    tests.collect()
}

/// Rows of the tables: the id, and what is named in backticks in the last column.
fn rows() -> Vec<(String, Vec<String>)> {
    let tables = files_in("tests", "md").into_iter().map(|path| fs::read_to_string(path).unwrap());
    let lines: Vec<String> =
        tables.flat_map(|it| it.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let cells = lines.iter().map(|line| line.trim_matches('|').split('|').collect::<Vec<_>>());
    let is_id = |id: &str| id.len() == 6 && id.as_bytes()[3] == b'-';
    let rows = cells.filter(|cells| cells.len() >= 4 && is_id(cells[0].trim()));
    rows.map(|cells| {
        let named = cells.last().unwrap().split('`').skip(1).step_by(2).map(str::to_owned);
        (cells[0].trim().to_owned(), named.collect())
    })
    .collect()
}

#[test]
fn the_table_of_rows_names_tests_and_files_that_exist() {
    let tests: BTreeSet<_> =
        tests().into_iter().map(|(file, name)| format!("{file}::{name}")).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let exists = |it: &String| tests.contains(it) || it.contains('/') && root.join(it).exists();
    let rows = rows();
    assert!(!rows.is_empty(), "there is no table");
    let missing: Vec<_> = rows
        .iter()
        .flat_map(|(id, named)| named.iter().map(move |it| (id, it)))
        .filter(|(_, it)| !exists(it))
        .collect();
    assert!(missing.is_empty(), "the table names what does not exist: {missing:#?}");
    let mut ids: Vec<_> = rows.iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    let twice: Vec<_> = ids.windows(2).filter(|two| two[0] == two[1]).collect();
    assert!(twice.is_empty(), "the table has rows twice: {twice:?}");
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
