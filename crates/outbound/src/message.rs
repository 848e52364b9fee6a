//! What is sent, byte for byte, with credentials in their places.

use std::sync::Arc;

use crate::certificate::ClientCertificate;
use crate::credential::Credential;
use crate::error::OutboundError;
use crate::greeting::Greeting;
use crate::origin::Origin;

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
pub struct Message {
    parts: Vec<Part>,
    certificate: Option<Arc<ClientCertificate>>,
    greeting: Option<Greeting>,
}

impl Message {
    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.parts.last_mut() {
            Some(Part::Bytes(last)) => last.extend_from_slice(bytes),
            Some(Part::Credential(_)) | None => self.parts.push(Part::Bytes(bytes.to_owned())),
        }
    }

    /// Adds a credential at the end; the message then goes to its origin only.
    pub fn push_credential(&mut self, credential: Arc<Credential>) {
        self.parts.push(Part::Credential(credential));
    }

    /// Shows this certificate where one is asked for; the message then goes to its origin only.
    pub fn show(&mut self, certificate: Arc<ClientCertificate>) {
        self.certificate = Some(certificate);
    }

    /// Begins the handshake in this way; the message then goes out only where nothing in it is secret.
    pub fn greet(&mut self, greeting: Greeting) {
        self.greeting = Some(greeting);
    }

    /// How the handshake begins, where that is not as usual.
    #[must_use]
    pub fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// The certificate that is shown where one is asked for.
    #[must_use]
    pub fn certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_deref()
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Its bytes without credentials.
    #[must_use]
    pub fn plain(&self) -> Vec<u8> {
        let plain = self.parts.iter().filter_map(|part| match part {
            Part::Bytes(bytes) => Some(bytes.as_slice()),
            Part::Credential(_) => None,
        });
        plain.collect::<Vec<_>>().concat()
    }

    /// How many bytes it has on the wire.
    #[must_use]
    pub fn length(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Bytes(bytes) => bytes.len(),
            Part::Credential(credential) => credential.length(),
        };
        self.parts.iter().map(length).sum()
    }

    /// Whether every secret in it belongs to this origin, and none is shown to somebody who is not verified.
    ///
    /// # Errors
    /// [`OutboundError`]: which does not.
    pub(crate) fn may_go_to(&self, to: &Origin) -> Result<(), OutboundError> {
        if let Some(foreign) = self.credentials().find(|credential| credential.origin() != to) {
            return Err(OutboundError::ForeignCredential { bound: foreign.origin().clone(), to: to.clone() });
        }
        if let Some(foreign) = self.certificate().filter(|shown| shown.origin() != to) {
            return Err(OutboundError::ForeignCertificate { bound: foreign.origin().clone(), to: to.clone() });
        }
        let is_secret = self.certificate.is_some() || self.credentials().next().is_some();
        match self.greeting.is_some() && is_secret {
            true => Err(OutboundError::Unverified { to: to.clone() }),
            false => Ok(()),
        }
    }

    pub(crate) fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.parts.iter().filter_map(|part| match part {
            Part::Bytes(_) => None,
            Part::Credential(credential) => Some(credential.as_ref()),
        })
    }
}
