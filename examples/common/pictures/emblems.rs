//! Emblems on some of the flags, as far as simple geometry goes: a wheel, a sun, a sky, a tulip.
//!
//! An emblem is drawn around `(0, 0)`; [`Canvas::lay`](super::canvas::Canvas::lay) moves it.

use super::canvas::{Rgb, WHITE};
use super::letters::{ADVANCE, strokes};
use super::shape::{Point, Shape, disc, on_circle, polygon, rect, ring, star, stroke};

/// Shapes with their colours; later ones lie above.
pub(super) type Emblem = Vec<(Rgb, Shape)>;

const MIDDLE: Point = (0.0, 0.0);

/// India's wheel of 24 spokes, with a bead between neighbouring spokes.
pub(super) fn chakra(colour: Rgb) -> Emblem {
    let spoke = polygon(&[(0.0, -0.4), (0.14, -1.5), (0.0, -2.7), (-0.14, -1.5)]);
    let bead = disc(on_circle(MIDDLE, 2.6, 7.5), 0.13);
    let around = (0..24)
        .flat_map(|k| [&spoke, &bead].map(|shape| shape.clone().turned(f64::from(k) * 15.0)));
    [ring(MIDDLE, 3.08, 2.66), disc(MIDDLE, 0.55)]
        .into_iter()
        .chain(around)
        .map(|shape| (colour, shape))
        .collect()
}

/// The sun of the Philippines: eight rays, each a broad beam between two narrow ones.
pub(super) fn sun(colour: Rgb) -> Emblem {
    let beam = |x: f64, tip: f64, half: f64| {
        polygon(&[
            (x - half * 0.4, 0.0),
            (x - half, 0.5 - tip),
            (x, -tip),
            (x + half, 0.5 - tip),
            (x + half * 0.4, 0.0),
        ])
    };
    let ray = [beam(-0.52, 3.3, 0.13), beam(0.0, 3.8, 0.3), beam(0.52, 3.3, 0.13)];
    let rays = (0..8).flat_map(|k| ray.clone().map(|beam| beam.turned(f64::from(k) * 45.0)));
    rays.chain([disc(MIDDLE, 1.95)]).map(|shape| (colour, shape)).collect()
}

/// Brazil's 27 states as stars over Rio de Janeiro: position in the disc, and size, in thousandths
/// of its radius.
#[rustfmt::skip]
const STARS: [(i16, i16, i16); 27] = [
    // Spica, alone above the band; Procyon and two of the Hydra under it.
    (60, -560, 80), (-740, -130, 80), (-390, -40, 70), (330, 60, 60),
    // The Great Dog, with Sirius; Canopus.
    (-680, 160, 90), (-830, 210, 65), (-600, 290, 55), (-650, 400, 65), (-760, 380, 60),
    (-360, 520, 80),
    // The Southern Cross, and the pole star of the south far under it.
    (0, 180, 75), (0, 600, 80), (-140, 360, 75), (140, 340, 65), (70, 450, 45), (0, 850, 45),
    // The Southern Triangle.
    (310, 600, 60), (470, 640, 60), (360, 760, 65),
    // The Scorpion, with Antares.
    (640, 190, 80), (790, 120, 65), (580, 320, 60), (600, 430, 55), (650, 510, 60),
    (740, 530, 60), (820, 460, 65), (800, 360, 50),
];

/// Brazil's sky, with the motto on its band; `module` is a fourteenth of the flag's height.
pub(super) fn sky(module: f64, blue: Rgb, green: Rgb) -> Emblem {
    const MOTTO: &str = "ORDEM E PROGRESSO";
    let radius = 3.5 * module;
    let round = disc(MIDDLE, radius);
    // Both edges of the band are circles around this point, on the flag's lower edge.
    let below = (-2.0 * module, 7.0 * module);
    let band = ring(below, 8.5 * module, 8.0 * module).common(round.clone());

    let height = 0.3 * module;
    let letter = (1.05 * height / (8.25 * module)).to_degrees();
    let (middle, half) = (15.5, ADVANCE * MOTTO.len() as f64 / 2.0);
    let on_band =
        |(x, y)| on_circle(below, 8.25 * module + (0.5 - y) * height, middle + (x - half) * letter);
    let motto = strokes(MOTTO)
        .into_iter()
        .map(|path| stroke(&path.into_iter().map(on_band).collect::<Vec<_>>(), 0.1));

    let stars = STARS.map(|(x, y, size)| {
        let [x, y, size] = [x, y, size].map(|part| f64::from(part) / 1000.0 * radius);
        (WHITE, star((x, y), size))
    });
    [(blue, round), (WHITE, band)]
        .into_iter()
        .chain(motto.map(|shape| (green, shape)))
        .chain(stars)
        .collect()
}

/// Iran's "God is great" as the Kufic script has it, nearly: four bent bars, from right to left,
/// above the line at 0.
#[rustfmt::skip]
const WORDS: [&[Point]; 4] = [
    &[(2.54, -0.3), (2.71, -0.3), (2.71, -1.1), (2.54, -1.1)],
    &[(2.4, -0.3), (2.4, -1.1), (2.23, -1.1), (2.23, -0.47), (2.1, -0.47), (2.1, -1.1),
      (1.93, -1.1), (1.93, -0.47),
      (1.72, -0.47), (1.72, -0.75), (1.55, -0.75), (1.55, -0.3)],
    &[(1.2, -0.3), (1.37, -0.3), (1.37, -1.1), (1.2, -1.1)],
    &[(1.02, -0.3), (1.02, -0.8), (0.8, -0.8), (0.8, -1.1), (0.63, -1.1), (0.63, -0.64),
      (0.85, -0.64), (0.85, -0.47),
      (0.37, -0.47), (0.37, -0.72), (0.2, -0.72), (0.2, -0.3)],
];

/// The words eleven times along the green's lower edge, and eleven times along the red's upper one.
pub(super) fn takbir() -> Emblem {
    let lines = [-10.0 / 3.0, 10.0 / 3.0 + 1.4];
    let places = (0..11).map(|k| f64::from(k) * 30.0 / 11.0).flat_map(|x| lines.map(|y| (x, y)));
    places.flat_map(|(x, y)| WORDS.map(|bar| (WHITE, polygon(bar).shifted((x, y))))).collect()
}

/// Iran's monogram of four crescents and a sword, which has the outline of a tulip.
pub(super) fn tulip(colour: Rgb) -> Emblem {
    let side = || rect((0.2, -4.0), 4.0, 8.0);
    let halves = [
        disc((0.0, 0.0), 2.7).without(disc((-0.35, -0.5), 2.65)).common(side()),
        disc((-0.55, 0.0), 2.1).without(disc((-1.0, -0.2), 2.0)).common(side()),
        disc((0.4, -2.3), 0.45).without(disc((0.4, -2.55), 0.45)),
    ];
    let sword = polygon(&[(-0.16, -1.7), (0.16, -1.7), (0.24, 1.5), (0.0, 2.9), (-0.24, 1.5)]);
    halves
        .into_iter()
        .flat_map(Shape::on_both_sides)
        .chain([sword])
        .map(|shape| (colour, shape))
        .collect()
}
