//! Chooses the model checker's side of the library's sync door.
fn main() {
    println!("cargo::rustc-cfg=glasspool_loom");
}
