//! Where secrets hide in images: one image for each place.

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::archive;
use crate::doubt::Doubt;
use crate::session::writing::random_bytes;

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// What stands in front of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// A mebibyte, which compresses to a thousandth.
const ZEROS: usize = 1024 * 1024;
/// How many of them a large file has, and a bomb.
const LARGE: usize = 60;
const BOMB: usize = 128;

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a file of a layer.
    Layer,
    /// In a file that a later layer takes away.
    Removed,
    /// In a variable of the environment.
    Environment,
    /// In a label.
    Label,
    /// In the line that built a layer.
    History,
    /// In a layer under Zstandard.
    Zstandard,
    /// In an archive in a layer.
    Nested,
    /// Among the files of a package of the distribution.
    Package,
    /// Among tests.
    Tests,
    /// At the end of a file of 60 MB.
    LargeFile,
    /// Behind so many zeros that nobody wants to read them.
    Bomb,
}

/// An image with a secret in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Hidden {
    /// Its layers, with their types.
    pub(super) layers: Vec<(&'static str, Vec<u8>)>,
    /// `config` of its configuration.
    pub(super) settings: Value,
    /// `history` of its configuration.
    pub(super) history: Value,
}

impl Place {
    pub(super) const ALL: [Self; 11] = [
        Self::Layer,
        Self::Removed,
        Self::Environment,
        Self::Label,
        Self::History,
        Self::Zstandard,
        Self::Nested,
        Self::Package,
        Self::Tests,
        Self::LargeFile,
        Self::Bomb,
    ];

    /// Its name, which is also the title of the image.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Layer => "secret in a layer",
            Self::Removed => "secret in a file that was removed",
            Self::Environment => "secret in the environment",
            Self::Label => "secret in a label",
            Self::History => "secret in the history",
            Self::Zstandard => "secret under zstd",
            Self::Nested => "secret in a nested archive",
            Self::Package => "secret below usr/lib/python3",
            Self::Tests => "secret below tests",
            Self::LargeFile => "secret in a file of 60 MB",
            Self::Bomb => "secret behind a bomb",
        }
    }

    /// An image with this secret there, and nowhere else.
    pub(super) fn hide(self, secret: &str) -> std::io::Result<Hidden> {
        let file = |name: &str| archive::tar(&[(name, secret.as_bytes())]);
        let clean = || archive::tar(&[("probe", b"nothing")]);
        let mut image = Hidden { settings: json!({}), history: json!([]), ..Hidden::default() };
        image.layers = vec![match self {
            Self::Environment | Self::Label | Self::History => (TAR, clean()),
            Self::Layer | Self::Removed => (GZIP, gzip(&file("app/deploy.pem"))?),
            Self::Zstandard => (ZSTD, zstd(&file("app/deploy.pem"))),
            Self::Nested => (GZIP, gzip(&archive::tar(&[("app/backup.tar.gz", &gzip(&file("deploy.pem"))?)]))?),
            Self::Package => (GZIP, gzip(&file("usr/lib/python3/dist-packages/app/deploy.pem"))?),
            Self::Tests => (GZIP, gzip(&file("app/tests/deploy.pem"))?),
            Self::LargeFile => (GZIP, behind_zeros(LARGE, secret)?),
            Self::Bomb => (GZIP, behind_zeros(BOMB, secret)?),
        }];
        match self {
            Self::Removed => image.layers.push((TAR, archive::tar(&[("app/.wh.deploy.pem", b"")]))),
            Self::Environment => image.settings = json!({ "Env": [format!("DEPLOY_KEY={secret}")] }),
            Self::Label => image.settings = json!({ "Labels": { "deploy.key": secret } }),
            Self::History => image.history = json!([{ "created_by": format!("RUN echo '{secret}' > /deploy.pem") }]),
            Self::Layer
            | Self::Zstandard
            | Self::Nested
            | Self::Package
            | Self::Tests
            | Self::LargeFile
            | Self::Bomb => {}
        }
        Ok(image)
    }
}

/// A private key that was never used and is kept by nobody: it looks like one to every scanner, and opens nothing.
pub(super) fn secret() -> Result<String, Doubt> {
    let key = [PKCS8.as_slice(), &random_bytes::<32>()?].concat();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(key)))
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// A tar archive with one file that ends with the secret, after so many mebibytes of zeros. Several members of gzip are one
/// stream (RFC 1952 section 2.2), so the zeros are compressed once.
fn behind_zeros(mebibytes: usize, secret: &str) -> std::io::Result<Vec<u8>> {
    let zeros = gzip(&vec![0; ZEROS])?;
    let (head, tail) = archive::around("app/dump", mebibytes * ZEROS, secret.as_bytes());
    let mut bytes = gzip(&head)?;
    bytes.extend(std::iter::repeat_n(zeros, mebibytes).flatten());
    bytes.extend(gzip(&tail)?);
    Ok(bytes)
}

/// One frame of one raw block (RFC 8878 section 3.1.1), which fits as long as there are less than 128 KiB.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    // A single segment whose length takes four bytes; the last block, raw, of that length.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend((length << 3 | 1).to_le_bytes().iter().take(3));
    frame.extend_from_slice(bytes);
    frame
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use flate2::read::MultiGzDecoder;
    use tar::Archive;

    use super::*;

    fn unpacked(kind: &str, bytes: &[u8]) -> Vec<u8> {
        match kind {
            GZIP => {
                let mut plain = Vec::new();
                MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
                plain
            }
            ZSTD => bytes[12..].to_vec(),
            _ => bytes.to_vec(),
        }
    }

    /// Names and ends of the files of a layer.
    fn files(kind: &str, bytes: &[u8]) -> Vec<(String, String)> {
        let mut archive = Archive::new(Cursor::new(unpacked(kind, bytes)));
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let end = content.len().saturating_sub(200);
            (entry.path().unwrap().display().to_string(), String::from_utf8_lossy(&content[end..]).into_owned())
        });
        entries.collect()
    }

    #[test]
    fn the_secret_is_where_it_is_said_to_be() {
        let secret = secret().unwrap();
        for place in Place::ALL {
            let image = place.hide(&secret).unwrap();
            let kept: Vec<(String, String)> =
                image.layers.iter().flat_map(|(kind, bytes)| files(kind, bytes)).collect();
            let in_file = kept.iter().any(|(_, end)| end.ends_with(&secret));
            let settings = image.settings.to_string() + &image.history.to_string();
            let in_settings = settings.contains("BEGIN PRIVATE KEY");
            let by_settings = matches!(place, Place::Environment | Place::Label | Place::History);
            assert_eq!((in_file, in_settings), (!by_settings && place != Place::Nested, by_settings), "{place:?}");
        }
        let nested = Place::Nested.hide(&secret).unwrap();
        let mut outer = Archive::new(Cursor::new(unpacked(GZIP, &nested.layers[0].1)));
        let mut inner = Vec::new();
        outer.entries().unwrap().next().unwrap().unwrap().read_to_end(&mut inner).unwrap();
        assert_eq!(files(GZIP, &inner), [("deploy.pem".to_owned(), secret)]);
    }

    #[test]
    fn what_is_large_is_small_on_the_wire() {
        for (place, least) in [(Place::LargeFile, 60 * ZEROS), (Place::Bomb, 128 * ZEROS)] {
            let image = place.hide("x").unwrap();
            assert!(image.layers[0].1.len() < 200_000);
            assert!(unpacked(GZIP, &image.layers[0].1).len() > least);
        }
    }
}
