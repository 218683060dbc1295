//! Pictures for the examples to serve and to fetch: a GIF for every two-letter country code, drawn
//! when it is asked for.
//!
//! The twenty most populous countries of Luciano Ramalho's *Fluent Python* have their flags:
//! stylised, that is, in the colours and proportions of the real ones but all on one 3:2 cloth, and
//! with emblems (Brazil's sky, Mexico's eagle, Egypt's, Iran's monogram) as far as discs and
//! polygons go. Every other code is a card with its two letters on it.
//!
//! [`shape`] says which points are inside; [`canvas`] turns shapes into pixels; [`flags`], with
//! their [`emblems`] and [`eagles`], and the [`card`], with its [`letters`], are what is drawn.

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

/// The bytes of the GIF for `code`, always the same for the same code; `None` unless the code is
/// two letters `A` to `Z`.
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
