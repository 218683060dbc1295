//! The run in numbers, as markup: its figures, and what other numbers of workers would have made of it. They are there without a script, too.
//!
//! What they are is known to [`figures`](mod@crate::timeline::run::figures).

use std::fmt;
use std::time::Duration;

use super::markup::{Markup, Number};
use crate::timeline::run::figures::{Figures, Short};
use crate::timeline::run::what_if::WhatIf;

/// Rows of a list of terms.
pub(super) fn figures(figures: &Figures, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    figures.in_words().into_iter().try_for_each(|(what, how_much)| {
        let (what, how_much) = (Markup(what), Markup(&how_much));
        write!(f, "\n<div><dt>{what}</dt><dd>{how_much}</dd></div>")
    })
}

/// A table with a row for each number of workers, and what is to be known of it; or why there is none.
pub(super) fn what_if(figures: &Figures, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if figures.what_if.is_empty() {
        return f
            .write_str("<p class=\"dim\">Nothing can be said: nothing was run, or by several pools.</p>");
    }
    let slowest = figures.what_if.iter().map(|what| what.wall).max().unwrap_or_default();
    f.write_str("<table id=\"what-if\">")?;
    for what in &figures.what_if {
        let class = if what.enough { " class=\"enough\"" } else { "" };
        let workers = if what.workers == 1 { "worker" } else { "workers" };
        let (number, percent) = (Number(what.workers), percent(what.wall, slowest));
        let (time, remark) = (Short(what.wall), remark(figures, what));
        write!(f, "\n<tr{class}><th scope=\"row\">{number} {workers}</th>")?;
        write!(f, "<td><span class=\"bar\" style=\"width:{percent:.1}%\"></span></td>")?;
        write!(f, "<td>{time}</td><td>{remark}</td></tr>")?;
    }
    f.write_str("\n</table>\n<p class=\"dim\">The same tasks at the same times, first come, first served; ")?;
    f.write_str("what they would do to each other, and what they waited for, is not in it.</p>")
}

/// Of the number that there was, how long the run really took is said where that is another time.
fn remark(figures: &Figures, what: &WhatIf) -> String {
    let (took, would) = (Short(figures.wall).to_string(), Short(what.wall).to_string());
    let so = match what.workers == figures.workers {
        true if took == would => Some("as it was".to_owned()),
        true => Some(format!("it took {took}")),
        false => None,
    };
    let enough = what.enough.then(|| "enough".to_owned());
    enough.into_iter().chain(so).collect::<Vec<_>>().join(", ")
}

fn percent(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { 100.0 * part.as_secs_f64() / whole.as_secs_f64() }
}
