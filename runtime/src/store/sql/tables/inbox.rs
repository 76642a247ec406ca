//! Items of inboxes.

use super::Tables;
use crate::store::sql::columns::{text_or_null, value_cells};
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, queries};
use crate::store::{NewInboxItem, StoreError};

impl<S: Session> Tables<'_, S> {
    pub(super) fn insert_inbox_item(&self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError> {
        let [encoding, body] = value_cells(item.value.as_ref());
        let values = [
            Cell::Int(run),
            Cell::Text(item.kind.as_str().as_bytes()),
            text_or_null(item.key.as_ref()),
            Cell::Int(item.at),
            text_or_null(item.name.as_ref()),
            item.position.map_or(Cell::Null, clamped),
            text_or_null(item.sender.as_ref()),
            encoding,
            body,
        ];
        self.drawn(queries::INSERT_ITEM, &values)
    }
}
