//! Only a policy makes a permit.

use std::sync::Arc;

use policy::{Permit, Question};

fn forge(question: Arc<Question>) -> Permit {
    Permit { request: question.request().clone(), question, granted: vec![] }
}

fn main() {}
