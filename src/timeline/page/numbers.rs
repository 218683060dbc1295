//! The figures as markup, and the times for other numbers of workers; a page without script shows
//! them, too.

use std::fmt;
use std::time::Duration;

use super::markup::Markup;
use crate::timeline::run::figures::Figures;
use crate::timeline::run::what_if::WhatIf;
use crate::timeline::words::{Short, count};

/// Writes a row of a list of terms for each figure.
pub(super) fn figures(figures: &Figures, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    figures.in_words().into_iter().try_for_each(|(what, how_much)| {
        let (what, how_much) = (Markup(what), Markup(&how_much));
        write!(f, "\n<div><dt>{what}</dt><dd>{how_much}</dd></div>")
    })
}

/// Writes a table with a row for each number of workers, and what the times are based on.
pub(super) fn what_if(figures: &Figures, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !figures.what_if.is_empty() {
        f.write_str("<table id=\"what-if\">")?;
        let slowest = figures.what_if.iter().map(|what| what.wall).max().unwrap_or_default();
        figures.what_if.iter().try_for_each(|what| row(what, slowest, f))?;
        f.write_str("\n</table>\n")?;
    }
    write!(f, "<p class=\"dim\">{}</p>", Markup(&figures.basis.in_words()))
}

fn row(what: &WhatIf, slowest: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let class = if what.enough { " class=\"enough\"" } else { "" };
    let workers = count(what.workers, "worker");
    let (time, width) = (Short(what.wall), percent(what.wall, slowest));
    let remark = match (what.as_it_was, what.enough) {
        (true, true) => "enough, as it was",
        (true, false) => "as it was",
        (false, true) => "enough",
        (false, false) => "",
    };
    write!(f, "\n<tr{class}><th scope=\"row\">{workers}</th>")?;
    write!(f, "<td><span class=\"bar\" style=\"width:{width:.1}%\"></span></td>")?;
    write!(f, "<td>{time}</td><td>{remark}</td></tr>")
}

fn percent(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { 100.0 * part.as_secs_f64() / whole.as_secs_f64() }
}
