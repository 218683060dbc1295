//! Code that the flag examples share: the countries, their pictures, a server for the pictures, and
//! a client that fetches and saves them.
//!
//! Each example includes this folder with `#[path = "../common/mod.rs"] mod common;`. Start with
//! the example, and come here for what it calls.

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
