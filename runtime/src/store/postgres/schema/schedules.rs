//! The table of schedules.

/// Schedules. Each firing changes a row, and its `due` is in an index, so autovacuum removes the dead rows after a fixed
/// number: a query for the next one steps over them.
pub(super) const SCHEDULES: &[&str] = &[
    "CREATE TABLE steadfast_schedules (
        name TEXT COLLATE \"C\" PRIMARY KEY,
        workflow TEXT COLLATE \"C\" NOT NULL,
        version BIGINT NOT NULL,
        spec TEXT NOT NULL,
        revision BIGINT NOT NULL,
        due BIGINT,
        state TEXT NOT NULL,
        form TEXT NOT NULL,
        body BYTEA
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    "CREATE INDEX steadfast_schedules_due ON steadfast_schedules (due, name) WHERE due IS NOT NULL",
];
