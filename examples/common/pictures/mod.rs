//! Pictures for the examples: a GIF for every two-letter code, drawn when it is asked for.
//!
//! The twenty most populous countries of Luciano Ramalho's *Fluent Python* have their flags,
//! stylised: in the real colours and proportions, on a 3:2 cloth, with emblems as far as discs and
//! polygons go. Every other code has a card with its two letters.
//!
//! [`shape`] says which points are inside a shape; [`canvas`] paints shapes; [`flags`] (with
//! [`emblems`] and [`eagles`]) and [`card`] (with [`letters`]) are the drawings.

// Pixels are counted in whole numbers and shapes measured in fractions; every value here is small
// enough for both.
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod shape;
mod canvas;
mod flags;
mod emblems;
mod eagles;
mod letters;
mod card;

use std::borrow::Cow;

use canvas::Canvas;

/// The width of every picture, in pixels.
pub(crate) const WIDTH: u16 = 480;
/// The height of every picture, in pixels.
pub(crate) const HEIGHT: u16 = WIDTH / 3 * 2;

/// Returns the GIF for `code`, the same bytes at each call; `None` unless the code is two letters
/// `A` to `Z`.
pub(crate) fn gif(code: &str) -> Option<Vec<u8>> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code.then(|| encode(&flags::flag(code).unwrap_or_else(|| card::card(code))))
}

fn encode(canvas: &Canvas) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette = canvas.palette().concat();
    let frame = gif::Frame {
        width: WIDTH,
        height: HEIGHT,
        buffer: Cow::Borrowed(canvas.pixels()),
        ..gif::Frame::default()
    };
    gif::Encoder::new(&mut bytes, WIDTH, HEIGHT, &palette)
        .and_then(|mut encoder| encoder.write_frame(&frame))
        .expect("a Vec takes every byte, and the palette has at most 256 colours");
    bytes
}
