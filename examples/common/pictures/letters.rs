//! The letters A to Z, each a few strokes of a pen.

use super::shape::{Point, smooth};

/// The strokes of each letter, separated by blanks. A stroke is a list of points, each a column `0`
/// to `8` and a row `0` to `c`; letters stand on row `c`. After `~`, corners are rounded.
const STROKES: [&str; 26] = [
    "0c408c 2868",
    "000c ~00707606 ~06868c0c",
    "~8380000c8c89",
    "000c ~00808c0c",
    "80000c8c 0666",
    "80000c 0666",
    "~8380000c8c86 8656",
    "000c 808c 0686",
    "404c 2060 2c6c",
    "~707c0c08",
    "000c 8007 358c",
    "000c8c",
    "0c0048808c",
    "0c008c80",
    "~00808c0c00",
    "000c ~00808707",
    "~00808c0c00 598c",
    "000c ~00808707 478c",
    "~83800006868c0c09",
    "0080 404c",
    "~000c8c80",
    "004c80",
    "001c437c80",
    "008c 800c",
    "004680 464c",
    "00800c8c",
];

/// Advance from letter to letter, as a share of their height.
pub(super) const ADVANCE: f64 = 1.08;

/// Returns the paths of a text's strokes. Letters have the height 1, begin at `(0, 0)` and stand on
/// `y = 1`.
pub(super) fn strokes(text: &str) -> Vec<Vec<Point>> {
    let letters = text.bytes().enumerate().filter(|(_, letter)| letter.is_ascii_uppercase());
    letters
        .flat_map(|(place, letter)| {
            let left = place as f64 * ADVANCE;
            STROKES[usize::from(letter - b'A')].split(' ').map(move |stroke| path(stroke, left))
        })
        .collect()
}

fn path(stroke: &str, left: f64) -> Vec<Point> {
    let points = stroke.trim_start_matches('~');
    let twelfths = |digit: char| {
        f64::from(digit.to_digit(16).expect("a stroke is of hexadecimal digits")) / 12.0
    };
    let numbers: Vec<f64> = points.chars().map(twelfths).collect();
    let path = numbers.chunks_exact(2).map(|pair| (left + pair[0], pair[1])).collect();
    if points.len() < stroke.len() { smooth(path) } else { path }
}
