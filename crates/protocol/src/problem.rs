//! Errors as registry clients read them (distribution-spec, "Error codes").

/// The codes of the distribution-spec, and those beside it that every client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// code-1: blob unknown to the repository.
    BlobUnknown,
    /// code-2: the upload was invalid.
    BlobUploadInvalid,
    /// code-3: no such upload.
    BlobUploadUnknown,
    /// code-4: the digest did not match the content, or is not one.
    DigestInvalid,
    /// code-5: the manifest names a blob that is not in the repository.
    ManifestBlobUnknown,
    /// code-6: the manifest is not valid.
    ManifestInvalid,
    /// code-7: manifest unknown to the repository.
    ManifestUnknown,
    /// code-8: not a repository name.
    NameInvalid,
    /// code-9: no such repository.
    NameUnknown,
    /// code-10: the length did not match the content.
    SizeInvalid,
    /// code-11: authentication is required.
    Unauthorized,
    /// code-12: access is denied.
    Denied,
    /// code-13: not supported.
    Unsupported,
    /// code-14: too many requests.
    TooManyRequests,
    /// The service cannot answer now.
    Unavailable,
}

impl ErrorCode {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BlobUnknown => "BLOB_UNKNOWN",
            Self::BlobUploadInvalid => "BLOB_UPLOAD_INVALID",
            Self::BlobUploadUnknown => "BLOB_UPLOAD_UNKNOWN",
            Self::DigestInvalid => "DIGEST_INVALID",
            Self::ManifestBlobUnknown => "MANIFEST_BLOB_UNKNOWN",
            Self::ManifestInvalid => "MANIFEST_INVALID",
            Self::ManifestUnknown => "MANIFEST_UNKNOWN",
            Self::NameInvalid => "NAME_INVALID",
            Self::NameUnknown => "NAME_UNKNOWN",
            Self::SizeInvalid => "SIZE_INVALID",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Denied => "DENIED",
            Self::Unsupported => "UNSUPPORTED",
            Self::TooManyRequests => "TOOMANYREQUESTS",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

/// One error, with the status that it travels under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// What kind of error it is.
    pub code: ErrorCode,
    /// One sentence for the person at the client.
    pub message: String,
}

impl Problem {
    /// An error with its sentence.
    #[must_use]
    pub fn new(status: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The JSON body. With a request id the sentence ends with the verb that explains it.
    #[must_use]
    pub fn body(&self, request_id: Option<&str>) -> String {
        let message = match request_id {
            Some(id) => format!("{} (pullgate why {id})", self.message),
            None => self.message.clone(),
        };
        serde_json::json!({ "errors": [{ "code": self.code.as_str(), "message": message }] }).to_string()
    }
}
