//! What the official suites are told, by their variables. Each suite has names of its own; where the newer one reads an
//! older name too, both say the same, so that nobody has to know which suite it is.

use std::path::Path;
use std::process::Command;

use super::registry::{OTHER_REPOSITORY, REPOSITORY, ROBOT};

/// The suite of the main branch: the groups that are off unless asked for.
const GROUPS: [(&str, &str); 5] = [
    ("OCI_DATA_SPARSE", "true"),
    ("OCI_API_MANIFESTS_TAG_PARAM", "true"),
    ("OCI_API_MANIFESTS_DIGEST_HEADER", "true"),
    ("OCI_API_BLOBS_DIGEST_HEADER", "true"),
    ("OCI_API_BLOBS_UPLOAD_CANCEL", "true"),
];

/// The suite of v1.1.1: all four workflows, and a mount without a source that is a plain upload.
const WORKFLOWS: [(&str, &str); 7] = [
    ("OCI_TEST_PULL", "1"),
    ("OCI_TEST_PUSH", "1"),
    ("OCI_TEST_CONTENT_DISCOVERY", "1"),
    ("OCI_TEST_CONTENT_MANAGEMENT", "1"),
    ("OCI_AUTOMATIC_CROSSMOUNT", "0"),
    ("OCI_DELETE_MANIFEST_BEFORE_BLOBS", "1"),
    ("OCI_HIDE_SKIPPED_WORKFLOWS", "0"),
];

/// Replaces every `OCI_` variable by those of this registry.
pub(super) fn set(command: &mut Command, address: &str, key: &str, reports: &Path) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OCI_")) {
        command.env_remove(name);
    }
    command.env("OCI_USERNAME", ROBOT).env("OCI_PASSWORD", key);
    command.env("OCI_REGISTRY", address).env("OCI_TLS", "disabled").env("OCI_VERSION", "1.1");
    command.env("OCI_REPO1", REPOSITORY).env("OCI_REPO2", OTHER_REPOSITORY);
    command.env("OCI_RESULTS_DIR", reports).envs(GROUPS);
    command.env("OCI_ROOT_URL", format!("http://{address}"));
    command.env("OCI_NAMESPACE", REPOSITORY).env("OCI_CROSSMOUNT_NAMESPACE", OTHER_REPOSITORY);
    command.env("OCI_REPORT_DIR", reports).envs(WORKFLOWS);
}
