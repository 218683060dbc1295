//! What becomes of a request: decided by the country and a seed, and by nothing else.
//!
//! So a run ends with the same counts whether one worker asks or thirty do, and whoever races one
//! against the other races them over the same track.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::common::countries;

/// The servers on the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// As fast as it can.
    Local,
    /// Each answer after a while.
    Delay,
    /// The same, and every fourth answer is that it is a teapot.
    Error,
    /// The same, and some connections are reset, stall, or end in the middle.
    Flaky,
    /// A short while each, and only so many at once.
    Limit,
}

impl Label {
    /// In alphabetical order, as usage messages list them.
    pub const ALL: [Self; 5] = [Self::Delay, Self::Error, Self::Flaky, Self::Limit, Self::Local];

    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Delay => "DELAY",
            Self::Error => "ERROR",
            Self::Flaky => "FLAKY",
            Self::Limit => "LIMIT",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.name().eq_ignore_ascii_case(name))
    }
}

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Plan {
    pub label: Label,
    pub seed: u64,
    /// How long an answer takes at least and at most, where the label says that it takes a while.
    pub delay: RangeInclusive<Duration>,
}

/// What one request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    pub delay: Duration,
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Flag,
    NotFound,
    Teapot,
    /// The connection is reset before any answer.
    Reset,
    /// No answer, until the client gives up.
    Stall,
    /// Half of the picture, and then the end.
    Short,
}

/// Half a second at most: a tenth of the book's servers', so that a demo with one worker does not
/// last a minute.
pub const DELAY: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_millis(500);

/// What a limited server takes for each request.
const LIMITED_DELAY: Duration = Duration::from_millis(20);

/// How many requests a limited server works on at once.
pub const LIMIT: usize = 4;

/// The seed of a run that is given none: of the twenty flags, it has one of every fault.
pub const SEED: u64 = 100;

impl Plan {
    pub fn new(label: Label) -> Self {
        Self { label, seed: SEED, delay: DELAY }
    }

    /// What becomes of a request for this upper-case code.
    pub fn fate(&self, code: &str) -> Fate {
        let delay = match self.label {
            Label::Local => Duration::ZERO,
            Label::Limit => LIMITED_DELAY,
            Label::Delay | Label::Error | Label::Flaky => {
                let (least, most) = (*self.delay.start(), *self.delay.end());
                least + most.saturating_sub(least).mul_f64(self.draw(code, "delay"))
            }
        };
        let exists = if countries::exists(code) { Answer::Flag } else { Answer::NotFound };
        let answer = match (self.label, self.draw(code, "fault")) {
            (Label::Error, ..0.25) => Answer::Teapot,
            (Label::Flaky, ..0.06) => Answer::Reset,
            (Label::Flaky, ..0.10) => Answer::Stall,
            (Label::Flaky, ..0.16) if exists == Answer::Flag => Answer::Short,
            _ => exists,
        };
        Fate { delay, answer }
    }

    /// A number from 0 up to 1 that looks drawn by chance, and is the same every time.
    fn draw(&self, code: &str, what_for: &str) -> f64 {
        let mut mixed = self.seed;
        for byte in code.bytes().chain(what_for.bytes()) {
            mixed = splitmix64(mixed ^ u64::from(byte));
        }
        // The upper 32 bits: as many as a float holds exactly, and to spare.
        f64::from((mixed >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
    }
}

/// A step of Sebastiano Vigna's generator of that name.
fn splitmix64(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
