//! OCSP answers: signed live beside raw signing, and repeated over HTTP beside nginx with a file.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

mod cached;
mod live;
mod world;

fn main() {
    let rounds = std::env::var("JITSUIN_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok());
    let world = world::World::new();
    live::print(&world, rounds.unwrap_or(7));
    cached::print(&world, rounds.unwrap_or(5));
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
