//! Every chore of the project: tests, checks, tables, benchmarks.

fn main() {}
