//! Shapes: a few primitives, which can be cut, joined, turned and mirrored.
//!
//! A shape answers one question: which parts of a horizontal line lie inside it ([`Shape::spans`]).
//! The canvas needs no more, and it makes "this disc without that one" as easy as a disc.

use std::f64::consts::PI;

/// `(x, y)` with `y` downwards, in units of which a flag is 30 wide and 20 high.
pub(super) type Point = (f64, f64);

/// Part of a horizontal line, from `x` to `x`.
type Span = (f64, f64);

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Disc(Point, f64),
    /// Closed, and filled wherever it winds around a point; it may overlap itself.
    Polygon(Vec<Point>),
    Common(Box<Shape>, Box<Shape>),
    Without(Box<Shape>, Box<Shape>),
}

pub(super) fn disc(centre: Point, radius: f64) -> Shape {
    Shape::Disc(centre, radius)
}

pub(super) fn ring(centre: Point, outer: f64, inner: f64) -> Shape {
    disc(centre, outer).without(disc(centre, inner))
}

pub(super) fn polygon(points: &[Point]) -> Shape {
    Shape::Polygon(points.to_vec())
}

/// A polygon with rounded corners.
pub(super) fn blob(corners: &[Point]) -> Shape {
    Shape::Polygon(smooth(corners.iter().chain(corners.first()).copied().collect()))
}

pub(super) fn rect((left, top): Point, width: f64, height: f64) -> Shape {
    let (right, bottom) = (left + width, top + height);
    polygon(&[(left, top), (right, top), (right, bottom), (left, bottom)])
}

/// A straight line with blunt ends.
pub(super) fn line(from: Point, to: Point, width: f64) -> Shape {
    let (left, right) = (bearing(from, to) - 90.0, bearing(from, to) + 90.0);
    let side = |end, way| on_circle(end, width / 2.0, way);
    polygon(&[side(from, left), side(to, left), side(to, right), side(from, right)])
}

/// A five-pointed star in a circle, with a point at the top.
pub(super) fn star(centre: Point, radius: f64) -> Shape {
    leaning_star(centre, radius, 0.0)
}

/// A star with a point in the direction `degrees`.
pub(super) fn leaning_star(centre: Point, radius: f64, degrees: f64) -> Shape {
    // Ratio of the inner to the outer radius of a pentagram: sin 18° / sin 54°.
    let notch = radius * (PI / 10.0).sin() / (PI * 0.3).sin();
    let corner = |k: u32| {
        on_circle(centre, if k % 2 == 0 { radius } else { notch }, degrees + f64::from(k) * 36.0)
    };
    Shape::Polygon((0..10).map(corner).collect())
}

/// A line with round ends and round corners.
pub(super) fn stroke(path: &[Point], width: f64) -> Shape {
    // There along one side and back along the other, as if the line were a road and we kept to its
    // left.
    let mut road: Vec<Point> = path.iter().chain(path.iter().rev().skip(1)).copied().collect();
    road.dedup();
    let legs = road.len() - 1;
    let mut outline = Vec::new();
    for k in 0..legs {
        let here = road[k + 1];
        let after = road[(k + 1) % legs + 1];
        let (arrive, leave) = (bearing(road[k], here), bearing(here, after));
        let turn = (leave - arrive).rem_euclid(360.0);
        // To turn right (or about, at an end) is to go around the corner. To turn left is to cut
        // it: there the two sides cross, and winding keeps the corner full.
        let (turn, steps) =
            if turn < 180.1 { (turn, (turn / 15.0).round()) } else { (turn - 360.0, 1.0) };
        for step in 0..=steps as u32 {
            outline.push(on_circle(
                here,
                width / 2.0,
                arrive - 90.0 + turn * f64::from(step) / steps.max(1.0),
            ));
        }
    }
    Shape::Polygon(outline)
}

/// Rounds the corners of a path and keeps its ends; a closed path is rounded there, too.
pub(super) fn smooth(path: Vec<Point>) -> Vec<Point> {
    // Chaikin's way: cut every corner at a quarter of its sides, then cut the corners that makes.
    (0..3).fold(path, |path, _| {
        let (first, last) = (path[0], path[path.len() - 1]);
        let quarters = path.windows(2).flat_map(|side| {
            let middle = midpoint(side[0], side[1]);
            [midpoint(side[0], middle), midpoint(middle, side[1])]
        });
        if first == last {
            let mut cut: Vec<Point> = quarters.collect();
            cut.push(cut[0]);
            cut
        } else {
            [first].into_iter().chain(quarters).chain([last]).collect()
        }
    })
}

