//! The twenty flags, after their construction sheets, in units of which a flag is 30 wide and 20
//! high.
//!
//! Flags of another shape than 3:2 keep the proportions of their stripes, and discs stay round.

use super::canvas::{BLACK, Canvas, Rgb, WHITE};
use super::shape::{Point, bearing, disc, leaning_star, line, on_circle, polygon, rect, star};
use super::{eagles, emblems};

const CENTRE: Point = (15.0, 10.0);

pub(super) fn flag(code: &str) -> Option<Canvas> {
    Some(match code {
        "CN" => china(),
        "IN" => india(),
        "US" => united_states(),
        "ID" => indonesia(),
        "BR" => brazil(),
        "PK" => pakistan(),
        "NG" => nigeria(),
        "BD" => bangladesh(),
        "RU" => russia(),
        "JP" => japan(),
        "MX" => mexico(),
        "PH" => philippines(),
        "VN" => vietnam(),
        "ET" => ethiopia(),
        "EG" => egypt(),
        "DE" => germany(),
        "IR" => iran(),
        "TR" => turkey(),
        "CD" => dr_congo(),
        "FR" => france(),
        _ => return None,
    })
}

fn china() -> Canvas {
    const RED: Rgb = Rgb(0xDE, 0x29, 0x10);
    const YELLOW: Rgb = Rgb(0xFF, 0xDE, 0x00);
    let large = (5.0, 5.0);
    let small = [(10.0, 2.0), (12.0, 4.0), (12.0, 7.0), (10.0, 9.0)];
    Canvas::plain(RED)
        .paint(YELLOW, &star(large, 3.0))
        .paint_each(YELLOW, small.map(|centre| leaning_star(centre, 1.0, bearing(centre, large))))
}

fn india() -> Canvas {
    const SAFFRON: Rgb = Rgb(0xFF, 0x99, 0x33);
    const GREEN: Rgb = Rgb(0x13, 0x88, 0x08);
    const NAVY: Rgb = Rgb(0x00, 0x00, 0x80);
    Canvas::stripes([SAFFRON, WHITE, GREEN]).lay(emblems::chakra(NAVY), CENTRE)
}

fn united_states() -> Canvas {
    const RED: Rgb = Rgb(0xB3, 0x19, 0x42);
    const BLUE: Rgb = Rgb(0x0A, 0x31, 0x61);
    let mut stripes = [RED; 13];
    for white in stripes.iter_mut().skip(1).step_by(2) {
        *white = WHITE;
    }
    // Seven stripes high, to the whole pixel.
    let (width, height) = (12.0, 10.75);
    let places = (1..=9).flat_map(|row| (1..=11).map(move |column| (column, row)));
    let stars = places.filter(|(column, row)| (column + row) % 2 == 0).map(|(column, row)| {
        star((f64::from(column) * width / 12.0, f64::from(row) * height / 10.0), 0.616)
    });
    Canvas::stripes(stripes).paint(BLUE, &rect((0.0, 0.0), width, height)).paint_each(WHITE, stars)
}

fn indonesia() -> Canvas {
    const RED: Rgb = Rgb(0xCE, 0x11, 0x26);
    Canvas::stripes([RED, WHITE])
}

fn brazil() -> Canvas {
    const GREEN: Rgb = Rgb(0x00, 0x97, 0x39);
    const YELLOW: Rgb = Rgb(0xFE, 0xDD, 0x00);
    const BLUE: Rgb = Rgb(0x01, 0x21, 0x69);
    // The flag is 14 modules high.
    let module = 20.0 / 14.0;
    let inset = 1.7 * module;
    Canvas::plain(GREEN)
        .paint(
            YELLOW,
            &polygon(&[(15.0, inset), (30.0 - inset, 10.0), (15.0, 20.0 - inset), (inset, 10.0)]),
        )
        .lay(emblems::sky(module, BLUE, GREEN), CENTRE)
}

fn pakistan() -> Canvas {
    const GREEN: Rgb = Rgb(0x01, 0x41, 0x1C);
    let corner = (30.0, 0.0);
    let middle = (18.75, 10.0);
    // Crescent and star lie on the green's diagonal to the upper fly corner.
    let diagonal = bearing(middle, corner);
    let bite = on_circle(corner, 13.0, diagonal + 180.0);
    let point = on_circle(middle, 4.0, diagonal);
    Canvas::plain(GREEN)
        .paint(WHITE, &rect((0.0, 0.0), 7.5, 20.0))
        .paint(WHITE, &disc(middle, 6.0).without(disc(bite, 5.5)))
        .paint(WHITE, &leaning_star(point, 2.0, diagonal))
}

fn nigeria() -> Canvas {
    const GREEN: Rgb = Rgb(0x00, 0x87, 0x51);
    Canvas::bands([GREEN, WHITE, GREEN])
}

fn bangladesh() -> Canvas {
    const GREEN: Rgb = Rgb(0x00, 0x6A, 0x4E);
    const RED: Rgb = Rgb(0xF4, 0x2A, 0x41);
    Canvas::plain(GREEN).paint(RED, &disc((13.5, 10.0), 6.0))
}

