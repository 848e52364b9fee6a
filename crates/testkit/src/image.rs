//! Small OCI images made without a network: the same arguments always give the same bytes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A folder in the OCI image layout with one image or one index in it.
#[derive(Debug)]
pub struct Layout {
    folder: PathBuf,
    top: Value,
    images: Vec<Image>,
}

/// One image of a layout, by the digests of its parts.
#[derive(Debug, Clone)]
pub struct Image {
    /// The manifest's digest, `sha256:` and 64 hex digits.
    pub manifest: String,
    /// The configuration's digest.
    pub config: String,
    /// The digest of the only layer (tar and gzip).
    pub layer: String,
    /// The layer's size in bytes.
    pub layer_size: u64,
    /// `amd64` or `arm64`.
    pub architecture: &'static str,
}

impl Layout {
    /// Writes to `folder` a linux/amd64 image of one layer with `size` bytes of noise in it, never holding them
    /// in memory. Images with different names share no blob.
    pub fn image(folder: &Path, name: &str, size: u64) -> Self {
        let (image, descriptor) = write_image(folder, name, "amd64", size);
        Self::finish(folder, descriptor, vec![image])
    }

    /// Writes to `folder` an index over two images, linux/amd64 and linux/arm64.
    pub fn index(folder: &Path, name: &str) -> Self {
        let (images, manifests): (Vec<_>, Vec<_>) =
            ["amd64", "arm64"].map(|architecture| write_image(folder, name, architecture, 1024)).into_iter().unzip();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        let descriptor = write_json(folder, INDEX, &index);
        Self::finish(folder, descriptor, images)
    }

    /// The layout's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The digest of the image's manifest, or of the index.
    pub fn digest(&self) -> &str {
        self.top["digest"].as_str().expect("a descriptor has a digest")
    }

    /// The images: one, or those of the index.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The same folder seen as a layout of one image of its index.
    pub fn only(&self, image: &Image) -> Self {
        let top = json!({ "mediaType": MANIFEST, "digest": image.manifest, "size": self.size(&image.manifest) });
        Self { folder: self.folder.clone(), top, images: vec![image.clone()] }
    }

    /// The file of a blob or manifest in the layout.
    pub fn blob(&self, digest: &str) -> PathBuf {
        blob_path(&self.folder, digest)
    }

    /// Writes one tar that `docker load` (first image, named `name`), `ctr images import` and podman all read.
    pub fn archive(&self, file: &Path, name: &str) {
        let mut tar = tar::Builder::new(create(file));
        tar.append_dir_all("blobs", self.folder.join("blobs")).expect("blobs are added");
        let image = self.images.first().expect("a layout has an image");
        let path = |digest: &str| format!("blobs/{}", digest.replace(':', "/"));
        let docker = json!([{ "Config": path(&image.config), "RepoTags": [name], "Layers": [path(&image.layer)] }]);
        let mut top = self.top.clone();
        top["annotations"] = json!({ "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name });
        append(&mut tar, "oci-layout", layout_version().to_string().as_bytes());
        append(&mut tar, "index.json", index_json(&top).to_string().as_bytes());
        append(&mut tar, "manifest.json", docker.to_string().as_bytes());
        tar.into_inner().and_then(|mut writer| writer.flush()).expect("the archive is written");
    }

    fn size(&self, digest: &str) -> u64 {
        fs::metadata(self.blob(digest)).expect("a blob of the layout").len()
    }

    fn finish(folder: &Path, top: Value, images: Vec<Image>) -> Self {
        fs::write(folder.join("oci-layout"), layout_version().to_string()).expect("oci-layout is written");
        fs::write(folder.join("index.json"), index_json(&top).to_string()).expect("index.json is written");
        Self { folder: folder.to_owned(), top, images }
    }
}

/// `length` bytes that do not compress; the same seed gives the same bytes.
#[derive(Debug, Clone)]
pub struct Noise {
    state: u64,
    left: u64,
}

impl Noise {
    /// Noise of `length` bytes.
    pub fn new(seed: u64, length: u64) -> Self {
        // Xorshift stays at zero for ever if it starts there.
        Self { state: seed | 1 << 63, left: length }
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        for chunk in buffer[..wanted].chunks_mut(8) {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            chunk.copy_from_slice(&self.state.to_le_bytes()[..chunk.len()]);
        }
        self.left -= wanted as u64;
        Ok(wanted)
    }
}

/// `sha256:` and the hex digits of what `bytes` hash to.
pub fn digest_of(bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    render(context)
}

fn write_image(folder: &Path, name: &str, architecture: &'static str, size: u64) -> (Image, Value) {
    let (layer, diff_id) = write_layer(folder, name, architecture, size);
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": { "Cmd": ["/hello"], "Labels": { "name": name } },
        "rootfs": { "type": "layers", "diff_ids": [diff_id] },
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "testkit" }],
    });
    let config = write_json(folder, CONFIG, &config);
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
    let mut descriptor = write_json(folder, MANIFEST, &manifest);
    descriptor["platform"] = json!({ "architecture": architecture, "os": "linux" });
    let text = |value: &Value| value.as_str().expect("a digest is text").to_owned();
    let image = Image {
        manifest: text(&descriptor["digest"]),
        config: text(&config["digest"]),
        layer: text(&layer["digest"]),
        layer_size: layer["size"].as_u64().expect("a size is a number"),
        architecture,
    };
    (image, descriptor)
}

