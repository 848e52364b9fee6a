//! An origin serves what was decided and written, and nothing else.

use std::sync::Arc;

use origin::{Origin, Upload};
use policy::{GrantIndex, Policy, Question};
use protocol::Now;

async fn serve(origin: &Origin, policy: &Policy, question: Arc<Question>, body: impl Upload, now: Now) {
    let permit = policy.decide(&question, &GrantIndex::default(), now).unwrap();
    let _ = origin.serve(permit, body, now).await;
}

fn main() {}
