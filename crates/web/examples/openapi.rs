//! Prints the OpenAPI document: `cargo xtask tables` keeps it under review.

fn main() {
    println!("{}", jitsuin_web::api::openapi());
}
