//! Fields that are in stores: loaded while a run is replayed.

use super::core::Core;
use crate::machine::{ParkCause, ParkReason, Rebuild};
use crate::run_env::RunEnv;
use crate::store::FieldRow;
use crate::value::Value;

/// The value of a field that is in a store.
pub(super) fn load(_core: &Core, _env: &RunEnv, row: &FieldRow) -> Result<Value, Rebuild> {
    Err(ParkReason::new(ParkCause::FieldStore, format!("field `{}` is in a store", row.name)).into())
}
