//! What these tests are made of: a store in a folder of its own, requests as clients write them, bodies in pieces.

use std::collections::VecDeque;
use std::future::Future;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use policy::{Condition, Epoch, PrincipalId, UploadOwner};
use protocol::{Algorithm, Digest, Head, Now, Oci, Request};
use tempfile::TempDir;

use crate::body::{Upload, UploadError};
use crate::error::StoreError;
use crate::served::{Payload, Served};
use crate::settings::Settings;
use crate::store::disk::{Disk, Step};
use crate::store::hashing::Hashing;
use crate::store::{Store, Work};

pub(super) type Answer = Result<Served, StoreError>;

/// A store, and the folder under it.
pub(super) struct Bench {
    pub(super) store: Option<Store>,
    pub(super) folder: TempDir,
    pub(super) settings: Settings,
    pub(super) now: Now,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Settings { keep_free: 0, ..Settings::default() })
    }

    pub(super) fn with(settings: Settings) -> Self {
        let now = Now { wall: Timestamp::from_second(1_800_000_000).unwrap(), tick: Duration::ZERO };
        let mut bench = Self { store: None, folder: TempDir::new().unwrap(), settings, now };
        bench.reopen();
        bench
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    pub(super) fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().join("store").join(below)
    }

    pub(super) fn open(&self, disk: Disk) -> Result<Store, StoreError> {
        Store::open_on(disk, &self.path(""), self.settings.clone(), self.now)
    }

    pub(super) fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.open(Disk::default()).unwrap());
    }

    /// From now on the disk asks this before every step.
    pub(super) fn reopen_on(&mut self, before: impl Fn(Step) -> std::io::Result<()> + Send + Sync + 'static) {
        self.store = None;
        self.store = Some(self.open(Disk { before: Some(Arc::new(before)) }).unwrap());
    }

    pub(super) fn ask(&self, line: &str, body: impl Into<Body>) -> Answer {
        self.ask_with(line, &[], body)
    }

    pub(super) fn ask_with(&self, line: &str, headers: &[(&'static str, &str)], body: impl Into<Body>) -> Answer {
        run(serve(self.store(), &request(line, headers), &[], self.now, body))
    }

    pub(super) fn ask_if(&self, line: &str, conditions: &[Condition], body: impl Into<Body>) -> Answer {
        run(serve(self.store(), &request(line, &[]), conditions, self.now, body))
    }

    /// Opens an upload, and says where it goes on.
    pub(super) fn begin(&self, repository: &str) -> String {
        header(&self.ask(&format!("POST /v2/{repository}/blobs/uploads/"), ()).unwrap(), "location")
    }

    /// Pushes a blob, and says its digest.
    pub(super) fn push(&self, repository: &str, content: &str) -> String {
        let digest = digest(content);
        let served = self.ask(&format!("POST /v2/{repository}/blobs/uploads/?digest={digest}"), content).unwrap();
        assert_eq!(served.status, 201);
        digest
    }

    /// Pushes an image of one configuration and one layer, and says its digest.
    pub(super) fn push_image(&self, repository: &str, tag: &str, layer: &str) -> String {
        let image = image(&self.push(repository, "{}"), &[&self.push(repository, layer)]);
        let served = self.ask(&format!("PUT /v2/{repository}/manifests/{tag}"), image.as_str()).unwrap();
        assert_eq!(served.status, 201);
        digest(&image)
    }

    /// The content that a GET finds; none where it is 404.
    pub(super) fn content(&self, target: &str) -> Option<String> {
        match self.ask(&format!("GET {target}"), ()) {
            Ok(served) => Some(text(served)),
            Err(error) => {
                assert_eq!(error.problem().status, 404, "{error}");
                None
            }
        }
    }
}

pub(super) async fn serve<B: Into<Body>>(
    store: &Store,
    request: &Oci,
    conditions: &[Condition],
    now: Now,
    body: B,
) -> Answer {
    store.serve(Work { request, conditions, owner: &owner("r1"), now, body: body.into() }).await
}

pub(super) fn owner(name: &str) -> UploadOwner {
    UploadOwner { principal: Some(PrincipalId::new(name)), epoch: Epoch(1) }
}

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// `METHOD target`, as the listener would hand it over.
pub(super) fn request(line: &str, headers: &[(&'static str, &str)]) -> Oci {
    let (method, target) = line.split_once(' ').unwrap();
    let mut head = Head::new(Method::from_bytes(method.as_bytes()).unwrap(), target);
    for (name, value) in headers {
        head.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let Request::Oci(oci) = Request::parse(&head).unwrap() else { panic!("{line}") };
    oci
}

pub(super) fn header(served: &Served, name: &str) -> String {
    served.headers.get(name).unwrap().to_str().unwrap().to_owned()
}

/// What would go over the wire.
pub(super) fn text(served: Served) -> String {
    let bytes = match served.payload {
        Payload::Empty => Vec::new(),
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::File { file, span } => {
            let mut bytes = vec![0; span.length as usize];
            file.read_exact_at(&mut bytes, span.start).unwrap();
            bytes
        }
    };
    String::from_utf8(bytes).unwrap()
}

pub(super) fn status(answer: &Answer) -> u16 {
    match answer {
        Ok(served) => served.status,
        Err(error) => error.problem().status,
    }
}

pub(super) fn digest(content: &str) -> String {
    Hashing::of(Algorithm::Sha256, content.as_bytes()).to_string()
}

pub(super) fn file_digest(algorithm: Algorithm, path: &std::path::Path) -> Digest {
    let mut bytes = Vec::new();
    std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    Hashing::of(algorithm, &bytes)
}

pub(super) fn descriptor(media_type: &str, digest: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":2}}"#)
}

pub(super) fn image(config: &str, layers: &[&str]) -> String {
    let config = descriptor("application/vnd.oci.image.config.v1+json", config);
    let layer = |digest: &&str| descriptor("application/vnd.oci.image.layer.v1.tar+gzip", digest);
    let layers = layers.iter().map(layer).collect::<Vec<_>>().join(",");
    manifest("image.manifest", &format!(r#""config":{config},"layers":[{layers}]"#))
}

pub(super) fn index(manifests: &[&str]) -> String {
    let child = |digest: &&str| descriptor("application/vnd.oci.image.manifest.v1+json", digest);
    let manifests = manifests.iter().map(child).collect::<Vec<_>>().join(",");
    manifest("image.index", &format!(r#""manifests":[{manifests}]"#))
}

pub(super) fn manifest(kind: &str, members: &str) -> String {
    format!(r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.{kind}.v1+json", {members} }}"#)
}

/// A body in pieces, and whether its request still stands.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) pieces: VecDeque<Result<Bytes, UploadError>>,
    pub(super) standing: bool,
}

impl Body {
    pub(super) fn pieces<const N: usize>(pieces: [&str; N]) -> Self {
        let pieces = pieces.into_iter().map(|piece| Ok(Bytes::copy_from_slice(piece.as_bytes())));
        Self { pieces: pieces.collect(), standing: true }
    }

    pub(super) fn then(mut self, error: UploadError) -> Self {
        self.pieces.push_back(Err(error));
        self
    }

    pub(super) fn fallen(mut self) -> Self {
        self.standing = false;
        self
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::pieces([])
    }
}

impl From<&str> for Body {
    fn from(content: &str) -> Self {
        Self::pieces([content])
    }
}

impl Upload for Body {
    async fn next(&mut self) -> Option<Result<Bytes, UploadError>> {
        self.pieces.pop_front()
    }

    fn standing(&self) -> bool {
        self.standing
    }
}
