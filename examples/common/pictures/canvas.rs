//! The canvas: pixels of at most 256 colours, and shapes painted on it with smooth edges.

use std::collections::HashMap;
use std::ops::Range;

use super::emblems::Emblem;
use super::shape::{Point, Shape};
use super::{HEIGHT, WIDTH};

/// Pixels per unit of a shape.
const UNIT: f64 = WIDTH as f64 / 30.0;
/// Number of lines in a row of pixels at which a shape's coverage is measured.
const LINES: i32 = 4;
/// Steps from "not covered" to "covered". More steps are smoother but mix more colours, and a GIF
/// has few.
const STEPS: i32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

pub(super) const WHITE: Rgb = Rgb(0xFF, 0xFF, 0xFF);
pub(super) const BLACK: Rgb = Rgb(0x00, 0x00, 0x00);

#[derive(Debug)]
pub(super) struct Canvas {
    pixels: Vec<u8>,
    palette: Palette,
}

impl Canvas {
    pub(super) fn plain(colour: Rgb) -> Canvas {
        Canvas::stripes([colour])
    }

    /// Makes horizontal stripes of equal height, from the top.
    pub(super) fn stripes<const N: usize>(colours: [Rgb; N]) -> Canvas {
        let (mut palette, mut pixels) = (Palette::default(), Vec::new());
        for row in 0..usize::from(HEIGHT) {
            let ink = palette.index(colours[shares::<N>(row, HEIGHT)]);
            pixels.resize(pixels.len() + usize::from(WIDTH), ink);
        }
        Canvas { pixels, palette }
    }

    /// Makes upright bands of equal width, from the hoist.
    pub(super) fn bands<const N: usize>(colours: [Rgb; N]) -> Canvas {
        let mut palette = Palette::default();
        let row: Vec<u8> = (0..usize::from(WIDTH))
            .map(|x| palette.index(colours[shares::<N>(x, WIDTH)]))
            .collect();
        Canvas { pixels: row.repeat(usize::from(HEIGHT)), palette }
    }

    pub(super) fn paint(mut self, colour: Rgb, shape: &Shape) -> Canvas {
        let ink = self.palette.index(colour);
        let (top, bottom) = shape.extent();
        let top = (top * UNIT).floor().clamp(0.0, f64::from(HEIGHT)) as usize;
        let bottom = (bottom * UNIT).ceil().clamp(0.0, f64::from(HEIGHT)) as usize;
        for (row, pixels) in (top..bottom).zip(self.pixels.chunks_exact_mut(WIDTH.into()).skip(top))
        {
            let mut cover = Cover::default();
            for line in 0..LINES {
                let y = row as f64 + (f64::from(line) + 0.5) / f64::from(LINES);
                for (from, to) in shape.spans(y / UNIT) {
                    cover.add(from * UNIT, to * UNIT);
                }
            }
            let mut covered = 0;
            for x in cover.touched {
                covered += cover.changes[x];
                match covered / LINES {
                    0 => {}
                    STEPS => pixels[x] = ink,
                    part => pixels[x] = self.palette.mix(pixels[x], ink, part),
                }
            }
        }
        self
    }

    pub(super) fn paint_each(self, colour: Rgb, shapes: impl IntoIterator<Item = Shape>) -> Canvas {
        shapes.into_iter().fold(self, |canvas, shape| canvas.paint(colour, &shape))
    }

    /// Paints an emblem around `centre`.
    pub(super) fn lay(self, emblem: Emblem, centre: Point) -> Canvas {
        emblem
            .into_iter()
            .fold(self, |canvas, (colour, shape)| canvas.paint(colour, &shape.shifted(centre)))
    }

    /// Returns the pixels row by row from the top, as indexes into the palette.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(super) fn palette(&self) -> Vec<[u8; 3]> {
        self.palette.colours.iter().map(|&Rgb(red, green, blue)| [red, green, blue]).collect()
    }
}

/// Returns which of `N` equal shares of `whole` contains a pixel's middle, so that stripes begin on
/// whole pixels.
fn shares<const N: usize>(pixel: usize, whole: u16) -> usize {
    (2 * pixel + 1) * N / (2 * usize::from(whole))
}

/// Coverage of the pixels of a row, kept as the *changes* from left to right: a span costs its two
/// ends and not its length.
struct Cover {
    changes: [i32; WIDTH as usize + 2],
    touched: Range<usize>,
}

impl Default for Cover {
    fn default() -> Cover {
        Cover { changes: [0; WIDTH as usize + 2], touched: usize::from(WIDTH)..0 }
    }
}

impl Cover {
    fn add(&mut self, from: f64, to: f64) {
        let first = self.change(from, 1);
        let last = self.change(to, -1);
        self.touched.start = self.touched.start.min(first);
        self.touched.end = self.touched.end.max((last + 1).min(WIDTH.into()));
    }

    /// Begins or ends a span at `x`, and returns the pixel of `x`, which is partly covered.
    fn change(&mut self, x: f64, sign: i32) -> usize {
        let steps = (x.clamp(0.0, f64::from(WIDTH)) * f64::from(STEPS)).round() as i32;
        let (pixel, part) = ((steps / STEPS) as usize, steps % STEPS);
        self.changes[pixel] += sign * (STEPS - part);
        self.changes[pixel + 1] += sign * part;
        pixel
    }
}

#[derive(Debug, Default)]
struct Palette {
    colours: Vec<Rgb>,
    indices: HashMap<Rgb, u8>,
}

impl Palette {
    fn index(&mut self, colour: Rgb) -> u8 {
        if let Some(&index) = self.indices.get(&colour) {
            return index;
        }
        let index = match u8::try_from(self.colours.len()) {
            Ok(new) => {
                self.colours.push(colour);
                new
            }
            // The palette is full, which no picture here reaches: use the nearest mixture.
            Err(_) => self.nearest(colour),
        };
        self.indices.insert(colour, index);
        index
    }

    fn mix(&mut self, under: u8, over: u8, part: i32) -> u8 {
        let (under, over) = (self.colours[usize::from(under)], self.colours[usize::from(over)]);
        let mix = |under: u8, over: u8| {
            ((i32::from(under) * (STEPS - part) + i32::from(over) * part + STEPS / 2) / STEPS) as u8
        };
        self.index(Rgb(mix(under.0, over.0), mix(under.1, over.1), mix(under.2, over.2)))
    }

    fn nearest(&self, colour: Rgb) -> u8 {
        let distance = |other: &Rgb| {
            let apart = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
            apart(other.0, colour.0) + apart(other.1, colour.1) + apart(other.2, colour.2)
        };
        (0..=u8::MAX)
            .min_by_key(|&index| distance(&self.colours[usize::from(index)]))
            .unwrap_or_default()
    }
}
