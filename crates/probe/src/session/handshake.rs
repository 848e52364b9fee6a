//! Handshakes: what a door shows, and whether it still speaks what nobody should.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outbound::{Chain, ClientCertificate, Distrust, Host, Origin, Reach, Scheme};

use super::Session;
use crate::doubt::Doubt;
use crate::error::ProbeError;
use crate::hello::{Offer, READABLE, hello, is_enough, tells_wanted};
use crate::observation::{Came, Seen};
use crate::request::Request;

impl Session<'_> {
    /// Everything of this door that is spoken to over TLS: the door itself, its realms, its storage.
    #[must_use]
    pub fn secure_origins(&self) -> Vec<Origin> {
        let door = self.door;
        let all = std::iter::once(&door.origin).chain(&door.realms).chain(&door.storage);
        let mut origins: Vec<Origin> = all.filter(|origin| origin.scheme() == Scheme::Https).cloned().collect();
        origins.dedup();
        origins
    }

    /// The certificates that an origin of this door shows.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) fn chain(&mut self, origin: &Origin) -> Result<Seen, Doubt> {
        let place = place(origin);
        let told =
            (format!("TLS handshake with {place}"), format!("openssl s_client -showcerts -connect {place} </dev/null"));
        let reach = self.door.reach(origin);
        self.shaken(origin, told, |wire| wire.chain(origin, reach).map(Came::Chain))
    }

    /// Offers what nobody should accept, and nothing better.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) fn offer(&mut self, origin: &Origin, offer: &Offer) -> Result<Seen, Doubt> {
        let place = place(origin);
        let told = (
            format!("TLS handshake with {place} that offers nothing {}", offer.what),
            format!("openssl s_client {} -connect {place} </dev/null", offer.flags),
        );
        let name = match origin.host() {
            Host::Name(name) => Some(name.as_str()),
            Host::Address(_) => None,
        };
        self.say_hello(origin, told, hello(offer, name), is_enough)
    }

    /// Begins a handshake under a name that no library sends, and reads what is wanted.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) fn greet(&mut self, name: &str) -> Result<Seen, Doubt> {
        let (origin, place) = (self.door.origin.clone(), place(&self.door.origin));
        let told = (
            format!("TLS 1.2 handshake with {place} under the name `{name}`"),
            format!("openssl s_client {} -servername {name} -connect {place} </dev/null", READABLE.flags),
        );
        self.say_hello(&origin, told, hello(&READABLE, Some(name)), tells_wanted)
    }

    fn say_hello(
        &mut self,
        origin: &Origin,
        told: (String, String),
        hello: Result<Vec<u8>, ProbeError>,
        is_enough: fn(&[u8]) -> bool,
    ) -> Result<Seen, Doubt> {
        let reach = self.door.reach(origin);
        let bytes = hello.map_err(|error| Doubt::Missing { why: error.to_string() })?;
        // The bytes are the handshake themselves, so they go out as they are.
        let bare = origin.at(Scheme::Http, origin.port());
        self.shaken(origin, told, |wire| wire.say((&bare, reach), &bytes, is_enough).map(Came::Bytes))
    }

    /// Asks for the base of the API with the certificate of the door, and once more in the same session under another name.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) fn resume(&mut self, certificate: &Arc<ClientCertificate>, other: &str) -> Result<Seen, Doubt> {
        let origin = self.door.origin.clone();
        let (place, reach) = (place(&origin), self.door.reach(&origin));
        let line = format!("openssl s_client -cert certificate.pem -key key.pem -connect {place}");
        let told = (
            format!("GET /v2/ in the TLS session of {place} that was made with a certificate, under the name {other}"),
            format!("{line} -sess_out session </dev/null; {line} -servername {other} -sess_in session"),
        );
        let run = self.run.id().to_owned();
        let base = Request::get("/v2/");
        let messages =
            [Some(Arc::clone(certificate)), None].map(|shown| base.clone().showing(shown).message(&origin, &run));
        let [first, second] = &messages;
        self.shaken(&origin, told, |wire| {
            let answer = wire.resume((&origin, reach), (first, second), other)?;
            // Nothing, where the session was not gone on with.
            Ok(answer.map_or_else(|| Came::Bytes(Vec::new()), Came::Answer))
        })
    }

    /// Asks for the base of the API, and then this as early data of the same session, perhaps in the same bytes twice.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) fn early(&mut self, request: &Request, is_replayed: bool) -> Result<Seen, Doubt> {
        let origin = self.door.origin.clone();
        let (place, reach) = (place(&origin), self.door.reach(&origin));
        let run = self.run.id().to_owned();
        let [first, second] = [&Request::get("/v2/"), request]
            .map(|request| request.or_showing(self.door.certificate.as_ref()).message(&origin, &run));
        let shown = if second.certificate().is_some() { "-cert certificate.pem -key key.pem " } else { "" };
        let again = if is_replayed { ", the same bytes for the second time" } else { "" };
        let told = (
            format!("{} as early data of a TLS session with {place}{again}", request.line()),
            format!(
                "openssl s_client {shown}-connect {place} -sess_out session </dev/null; {} > early; \
                 openssl s_client {shown}-connect {place} -sess_in session -early_data early",
                request.printed(&origin)
            ),
        );
        self.shaken(&origin, told, |wire| {
            let answer = wire.early((&origin, reach), (&first, &second), is_replayed)?;
            // Nothing, where it was not taken.
            Ok(answer.map_or_else(|| Came::Bytes(Vec::new()), Came::Answer))
        })
    }

    fn shaken(
        &mut self,
        origin: &Origin,
        told: (String, String),
        shake: impl FnOnce(&mut crate::wire::Wire) -> Result<Came, crate::wire::WireError>,
    ) -> Result<Seen, Doubt> {
        let seen = self.run.shake(origin, told, shake)?;
        self.touched.push(seen.id);
        Ok(seen)
    }

    /// Whether a chain is trusted so long from now.
    pub(crate) fn trusts(&self, chain: &Chain, origin: &Origin, from_now: Duration) -> Result<(), Distrust> {
        self.run.trusts(chain, origin, from_now)
    }

    /// The addresses of the door.
    ///
    /// # Errors
    /// [`Doubt::Unreachable`] where its name has none.
    pub(crate) fn addresses(&mut self) -> Result<Vec<SocketAddr>, Doubt> {
        self.run.addresses(&self.door.origin, Reach::Typed)
    }
}

/// Host and port.
fn place(origin: &Origin) -> String {
    format!("{}:{}", origin.host(), origin.port())
}
