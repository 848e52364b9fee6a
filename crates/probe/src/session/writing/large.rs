//! A blob that is too large to be held: made while it is sent, under a name that is known beforehand.

use aws_lc_rs::digest::{Context, SHA256};
use protocol::{Algorithm, Digest};

use super::{BYTES, Place, Writing, not_allowed, random_bytes};
use crate::doubt::Doubt;
use crate::request::Request;

/// What is sent at once, and repeated until it is enough.
const PIECE: usize = 1024 * 1024;

/// A large blob like no other.
#[derive(Debug)]
pub(crate) struct Large {
    piece: Vec<u8>,
    size: usize,
}

impl Large {
    /// One of so many bytes.
    pub(crate) fn new(size: usize) -> Result<Self, Doubt> {
        let noise = random_bytes::<1024>()?;
        Ok(Self { piece: noise.repeat(PIECE / noise.len()), size })
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let left = (0..self.size).step_by(PIECE).map(|sent| self.size - sent);
        left.map(|left| self.piece.get(..left).unwrap_or(&self.piece))
    }

    fn digest(&self) -> Result<Digest, Doubt> {
        let mut hash = Context::new(&SHA256);
        self.pieces().for_each(|piece| hash.update(piece));
        let digest = Digest::from_hash(Algorithm::Sha256, hash.finish().as_ref());
        digest.ok_or_else(|| Doubt::Missing { why: "SHA-256 is not to be had".to_owned() })
    }
}

impl Writing<'_, '_> {
    /// Uploads a large blob as *low*.
    pub(crate) fn pour(&mut self, place: &Place, large: &Large) -> Result<Digest, Doubt> {
        let digest = large.digest()?;
        let opened = self.open(place, &place.low, "")?;
        let Some(at) = &opened.at else { return Err(not_allowed(place, &opened.seen)) };
        let put = Request::new("PUT", Self::closing(at, &digest))
            .header("Content-Type", BYTES)
            .header("Content-Length", large.size.to_string())
            .credential(place.low.credential());
        let known = self.undo.len();
        self.deleted_later(place, &place.target(&format!("blobs/{digest}")), true);
        let seen = self.session.pour(&put, large.pieces())?;
        self.forget_refused(known, &seen);
        if seen.response()?.status != 201 {
            return Err(not_allowed(place, &seen));
        }
        self.undo.retain(|undo| undo.what != at.target);
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn a_large_blob_has_the_hash_and_the_length_that_it_says() {
        for size in [1, PIECE, 2 * PIECE + 7] {
            let large = Large::new(size).unwrap();
            let bytes = large.pieces().collect::<Vec<_>>().concat();
            assert_eq!((bytes.len(), random::sha256(&bytes)), (size, large.digest().ok()));
        }
    }
}
