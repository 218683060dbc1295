//! What the flag examples share: the countries, their pictures, a server for these, and a client
//! that fetches and saves them.
//!
//! Each example takes this folder in with `#[path = "../common/mod.rs"] mod common;`, and uses what
//! it needs of it. Start with the example; come here for what it calls.

#![allow(dead_code, reason = "each example is a program of its own, and uses a part of this")]
#![allow(unreachable_pub, reason = "nothing outside can reach into a program")]

pub mod client;
pub mod countries;
pub mod pictures;
pub mod program;
pub mod save;
pub mod say;
pub mod server;
pub mod views;
