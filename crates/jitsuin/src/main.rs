//! The program: configuration, wiring, commands.

fn main() {}
