//! How we speak to others: credentials bound to one origin, addresses that are checked and then dialled, limits, and no
//! redirect that nobody asked for.
//!
//! An [`Origin`] is where somebody is; a [`Destination`] is one of its addresses, checked; a [`Message`] is what is sent,
//! byte for byte. A [`Credential`] is part of a message, and a message goes out to the origin of its credentials or not
//! at all; a [`ClientCertificate`] likewise. What comes back is handed on as it arrives, within [`Limits`]: whoever asked reads it.

mod address;
mod certificate;
mod connection;
mod credential;
mod destination;
mod dialer;
mod error;
mod greeting;
mod message;
mod origin;
mod tls;
mod verifier;

pub use address::is_public;
pub use certificate::{Chain, ClientCertificate, ClientCertificateError};
pub use connection::{Connection, HTTP_2};
pub use credential::Credential;
pub use destination::{Destination, Reach};
pub use dialer::{Appetite, Dialer, End, Limits, Stage};
pub use error::{Distrust, OutboundError};
pub use greeting::Greeting;
pub use message::{Message, Part};
pub use origin::{Endpoint, Host, Origin, OriginError, Scheme};
