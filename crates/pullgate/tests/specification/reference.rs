//! `docs/reference/distribution-spec.md`, made from the table beside this file.
