//! Prints who may do what, proven how: `cargo xtask tables` keeps it under review.

use domain::staff::Role;
use jitsuin_web::desk::permission::{Operation, Party};

fn main() {
    println!("operation | open from | proof | {}", Role::ALL.map(Role::name).join(" | "));
    for operation in Operation::ALL {
        let is_program = operation.parties().contains(&Party::System);
        let doors = match (operation.is_in_api(), is_program) {
            (true, true) => "API, command line, program",
            (true, false) => "API, command line",
            (false, _) => "init",
        };
        let open = Role::ALL.map(|role| if operation.is_open_to(role) { "x" } else { "-" });
        let strength = operation.strength().name();
        println!("{} | {doors} | {strength} | {}", operation.name(), open.join(" | "));
    }
}
