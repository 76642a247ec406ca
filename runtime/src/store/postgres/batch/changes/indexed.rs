//! The keys of indexed fields that a batch changes.

use super::{Bulk, Own};
use std::collections::BTreeMap;

/// The last key of each field, by run and name: one statement cannot change a row twice.
#[derive(Debug, Default)]
pub(super) struct IndexedChanges(BTreeMap<(i64, String), Option<[String; 2]>>);

const SET: &str = "INSERT INTO steadfast_indexed (run, workflow, name, value)
    SELECT * FROM unnest(?1::bigint[], ?2::text[], ?3::text[], ?4::text[])
    ON CONFLICT (run, name) DO UPDATE SET value = excluded.value";

const REMOVE: &str = "DELETE FROM steadfast_indexed i USING unnest(?1::bigint[], ?2::text[]) AS u (run, name)
    WHERE i.run = u.run AND i.name = u.name";

impl IndexedChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn set(&mut self, run: i64, workflow: &str, name: &str, value: Option<&str>) {
        let value = value.map(|value| [workflow.to_owned(), value.to_owned()]);
        self.0.insert((run, name.to_owned()), value);
    }

    pub(super) fn into_statements(self) -> [Bulk; 2] {
        let (mut set, mut removed) = (Bulk::new(SET, "ittt"), Bulk::new(REMOVE, "it"));
        for ((run, name), value) in self.0 {
            let (run, name) = (Own::Int(run), Own::Text(name.into()));
            match value {
                Some([workflow, value]) => set.add([run, Own::Text(workflow.into()), name, Own::Text(value.into())]),
                None => removed.add([run, name]),
            }
        }
        [set, removed]
    }
}