/// Returns the layer's descriptor and the digest of the uncompressed tar.
fn write_layer(folder: &Path, name: &str, architecture: &str, size: u64) -> (Value, String) {
    let unfinished = folder.join("layer.tmp");
    fs::create_dir_all(folder).expect("the folder is made");
    // Noise does not compress; stored, a gigabyte takes seconds.
    let gzip = GzBuilder::new().mtime(0).write(Hashing::new(create(&unfinished)), Compression::none());
    let mut tar = tar::Builder::new(Hashing::new(gzip));
    let greeting = format!("hello from {name} on {architecture}\n");
    // Without an entry of its own the top folder becomes read-only, and nobody but root can delete what was unpacked.
    tar.append_data(&mut folder_header(), "./", io::empty()).expect("the top folder is added");
    append(&mut tar, "hello", greeting.as_bytes());
    let seed = greeting.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
    tar.append_data(&mut header(size), "noise", Noise::new(seed, size)).expect("the noise is added");
    let (gzip, diff_id, _) = tar.into_inner().expect("the tar ends").finish();
    let (mut file, digest, bytes) = gzip.finish().expect("the gzip stream ends").finish();
    file.flush().expect("the layer is written");
    let path = blob_path(folder, &digest);
    fs::create_dir_all(path.parent().expect("a blob has a folder")).expect("the folder of blobs is made");
    fs::rename(unfinished, path).expect("the layer is renamed");
    (json!({ "mediaType": LAYER, "digest": digest, "size": bytes }), diff_id)
}

fn write_json(folder: &Path, media_type: &str, value: &Value) -> Value {
    let bytes = value.to_string().into_bytes();
    let digest = digest_of(&bytes);
    fs::write(blob_path(folder, &digest), &bytes).expect("the blob is written");
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}

fn index_json(top: &Value) -> Value {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [top] })
}

fn layout_version() -> Value {
    json!({ "imageLayoutVersion": "1.0.0" })
}

fn append(tar: &mut tar::Builder<impl Write>, path: &str, bytes: &[u8]) {
    tar.append_data(&mut header(bytes.len() as u64), path, bytes).expect("a file is added");
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header
}

fn folder_header() -> tar::Header {
    let mut header = header(0);
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o755);
    header
}

fn blob_path(folder: &Path, digest: &str) -> PathBuf {
    folder.join("blobs").join(digest.replace(':', "/"))
}

fn create(file: &Path) -> BufWriter<File> {
    BufWriter::new(File::create(file).expect("a file is made"))
}

fn render(context: Context) -> String {
    let hex: String = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A writer that hashes and counts what passes.
struct Hashing<W> {
    inner: W,
    context: Context,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self { inner, context: Context::new(&SHA256), bytes: 0 }
    }

    fn finish(self) -> (W, String, u64) {
        (self.inner, render(self.context), self.bytes)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.context.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_give_the_same_bytes() {
        let [first, second] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let digest = |folder: &Path| Layout::index(folder, "app").digest().to_owned();
        assert_eq!(digest(first.path()), digest(second.path()));
        assert_ne!(digest(first.path()), Layout::index(second.path(), "other").digest());
    }

    #[test]
    fn every_blob_is_named_by_its_digest() {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Layout::image(folder.path(), "app", 100_000);
        let image = &layout.images()[0];
        for digest in [layout.digest(), &image.config, &image.layer] {
            assert_eq!(digest_of(&fs::read(layout.blob(digest)).expect("a blob")), digest);
        }
        assert_eq!(fs::metadata(layout.blob(&image.layer)).expect("a layer").len(), image.layer_size);
        assert!(image.layer_size > 99_000, "noise does not compress");
    }

    #[test]
    fn noise_has_its_length() {
        let mut bytes = Vec::new();
        Noise::new(7, 1_000_003).read_to_end(&mut bytes).expect("noise is read");
        assert_eq!(bytes.len(), 1_000_003);
    }
}
