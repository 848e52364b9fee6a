//! Path, query and headers as a typed request: strictly, and from the raw path, before any percent-decoding.

use std::str::FromStr;

use http::Method;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, IF_NONE_MATCH, RANGE};

use super::{Malformed, Mount, Oci, Operation, Page, Reading};
use crate::conditional::{ByteRange, ContentRange, EntityTags};
use crate::digest::{Algorithm, Digest};
use crate::head::Head;
use crate::media_type::MediaType;
use crate::name::{NameError, Reference, Repository, Tag, UploadId};
use crate::problem::ErrorCode;
use crate::query::Query;

/// The most `tag` parameters of one manifest PUT; a registry must take as many as that (distribution-spec, end-7b).
const MAX_TAGS: usize = 10;

/// The path is cut from its right end, because a repository may itself be called `a/manifests` or `blobs/uploads`.
pub(super) fn oci(head: &Head, path: &str) -> Result<Oci, Malformed> {
    let rest = path.strip_prefix("/v2/").ok_or_else(Malformed::path)?;
    if rest.contains("//") || rest.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(Malformed::name(NameError::Repository));
    }
    let (rest, last) = rest.rsplit_once('/').ok_or_else(Malformed::path)?;
    let query = Query::parse(head.query.as_deref())?;
    let (name, operation) = if let Some(name) = rest.strip_suffix("/blobs/uploads") {
        (name, upload(head, &query, last)?)
    } else if let Some(name) = rest.strip_suffix("/manifests") {
        (name, manifest(head, &query, last)?)
    } else if let Some(name) = rest.strip_suffix("/blobs") {
        (name, blob(head, last)?)
    } else if let Some(name) = rest.strip_suffix("/referrers") {
        (name, referrers(head, &query, last)?)
    } else if let (Some(name), "list") = (rest.strip_suffix("/tags"), last) {
        (name, Operation::ListTags { page: page::<Tag>(head, &query)? })
    } else {
        return Err(Malformed::path());
    };
    Ok(Oci { repository: name.parse().map_err(Malformed::name)?, operation })
}

/// `/v2/_catalog`: no repository has such a name.
pub(super) fn catalog(head: &Head) -> Result<Page, Malformed> {
    page::<Repository>(head, &Query::parse(head.query.as_deref())?)
}

fn manifest(head: &Head, query: &Query, last: &str) -> Result<Operation, Malformed> {
    let reference = reference(last);
    match head.method {
        Method::GET | Method::HEAD => {
            // A reference that cannot exist does not exist: readers get the 404 of any other.
            let reference =
                reference.map_err(|_| Malformed::new(404, ErrorCode::ManifestUnknown, "no such manifest"))?;
            Ok(Operation::ReadManifest { reference, reading: reading(head)?, known: known(head)? })
        }
        Method::PUT => {
            let tags: Result<Vec<Tag>, NameError> = query.all("tag").map(str::parse).collect();
            if query.all("tag").count() > MAX_TAGS {
                return Err(Malformed::query(format!("a manifest is given at most {MAX_TAGS} tags at once")));
            }
            let media_type = match text(head, CONTENT_TYPE)? {
                None => None,
                Some(value) => Some(
                    value
                        .parse::<MediaType>()
                        .map_err(|error| Malformed::new(400, ErrorCode::ManifestInvalid, error.to_string()))?,
                ),
            };
            let reference = reference.map_err(Malformed::name)?;
            Ok(Operation::WriteManifest { reference, tags: tags.map_err(Malformed::name)?, media_type })
        }
        Method::DELETE => Ok(Operation::DeleteManifest { reference: reference.map_err(Malformed::name)? }),
        _ => Err(Malformed::method()),
    }
}

fn blob(head: &Head, last: &str) -> Result<Operation, Malformed> {
    let digest = digest(last).map_err(Malformed::name)?;
    match head.method {
        Method::GET | Method::HEAD => {
            let range = text(head, RANGE)?.and_then(ByteRange::parse);
            Ok(Operation::ReadBlob { digest, reading: reading(head)?, range, known: known(head)? })
        }
        Method::DELETE => Ok(Operation::DeleteBlob { digest }),
        _ => Err(Malformed::method()),
    }
}

