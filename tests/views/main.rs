//! What the views draw, of recorded runs and of made-up ones.

mod page;
mod text;
