//! What is sent, byte for byte, with credentials in their places.

use std::sync::Arc;

use crate::credential::Credential;

/// A piece of a message.
#[derive(Clone, Debug)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The value of a credential.
    Credential(Arc<Credential>),
}

/// One request as it goes on the wire. Nothing in it is looked at, repaired or completed.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<Part>);

impl Message {
    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Part::Bytes(last)) => last.extend_from_slice(bytes),
            Some(Part::Credential(_)) | None => self.0.push(Part::Bytes(bytes.to_owned())),
        }
    }

    /// Adds a credential at the end; the message then goes to its origin only.
    pub fn push_credential(&mut self, credential: Arc<Credential>) {
        self.0.push(Part::Credential(credential));
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// How many bytes it has on the wire.
    #[must_use]
    pub fn length(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Bytes(bytes) => bytes.len(),
            Part::Credential(credential) => credential.length(),
        };
        self.0.iter().map(length).sum()
    }

    pub(crate) fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.0.iter().filter_map(|part| match part {
            Part::Bytes(_) => None,
            Part::Credential(credential) => Some(credential.as_ref()),
        })
    }
}
