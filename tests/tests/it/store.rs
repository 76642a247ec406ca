//! The stores: the common cases, and the particulars of each.

use steadfast::store::MemoryStore;

steadfast::conformance!(memory, MemoryStore::new, MemoryStore::clone);
steadfast::conformance!(sqlite, on_disk::fresh, on_disk::again);

mod damage;
mod lists;
mod on_disk;
mod opening;
mod packed;
mod scarcity;
mod sharing;
mod views;
mod writing;
