//! What the views draw, of recorded runs and of made-up ones.

mod chrome;
mod figures;
mod json;
mod made_up;
mod page;
mod svg;
mod text;
mod traces;
