//! What the views draw, of recorded runs and of made-up ones.

mod chrome;
mod json;
mod page;
mod text;
mod traces;