/// Returns the point of a circle in the direction `degrees`: 0 is up, 90 is right.
pub(super) fn on_circle(centre: Point, radius: f64, degrees: f64) -> Point {
    let (sin, cos) = degrees.to_radians().sin_cos();
    (centre.0 + radius * sin, centre.1 - radius * cos)
}

/// Returns the direction from one point to another, in the degrees of [`on_circle`].
pub(super) fn bearing(from: Point, to: Point) -> f64 {
    (to.0 - from.0).atan2(from.1 - to.1).to_degrees()
}

fn midpoint(a: Point, b: Point) -> Point {
    (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1))
}

impl Shape {
    pub(super) fn without(self, other: Shape) -> Shape {
        Shape::Without(Box::new(self), Box::new(other))
    }

    pub(super) fn common(self, other: Shape) -> Shape {
        Shape::Common(Box::new(self), Box::new(other))
    }

    /// Turns the shape clockwise around `(0, 0)`.
    pub(super) fn turned(self, degrees: f64) -> Shape {
        let (sin, cos) = degrees.to_radians().sin_cos();
        self.moved(&|(x, y)| (x * cos - y * sin, x * sin + y * cos))
    }

    /// Mirrors the shape at `x = 0`.
    pub(super) fn mirrored(self) -> Shape {
        self.moved(&|(x, y)| (-x, y))
    }

    /// Returns the shape and its mirror image.
    pub(super) fn on_both_sides(self) -> [Shape; 2] {
        [self.clone().mirrored(), self]
    }

    pub(super) fn shifted(self, by: Point) -> Shape {
        self.moved(&|(x, y)| (x + by.0, y + by.1))
    }

    /// Moves every point; `to` must keep distances, or discs would not stay round.
    fn moved(self, to: &dyn Fn(Point) -> Point) -> Shape {
        let boxed = |shape: Box<Shape>| Box::new(shape.moved(to));
        match self {
            Shape::Disc(centre, radius) => Shape::Disc(to(centre), radius),
            Shape::Polygon(points) => Shape::Polygon(points.into_iter().map(to).collect()),
            Shape::Common(a, b) => Shape::Common(boxed(a), boxed(b)),
            Shape::Without(a, b) => Shape::Without(boxed(a), boxed(b)),
        }
    }

    /// Returns the heights between which the shape lies.
    pub(super) fn extent(&self) -> (f64, f64) {
        match self {
            Shape::Disc((_, y), radius) => (y - radius, y + radius),
            Shape::Polygon(points) => {
                points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), &(_, y)| {
                    (top.min(y), bottom.max(y))
                })
            }
            Shape::Common(a, _) | Shape::Without(a, _) => a.extent(),
        }
    }

    /// Returns the parts of the line at height `y` that lie inside, from left to right.
    pub(super) fn spans(&self, y: f64) -> Vec<Span> {
        match self {
            Shape::Disc(centre, radius) => {
                let half = (radius * radius - (y - centre.1).powi(2)).sqrt();
                if half > 0.0 { vec![(centre.0 - half, centre.0 + half)] } else { Vec::new() }
            }
            Shape::Polygon(points) => wound(points, y),
            Shape::Common(a, b) => common(&a.spans(y), &b.spans(y)),
            Shape::Without(a, b) => common(&a.spans(y), &gaps(&b.spans(y))),
        }
    }
}

fn wound(points: &[Point], y: f64) -> Vec<Span> {
    let mut crossings = Vec::new();
    let mut from = points[points.len() - 1];
    for &to in points {
        if (from.1 <= y) != (to.1 <= y) {
            let x = from.0 + (y - from.1) / (to.1 - from.1) * (to.0 - from.0);
            crossings.push((x, if from.1 < to.1 { 1 } else { -1 }));
        }
        from = to;
    }
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut spans = Vec::new();
    let (mut winding, mut start) = (0, 0.0);
    for (x, way) in crossings {
        if winding == 0 {
            start = x;
        }
        winding += way;
        if winding == 0 {
            spans.push((start, x));
        }
    }
    spans
}

fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
    pairs.filter(|(from, to)| from < to).collect()
}

fn gaps(spans: &[Span]) -> Vec<Span> {
    let starts = [f64::NEG_INFINITY].into_iter().chain(spans.iter().map(|span| span.1));
    let ends = spans.iter().map(|span| span.0).chain([f64::INFINITY]);
    starts.zip(ends).collect()
}
