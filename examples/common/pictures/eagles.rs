//! The eagles of Mexico and Egypt.

use super::canvas::{BLACK, Rgb, WHITE};
use super::emblems::Emblem;
use super::shape::{Shape, blob, disc, line, polygon, rect, smooth, stroke};

/// Mexico's eagle on a cactus in a lake, with a snake in its beak, over a wreath.
#[rustfmt::skip]
pub(super) fn mexican(green: Rgb, red: Rgb) -> Emblem {
    const BROWN: Rgb = Rgb(0x95, 0x63, 0x30);
    const DARK: Rgb = Rgb(0x65, 0x40, 0x1E);
    const GOLD: Rgb = Rgb(0xE8, 0xB0, 0x3A);
    const CACTUS: Rgb = Rgb(0x4F, 0x9D, 0x5B);
    const SNAKE: Rgb = Rgb(0x2E, 0x7F, 0x5E);
    const LAKE: Rgb = Rgb(0x6F, 0xC3, 0xC9);

    let leaf = |distance: f64, lean: f64| {
        let leaf = blob(&[(0.0, -0.55), (0.3, 0.0), (0.0, 0.55), (-0.3, 0.0)]);
        leaf.turned(lean).shifted((0.0, distance))
    };
    let leaves = (1..=6).flat_map(|k| {
        let along = f64::from(k) * 15.0;
        [leaf(3.95, 55.0).turned(along), leaf(3.4, 125.0).turned(along)]
    });
    let wreath = leaves.flat_map(Shape::on_both_sides).map(|leaf| (green, leaf));
    let wreath = wreath.chain([
        (GOLD, rect((-0.55, 3.4), 1.1, 0.9)),
        (green, rect((-0.45, 3.5), 0.3, 0.7)),
        (WHITE, rect((-0.15, 3.5), 0.3, 0.7)),
        (red, rect((0.15, 3.5), 0.3, 0.7)),
    ]);

    let lake = [
        (LAKE, blob(&[(-2.6, 2.4), (2.6, 2.4), (2.2, 3.2), (-2.2, 3.2)])),
        (WHITE, line((-1.7, 2.85), (-0.7, 2.85), 0.1)),
        (WHITE, line((0.6, 2.75), (1.6, 2.75), 0.1)),
    ];

    let pad = blob(&[(0.0, -0.85), (0.6, -0.5), (0.3, 0.75), (-0.3, 0.75), (-0.6, -0.5)]);
    let arms = [(50.0, (0.95, 1.75)), (20.0, (1.75, 1.2))];
    let arm = |(lean, place)| pad.clone().turned(lean).shifted(place).on_both_sides();
    let arms = arms.into_iter().flat_map(arm);
    let pads = arms.chain([pad.clone().shifted((0.0, 1.9))]).map(|pad| (CACTUS, pad));
    let fruits = [(1.55, 0.4), (2.1, 0.45)];
    let fruits = fruits.into_iter().flat_map(|place| disc(place, 0.17).on_both_sides());
    let cactus = pads.chain(fruits.map(|fruit| (red, fruit)));

    let far_wing = polygon(&[
        (0.2, -1.0), (-0.1, -2.6), (-0.7, -3.3), (-1.5, -3.8), (-1.45, -3.3), (-2.0, -3.4),
        (-1.8, -2.9), (-2.3, -2.8), (-1.9, -2.3), (-1.0, -1.4),
    ]);
    let near_wing = polygon(&[
        (-0.5, -0.9), (0.0, -2.1), (0.7, -3.2), (1.5, -3.9), (1.55, -3.2), (2.15, -3.5),
        (2.05, -2.75), (2.6, -2.85), (2.35, -2.1), (2.85, -2.0), (2.45, -1.4), (2.8, -1.15),
        (2.2, -0.65), (1.4, -0.1), (0.4, 0.4),
    ]);
    let tail = polygon(&[
        (0.2, 0.0), (1.7, 0.55), (1.75, 0.8), (1.5, 0.85), (1.55, 1.1), (1.2, 1.05), (1.2, 1.3),
        (0.0, 0.7),
    ]);
    let body = blob(&[
        (-0.95, -2.2), (-0.95, -0.9), (-0.6, 0.5), (0.2, 0.9), (0.8, 0.5), (0.3, -0.8),
        (-0.1, -2.2), (-0.5, -2.7),
    ]);
    let snake = smooth(vec![
        (-2.1, -1.6), (-1.5, -2.2), (-1.2, -1.6), (-2.3, -1.1), (-2.2, -0.5), (-1.1, -0.6),
        (-1.2, 0.1), (-2.1, 0.0),
    ]);
    let eagle = vec![
        (DARK, far_wing),
        (DARK, tail),
        (BROWN, near_wing),
        (DARK, line((0.3, -0.6), (1.7, -1.9), 0.1)),
        (DARK, line((0.5, -0.3), (2.0, -1.1), 0.1)),
        (DARK, line((0.2, -1.2), (1.3, -2.6), 0.1)),
        (BROWN, body),
        (GOLD, stroke(&[(0.1, 0.7), (0.1, 1.15)], 0.28)),
        (GOLD, stroke(&[(-0.3, 1.2), (0.1, 1.05), (0.5, 1.2)], 0.2)),
        (GOLD, stroke(&[(-0.6, 0.1), (-1.1, 0.0), (-1.3, -0.4)], 0.22)),
        (SNAKE, stroke(&snake, 0.24)),
        (GOLD, polygon(&[
            (-0.8, -2.45), (-1.3, -2.3), (-1.45, -1.85), (-1.1, -1.95), (-0.8, -1.95),
        ])),
        (BLACK, disc((-0.65, -2.2), 0.1)),
    ];
    wreath.chain(lake).chain(cactus).chain(eagle).collect()
}

