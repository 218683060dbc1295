//! Decides what becomes of a request, from the country and a seed.
//!
//! A run therefore ends with the same counts for any number of workers, and their times can be
//! compared.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::common::countries;

/// The kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Answers as fast as it can.
    Local,
    /// Answers after a delay.
    Delay,
    /// Answers after a delay, and a quarter of the answers are teapots.
    Error,
    /// Answers after a delay; some connections are reset, stall or end in the middle.
    Flaky,
    /// Answers after a short time, a few requests at once.
    Limit,
}

impl Label {
    /// All labels in alphabetical order, as help texts list them.
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

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Plan {
    pub label: Label,
    pub seed: u64,
    /// Shortest and longest delay, for labels with delays.
    pub delay: RangeInclusive<Duration>,
}

/// What becomes of one request.
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
    /// The connection is reset without an answer.
    Reset,
    /// No answer until the client gives up.
    Stall,
    /// Half of the picture, then the end.
    Short,
}

/// Default delays: a tenth of the book's, so that a demo with one worker takes a few seconds.
pub const DELAY: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_millis(500);

/// Time that a limited server takes for a request.
const LIMITED_DELAY: Duration = Duration::from_millis(20);

/// Number of requests that a limited server works on at once.
pub const LIMIT: usize = 4;

/// Default seed: with it, each fault occurs among the twenty flags.
pub const SEED: u64 = 100;

impl Plan {
    pub fn new(label: Label) -> Self {
        Self { label, seed: SEED, delay: DELAY }
    }

    /// Decides about a request for this upper-case code.
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

    /// Returns a number in 0..1 that looks random and depends on the seed, the code and the
    /// purpose.
    fn draw(&self, code: &str, what_for: &str) -> f64 {
        let mut mixed = self.seed;
        for byte in code.bytes().chain(what_for.bytes()) {
            mixed = splitmix64(mixed ^ u64::from(byte));
        }
        // The upper 32 bits, which an `f64` holds exactly.
        f64::from((mixed >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
    }
}

/// One step of Sebastiano Vigna's generator `SplitMix64`.
fn splitmix64(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
