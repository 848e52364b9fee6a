//! Only the journal makes an admission, and only after it has written.

use audit::{Admission, LeafName};
use policy::Permit;

fn forge(permit: Permit) -> Admission {
    Admission { permit, leaf: LeafName { log: String::new(), sequence: 0 } }
}

fn main() {}
