//! Rebuilds the program when a file appears in or disappears from the built-in templates.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
