//! The card for a code without a flag: its two letters in a frame.

use super::canvas::{Canvas, Rgb};
use super::letters::{ADVANCE, strokes};
use super::shape::{rect, stroke};

const PAPER: Rgb = Rgb(0xF1, 0xED, 0xE4);
const PENCIL: Rgb = Rgb(0xC4, 0xBC, 0xAD);
const INK: Rgb = Rgb(0x4A, 0x55, 0x60);

pub(super) fn card(code: &str) -> Canvas {
    let height = 8.0;
    let width = (ADVANCE + 8.0 / 12.0) * height;
    let (left, top) = (15.0 - width / 2.0, 10.0 - height / 2.0);
    let letters = strokes(code).into_iter().map(|path| {
        let path: Vec<_> =
            path.iter().map(|(x, y)| (left + x * height, top + y * height)).collect();
        stroke(&path, 1.25)
    });
    let frame = [
        rect((1.0, 1.0), 28.0, 0.25),
        rect((1.0, 18.75), 28.0, 0.25),
        rect((1.0, 1.0), 0.25, 18.0),
        rect((28.75, 1.0), 0.25, 18.0),
    ];
    Canvas::plain(PAPER).paint_each(PENCIL, frame).paint_each(INK, letters)
}
