//! What stands behind the gate: our own store of manifests and blobs.

mod body;
mod error;
mod origin;
mod served;
mod settings;
mod store;

pub use body::{Upload, UploadError};
pub use error::{Fault, StoreError};
pub use origin::Origin;
pub use served::{Payload, Served};
pub use settings::Settings;
pub use store::{Outline, Store, outline};
