//! Content on its way in: a file that one request at a time writes to.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::{Algorithm, ContentRange, Digest, NameError, UploadId};
use tokio::task::spawn_blocking;

use super::content::Content;
use super::hashing::Hashing;
use crate::body::Upload;
use crate::error::StoreError;

/// Uploads whose hash is kept between two requests; the others are hashed again when they are finished.
const MAX_KEPT: usize = 4096;
/// Bytes that are taken between two looks at the free space.
const SPACE_STEP: u64 = 8 << 20;

/// Who writes to which upload, and the hashes of those that rest.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<UploadId, Option<Hashing>>>);

/// The right to write to an upload. It ends with this value.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    claims: &'a Claims,
    id: UploadId,
    hashing: Hashing,
    /// Whether the upload goes on after this request.
    lasting: bool,
}

/// The file of an upload, and the claim on it. One that does not last goes with this value.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    content: &'a Content,
    claim: Claim<'a>,
    path: PathBuf,
    file: Arc<File>,
    length: u64,
}

impl Claims {
    /// # Errors
    /// [`StoreError::UploadBusy`] while somebody else has it.
    pub(super) fn take(&self, id: &UploadId) -> Result<Claim<'_>, StoreError> {
        let hashing = match self.table().insert(id.clone(), None) {
            Some(None) => return Err(StoreError::UploadBusy),
            Some(Some(hashing)) => hashing,
            None => Hashing::new(Algorithm::Sha256),
        };
        Ok(Claim { claims: self, id: id.clone(), hashing, lasting: false })
    }

    fn table(&self) -> MutexGuard<'_, HashMap<UploadId, Option<Hashing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut table = self.claims.table();
        if self.lasting && table.len() <= MAX_KEPT {
            table.insert(self.id.clone(), Some(self.hashing.clone()));
        } else {
            table.remove(&self.id);
        }
    }
}

impl<'a> Arrival<'a> {
    /// A new file. Where nothing else is said, it lasts as long as this value.
    pub(super) fn draft(content: &'a Content, claims: &'a Claims, algorithm: Algorithm) -> Result<Self, StoreError> {
        let id = new_id()?;
        let mut claim = claims.take(&id)?;
        claim.hashing = Hashing::new(algorithm);
        let path = content.upload(&id);
        let file = Arc::new(content.disk.create(&path)?);
        Ok(Self { content, claim, path, file, length: 0 })
    }

    /// The file of an upload that is under way; `None` where the file is gone.
    pub(super) fn resume(
        content: &'a Content,
        mut claim: Claim<'a>,
        algorithm: Algorithm,
    ) -> Result<Option<Self>, StoreError> {
        let path = content.upload(&claim.id);
        let Some(file) = content.open_upload(&path)? else { return Ok(None) };
        let length = file.metadata().map_err(StoreError::at(&path))?.len();
        if claim.hashing.algorithm() != algorithm || claim.hashing.length() > length {
            claim.hashing = Hashing::new(algorithm);
        }
        claim.lasting = true;
        Ok(Some(Self { content, claim, path, file: Arc::new(file), length }))
    }

    pub(super) fn id(&self) -> &UploadId {
        &self.claim.id
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes are there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// There is an upload now that other requests continue.
    pub(super) fn last(mut self) {
        self.claim.lasting = true;
    }

    /// The upload is over: what is left of it goes with this value.
    pub(super) fn end(mut self) {
        self.claim.lasting = false;
    }

    /// Takes the body. What came stays, also where the rest does not come.
    pub(super) async fn receive<B: Upload>(
        &mut self,
        body: &mut B,
        range: Option<ContentRange>,
    ) -> Result<(), StoreError> {
        self.content.check_space()?;
        let mut announced = range.map(ContentRange::length);
        let wrong = || StoreError::Length { announced: range.map_or(0, ContentRange::length) };
        let mut unchecked = 0_u64;
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            let length = chunk.len() as u64;
            if let Some(left) = &mut announced {
                *left = left.checked_sub(length).ok_or_else(wrong)?;
            }
            self.write(&chunk)?;
            unchecked = unchecked.saturating_add(length);
            if unchecked >= SPACE_STEP {
                self.content.check_space()?;
                unchecked = 0;
            }
        }
        if announced.is_none_or(|left| left == 0) { Ok(()) } else { Err(wrong()) }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.content.disk.write(&self.file, &self.path, bytes, self.length)?;
        self.claim.hashing.add_at(self.length, bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// The digest of all that came. What was not hashed while it came is read again.
    pub(super) async fn digest(&self, algorithm: Algorithm) -> Result<Digest, StoreError> {
        let known = Some(&self.claim.hashing).filter(|hashing| hashing.algorithm() == algorithm);
        let mut hashing = known.map_or_else(|| Hashing::new(algorithm), Clone::clone);
        if hashing.length() < self.length {
            let (file, length) = (self.file.clone(), self.length);
            hashing = self.blocking(move || hashing.catch_up(&file, length).map(|()| hashing)).await?;
        }
        Ok(hashing.finish())
    }

    /// Waits until all that came is on the disk. Where this fails, nothing is known about any of it.
    pub(super) async fn sync(&self) -> Result<(), StoreError> {
        let (disk, file, path) = (self.content.disk.clone(), self.file.clone(), self.path.clone());
        self.blocking(move || Ok(disk.sync(&file, &path))).await?
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = spawn_blocking(work).await.map_err(io::Error::other).flatten();
        done.map_err(StoreError::at(&self.path))
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if !self.claim.lasting {
            // Where it stays, the next start removes it: no row names it.
            drop(self.content.disk.remove(&self.path));
        }
    }
}

/// 128 random bits.
fn new_id() -> Result<UploadId, StoreError> {
    let mut bits = [0; 16];
    rand::fill(&mut bits)?;
    URL_SAFE_NO_PAD.encode(bits).parse().map_err(|_: NameError| StoreError::Random(aws_lc_rs::error::Unspecified))
}
