//! The views of a trace: each is drawn from small traces that are kept here, and from large ones that are made up.

mod made_up;
mod svg;
