//! Shows the progress on standard error: a bar on a terminal, a few lines elsewhere, nothing if
//! every flag has a line.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use crate::common::say::complain;

pub enum Progress {
    Bar(ProgressBar),
    Lines { done: usize, of: usize },
    Silent,
}

/// Number of lines where there is no bar.
const LINES: usize = 5;

impl Progress {
    pub fn of(total: usize, verbose: bool) -> Self {
        if verbose {
            Self::Silent
        } else if stderr().is_terminal() {
            let style =
                "{percent:>3}%|{bar:40}| {pos}/{len} [{elapsed_precise}<{eta_precise}, {per_sec}]";
            let style = ProgressStyle::with_template(style).expect("the template is sound");
            let bar = ProgressBar::new(total as u64).with_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
            bar.tick();
            Self::Bar(bar)
        } else {
            Self::Lines { done: 0, of: total }
        }
    }

    pub fn advance(&mut self) {
        match self {
            Self::Bar(bar) => bar.inc(1),
            Self::Lines { done, of } => {
                *done += 1;
                if *done * LINES / *of > (*done - 1) * LINES / *of {
                    complain(format_args!("{done}/{of}"));
                }
            }
            Self::Silent => {}
        }
    }

    /// Leaves the bar as it is.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.abandon();
        }
    }
}
