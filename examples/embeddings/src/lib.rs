//! Indexes the texts of many tenants: each text is embedded by a remote step, on whichever worker has room.
//!
//! Read `workflow.rs` first, then `queues.rs`. `program.rs` has the commands.

mod queues;
mod vector;
mod workflow;

pub use queues::{EMBED, TENANTS, embed_queue, tenants_queue};
pub use vector::{Model, Vector};
pub use workflow::{Folder, Indexed, Library, Settings, Tenant, embed, index_folder, index_tenant, say};
