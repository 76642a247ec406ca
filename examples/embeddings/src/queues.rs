//! The two queues with their limits, which hold for all processes together. `embeddings limit` changes them later.

use crate::workflow::Tenant;
use steadfast::Queue;

/// The queue of the remote step `embed`.
pub const EMBED: &str = "embed";

/// The queue in which the runs of tenants wait.
pub const TENANTS: &str = "tenants";

/// Declares the queue of embeddings. Its key is the tenant, the first folder of a file's path: tenants take turns, so
/// one with many files does not hold up the others.
pub fn embed_queue() -> Queue {
    let tenant = |(file,): &(String,)| file.split('/').next().unwrap_or_default().to_owned();
    Queue::new(EMBED).total(8).key(tenant).per_key(4)
}

/// Declares the queue of tenants. If a folder is indexed while an earlier index of it has not ended, the later run of
/// each tenant waits for the earlier one.
pub fn tenants_queue() -> Queue {
    Queue::new(TENANTS).key(|tenant: &Tenant| tenant.name.clone()).in_order()
}
