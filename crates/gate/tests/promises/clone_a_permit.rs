//! A decision is used once.

use policy::Permit;

fn twice(permit: &Permit) -> (Permit, Permit) {
    (permit.clone(), permit.clone())
}

fn main() {}