/// Egypt's eagle of Saladin, with the flag's colours upright on its shield and the country's name
/// on its scroll.
#[rustfmt::skip]
pub(super) fn egyptian(red: Rgb) -> Emblem {
    const GOLD: Rgb = Rgb(0xC0, 0x93, 0x00);
    const SHADE: Rgb = Rgb(0x7A, 0x5A, 0x00);

    let wing = polygon(&[
        (0.2, -1.5), (0.9, -2.0), (1.6, -2.25), (2.1, -2.05), (2.35, -1.4), (2.4, -0.4),
        (2.35, 0.6), (2.15, 1.5), (1.95, 0.95), (1.75, 1.7), (1.55, 1.05), (1.35, 1.75),
        (1.15, 1.0), (0.95, 1.5), (0.5, 0.6),
    ]);
    let leg = polygon(&[
        (0.25, 0.9), (0.85, 0.8), (0.95, 1.5), (1.1, 2.05), (0.55, 2.05), (0.6, 1.6),
    ]);
    let quills = [
        ((1.95, 0.9), (1.85, -1.1)), ((1.55, 1.0), (1.45, -1.1)), ((1.15, 0.95), (1.05, -1.0)),
    ];
    let quills = quills.map(|(tip, root)| line(tip, root, 0.09));
    let tail = polygon(&[(-0.35, 0.9), (0.35, 0.9), (0.55, 2.1), (-0.55, 2.1)]);
    let body = blob(&[
        (0.0, -1.9), (0.95, -1.3), (0.95, 0.3), (0.0, 1.6), (-0.95, 0.3), (-0.95, -1.3),
    ]);
    let head = blob(&[(-0.5, -2.9), (0.4, -2.9), (0.55, -1.2), (-0.55, -1.2), (-0.35, -2.2)]);
    let beak = polygon(&[(-0.2, -2.75), (-0.6, -2.6), (-0.8, -2.2), (-0.5, -2.3), (-0.2, -2.3)]);
    let shield_rim = [
        (-0.66, -1.1), (0.66, -1.1), (0.66, 0.3), (0.0, 1.15), (-0.66, 0.3), (-0.66, -1.1),
    ];
    let third = |left: f64| polygon(&shield_rim).common(rect((left, -1.1), 0.44, 2.3));
    let scroll = polygon(&[
        (-1.75, 2.0), (1.75, 2.0), (1.6, 2.3), (1.75, 2.75), (-1.75, 2.75), (-1.6, 2.3),
    ]);

    let name = [
        (-1.2, 2.4), (-0.8, 2.2), (-0.5, 2.5), (0.0, 2.2), (0.4, 2.5), (0.8, 2.2), (1.2, 2.4),
    ];

    let halves = [wing, leg].into_iter().flat_map(Shape::on_both_sides);
    let bird = halves.chain([tail, body, head, beak]).map(|shape| (GOLD, shape));
    let quills = quills.into_iter().flat_map(Shape::on_both_sides).map(|quill| (WHITE, quill));
    let rest = [
        (WHITE, disc((-0.18, -2.52), 0.09)),
        (SHADE, stroke(&shield_rim, 0.2)),
        (red, third(-0.66)),
        (WHITE, third(-0.22)),
        (BLACK, third(0.22)),
        (SHADE, scroll),
        (GOLD, rect((-1.5, 2.08), 3.0, 0.56)),
        (SHADE, stroke(&smooth(name.to_vec()), 0.1)),
    ];
    bird.chain(quills).chain(rest).collect()
}
