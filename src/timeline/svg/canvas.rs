//! Collects the elements of a picture as SVG, in a back layer and a front layer.
//!
//! Each element has classes; [`look`](super::look) styles them. Lengths are in units of the view
//! box: pixels at the picture's own size.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use super::text::{Escaped, Face, clean, is_familiar};

#[derive(Default)]
pub(super) struct Canvas {
    back: String,
    front: String,
    /// Classes of what was drawn, texts aside, and what was noted.
    drawn: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Which end of a text is at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Returns the baseline at which a line of text is vertically centred.
    pub(super) fn baseline(&self, face: Face) -> f64 {
        self.y + self.height / 2.0 + face.size * 0.36
    }
}

/// Writes to a `String`, which cannot fail.
macro_rules! put {
    ($to:expr, $($what:tt)*) => { let _ = write!($to, $($what)*); };
}

impl Canvas {
    pub(super) fn rectangle_behind(&mut self, class: &str, area: Area) {
        put!(self.back, "{}", Rectangle(class, area));
    }

    pub(super) fn line_behind(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        put!(self.back, "{}", Line(class, from, to));
    }

    /// Returns `true` if something in front has a class, or was noted under a name, that begins
    /// with `class`.
    pub(super) fn has_drawn(&self, class: &str) -> bool {
        self.drawn.iter().any(|classes| classes.split(' ').any(|one| one.starts_with(class)))
    }

    /// Notes a drawing that has no class of its own, for the legend.
    pub(super) fn note(&mut self, class: &str) {
        if !self.drawn.contains(class) {
            self.drawn.insert(class.to_owned());
        }
    }

    pub(super) fn rectangle(&mut self, class: &str, area: Area) {
        self.note(class);
        put!(self.front, "{}", Rectangle(class, area));
    }

    /// Draws the ground of a number: round, or angular for an alarm.
    pub(super) fn badge(&mut self, class: &str, area: Area) {
        self.note(class);
        let radius = Px(if class.contains("alarm") { 2.0 } else { area.height / 2.0 });
        let Area { x, y, width, height } = area;
        let (x, y, width, height) = (Px(x), Px(y), Px(width), Px(height));
        put!(self.front, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" ");
        put!(self.front, "height=\"{height}\" rx=\"{radius}\"/>\n");
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.note(class);
        put!(self.front, "{}", Line(class, from, to));
    }

    pub(super) fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        put!(
            self.front,
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n",
            Px(x),
            Px(y),
            Px(radius)
        );
    }

    /// Draws a path that starts at this point.
    pub(super) fn path(&mut self, class: &str, (x, y): (f64, f64), path: &str) {
        self.note(class);
        put!(self.front, "<path class=\"{class}\" d=\"M{} {}{path}\"/>\n", Px(x), Px(y));
    }

    /// Draws a text, which must fit: see [`Face::fit`].
    pub(super) fn text(
        &mut self,
        face: Face,
        colour: &str,
        (x, y): (f64, f64),
        anchor: Anchor,
        text: &str,
    ) {
        if text.is_empty() {
            return;
        }
        let text = clean(text);
        put!(self.front, "<text class=\"{} {colour}\" x=\"{}\" y=\"{}\"", face.class, Px(x), Px(y));
        match anchor {
            Anchor::Start => {}
            Anchor::Middle => self.front.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.front.push_str(" text-anchor=\"end\""),
        }
        if !text.chars().all(is_familiar) {
            // A glyph of unknown width is squeezed into the estimate.
            put!(
                self.front,
                " textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"",
                Px(face.width_of(&text))
            );
        }
        put!(self.front, ">{}</text>\n", Escaped(&text));
    }

    /// Draws a text on a plain ground, for places with a pattern.
    pub(super) fn text_on_plate(
        &mut self,
        face: Face,
        colour: &str,
        at: (f64, f64),
        anchor: Anchor,
        text: &str,
    ) {
        let width = face.width_of(&clean(text));
        let left = match anchor {
            Anchor::Start => at.0,
            Anchor::Middle => at.0 - width / 2.0,
            Anchor::End => at.0 - width,
        };
        let (y, height) = (at.1 - face.size, face.size * 1.3);
        self.rectangle(&format!("plate under-{colour}"), Area { x: left, y, width, height });
        self.text(face, colour, at, anchor, text);
    }

    /// Gives everything that `draw` draws a hover text. The lines may hold anything.
    pub(super) fn with_hover(&mut self, lines: &[String], draw: impl FnOnce(&mut Self)) {
        self.front.push_str("<g class=\"hit\"><title>");
        for (place, line) in lines.iter().enumerate() {
            put!(self.front, "{}{}", if place == 0 { "" } else { "\n" }, Escaped(&clean(line)));
        }
        self.front.push_str("</title>\n");
        draw(self);
        self.front.push_str("</g>\n");
    }
}

impl fmt::Display for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.back)?;
        f.write_str(&self.front)
    }
}

struct Rectangle<'a>(&'a str, Area);

impl fmt::Display for Rectangle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(class, Area { x, y, width, height }) = *self;
        let (x, y, width, height) = (Px(x), Px(y), Px(width), Px(height));
        writeln!(
            f,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
        )
    }
}

struct Line<'a>(&'a str, (f64, f64), (f64, f64));

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(class, from, to) = *self;
        let (x1, y1, x2, y2) = (Px(from.0), Px(from.1), Px(to.0), Px(to.1));
        writeln!(f, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>")
    }
}

/// A length, rounded to a tenth of a pixel.
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        // Avoids `-0`.
        let tenths = if tenths == 0.0 { 0.0 } else { tenths };
        write!(f, "{}", tenths / 10.0)
    }
}
