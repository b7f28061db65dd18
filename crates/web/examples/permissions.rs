//! Prints who may do what, proven how: `cargo xtask tables` keeps it under review.

use domain::staff::Role;
use jitsuin_web::desk::permission::{Operation, Party};

fn main() {
    for operation in Operation::ALL {
        let roles: Vec<_> =
            Role::ALL.into_iter().filter(|role| operation.is_open_to(*role)).collect();
        let mut open: Vec<_> = match roles.len() == Role::ALL.len() {
            true => vec!["everybody"],
            false => roles.iter().map(|role| role.name()).collect(),
        };
        if operation.parties().contains(&Party::System) {
            open.push("the program");
        }
        if operation.parties().contains(&Party::CertificateHolder) {
            open.push("holders of certificates");
        }
        let other = match operation {
            one if one.is_in_api() => Some("API"),
            one if one.is_for_holders() => Some("holders' page"),
            _ => None,
        };
        let doors: Vec<_> = other.iter().chain(operation.commands()).copied().collect();
        let (name, proof) = (operation.name(), operation.strength().name());
        println!("{name} | {proof} | {} | {}", open.join(", "), doors.join(", "));
    }
}