fn upload(head: &Head, query: &Query, last: &str) -> Result<Operation, Malformed> {
    let named = |name| query.one(name).map(|value| value.parse::<Digest>().map_err(Malformed::name)).transpose();
    if last.is_empty() {
        return if head.method == Method::POST { open_upload(query) } else { Err(Malformed::method()) };
    }
    let upload: UploadId = last.parse().map_err(Malformed::name)?;
    let range = || match text(head, CONTENT_RANGE)? {
        None => Ok(None),
        Some(value) => ContentRange::parse(value).map(Some).ok_or_else(|| {
            Malformed::new(416, ErrorCode::BlobUploadInvalid, "not a `Content-Range`: write it as `0-1023`")
        }),
    };
    match head.method {
        Method::PATCH => Ok(Operation::AppendUpload { upload, range: range()? }),
        Method::PUT => {
            let digest = named("digest")?.ok_or_else(|| {
                Malformed::new(400, ErrorCode::DigestInvalid, "the parameter `digest` is missing: it names the blob")
            })?;
            Ok(Operation::FinishUpload { upload, digest, range: range()? })
        }
        Method::GET => Ok(Operation::ReadUpload { upload }),
        Method::DELETE => Ok(Operation::CancelUpload { upload }),
        _ => Err(Malformed::method()),
    }
}

fn open_upload(query: &Query) -> Result<Operation, Malformed> {
    let named = |name| query.one(name).map(|value| value.parse::<Digest>().map_err(Malformed::name)).transpose();
    let algorithm = match query.one("digest-algorithm") {
        None | Some("sha256") => Algorithm::Sha256,
        Some("sha512") => Algorithm::Sha512,
        Some(_) => return Err(Malformed::name(NameError::Digest)),
    };
    let from = query.one("from").map(|value| value.parse::<Repository>().map_err(Malformed::name)).transpose()?;
    let digest = named("digest")?;
    let algorithm = digest.as_ref().map_or(algorithm, Digest::algorithm);
    Ok(Operation::OpenUpload { mount: named("mount")?.map(|digest| Mount { digest, from }), digest, algorithm })
}

fn referrers(head: &Head, query: &Query, last: &str) -> Result<Operation, Malformed> {
    let page = page::<Digest>(head, query)?;
    // A media type has no space: where one stands, the client left the plus of `+json` as it is.
    let artifact_type = query.one("artifactType").filter(|text| !text.is_empty()).map(|text| text.replace(' ', "+"));
    Ok(Operation::ListReferrers { subject: digest(last).map_err(Malformed::name)?, artifact_type, page })
}

/// Part of a list of names of one kind.
fn page<T: FromStr<Err = NameError>>(head: &Head, query: &Query) -> Result<Page, Malformed> {
    if head.method != Method::GET {
        return Err(Malformed::method());
    }
    let number = |value| {
        crate::conditional::decimal(value).ok_or_else(|| Malformed::query("the parameter `n` is not a number".into()))
    };
    let n = query.one("n").map(number).transpose()?;
    let last = query.one("last").filter(|last| !last.is_empty());
    if let Some(last) = last {
        last.parse::<T>().map_err(Malformed::name)?;
    }
    Ok(Page { n, last: last.map(str::to_owned) })
}

pub(super) fn reading(head: &Head) -> Result<Reading, Malformed> {
    match head.method {
        Method::GET => Ok(Reading::Get),
        Method::HEAD => Ok(Reading::Head),
        _ => Err(Malformed::method()),
    }
}

fn known(head: &Head) -> Result<Option<EntityTags>, Malformed> {
    Ok(text(head, IF_NONE_MATCH)?.map(EntityTags::parse))
}

fn text(head: &Head, name: HeaderName) -> Result<Option<&str>, Malformed> {
    head.single(name).map_err(|error| Malformed::query(error.to_string()))
}

fn reference(text: &str) -> Result<Reference, NameError> {
    if text.contains([':', '%']) { digest(text).map(Reference::Digest) } else { text.parse() }
}

/// The one percent-encoding that is understood: some clients encode the colon of a digest.
fn digest(text: &str) -> Result<Digest, NameError> {
    match text.split_once("%3A").or_else(|| text.split_once("%3a")) {
        Some((algorithm, hex)) => format!("{algorithm}:{hex}").parse(),
        None => text.parse(),
    }
}