fn russia() -> Canvas {
    const BLUE: Rgb = Rgb(0x00, 0x39, 0xA6);
    const RED: Rgb = Rgb(0xD5, 0x2B, 0x1E);
    Canvas::stripes([WHITE, BLUE, RED])
}

fn japan() -> Canvas {
    const RED: Rgb = Rgb(0xBC, 0x00, 0x2D);
    Canvas::plain(WHITE).paint(RED, &disc(CENTRE, 6.0))
}

fn mexico() -> Canvas {
    const GREEN: Rgb = Rgb(0x00, 0x68, 0x47);
    const RED: Rgb = Rgb(0xCE, 0x11, 0x26);
    Canvas::bands([GREEN, WHITE, RED]).lay(eagles::mexican(GREEN, RED), CENTRE)
}

fn philippines() -> Canvas {
    const BLUE: Rgb = Rgb(0x00, 0x38, 0xA8);
    const RED: Rgb = Rgb(0xCE, 0x11, 0x26);
    const YELLOW: Rgb = Rgb(0xFC, 0xD1, 0x16);
    // The triangle is equilateral, so its tip is the height of the flag times √3/2 from the hoist.
    let corners = [(0.0, 0.0), (10.0 * 3_f64.sqrt(), 10.0), (0.0, 20.0)];
    let sun = (corners[1].0 / 3.0, 10.0);
    let stars = corners.map(|corner| {
        let inward = bearing(corner, sun);
        leaning_star(on_circle(corner, 2.7, inward), 1.15, inward + 180.0)
    });
    Canvas::stripes([BLUE, RED])
        .paint(WHITE, &polygon(&corners))
        .lay(emblems::sun(YELLOW), sun)
        .paint_each(YELLOW, stars)
}

fn vietnam() -> Canvas {
    const RED: Rgb = Rgb(0xDA, 0x25, 0x1D);
    const YELLOW: Rgb = Rgb(0xFF, 0xFF, 0x00);
    Canvas::plain(RED).paint(YELLOW, &star(CENTRE, 6.0))
}

fn ethiopia() -> Canvas {
    const GREEN: Rgb = Rgb(0x07, 0x89, 0x30);
    const YELLOW: Rgb = Rgb(0xFC, 0xDD, 0x09);
    const RED: Rgb = Rgb(0xDA, 0x12, 0x1A);
    const BLUE: Rgb = Rgb(0x0F, 0x47, 0xAF);
    // The disc reaches to the middle of the green and of the red.
    let canvas = Canvas::stripes([GREEN, YELLOW, RED]).paint(BLUE, &disc(CENTRE, 20.0 / 3.0));
    let tip = |k: u32| on_circle(CENTRE, 5.4, f64::from(k) * 72.0);
    let sides = (0..5).map(|k| line(tip(k), tip(k + 2), 0.45));
    let rays = (0..5).map(|k| {
        let middle = f64::from(k) * 72.0 + 36.0;
        line(on_circle(CENTRE, 2.6, middle), on_circle(CENTRE, 5.2, middle), 0.45)
    });
    canvas.paint_each(YELLOW, sides).paint_each(YELLOW, rays)
}

fn egypt() -> Canvas {
    const RED: Rgb = Rgb(0xC8, 0x10, 0x2E);
    Canvas::stripes([RED, WHITE, BLACK]).lay(eagles::egyptian(RED), CENTRE)
}

fn germany() -> Canvas {
    const RED: Rgb = Rgb(0xDD, 0x00, 0x00);
    const GOLD: Rgb = Rgb(0xFF, 0xCC, 0x00);
    Canvas::stripes([BLACK, RED, GOLD])
}

fn iran() -> Canvas {
    const GREEN: Rgb = Rgb(0x23, 0x9F, 0x40);
    const RED: Rgb = Rgb(0xDA, 0x00, 0x00);
    Canvas::stripes([GREEN, WHITE, RED])
        .lay(emblems::takbir(), (0.0, 10.0))
        .lay(emblems::tulip(RED), CENTRE)
}

fn turkey() -> Canvas {
    const RED: Rgb = Rgb(0xE3, 0x0A, 0x17);
    Canvas::plain(RED)
        .paint(WHITE, &disc((10.625, 10.0), 5.0).without(disc((11.875, 10.0), 4.0)))
        .paint(WHITE, &leaning_star((17.08, 10.0), 2.5, -90.0))
}

fn dr_congo() -> Canvas {
    const BLUE: Rgb = Rgb(0x00, 0x7F, 0xFF);
    const YELLOW: Rgb = Rgb(0xF7, 0xD6, 0x18);
    const RED: Rgb = Rgb(0xCE, 0x10, 0x21);
    let (hoist, fly) = ((-3.0, 22.0), (33.0, -2.0));
    Canvas::plain(BLUE)
        .paint(YELLOW, &line(hoist, fly, 5.4))
        .paint(RED, &line(hoist, fly, 3.6))
        .paint(YELLOW, &star((5.4, 4.9), 3.7))
}

fn france() -> Canvas {
    const BLUE: Rgb = Rgb(0x00, 0x00, 0x91);
    const RED: Rgb = Rgb(0xE1, 0x00, 0x0F);
    Canvas::bands([BLUE, WHITE, RED])
}
