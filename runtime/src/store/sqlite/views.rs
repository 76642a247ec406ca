//! Views for people with a shell; the engine does not read them.

/// A view, recreated whenever a database is opened with another schema.
pub(super) struct View {
    pub(super) name: &'static str,
    pub(super) query: &'static str,
}

macro_rules! readable {
    ($body:literal) => {
        concat!(
            "CASE WHEN typeof(",
            $body,
            ") = 'blob' THEN '<' || length(",
            $body,
            ") || ' bytes>' ELSE ",
            $body,
            " END"
        )
    };
}

macro_rules! utc {
    ($at:literal) => {
        concat!("strftime('%Y-%m-%dT%H:%M:%fZ', ", $at, " / 1000.0, 'unixepoch')")
    };
}

pub(super) const VIEWS: &[View] = &[
    View {
        name: "steadfast_history",
        query: concat!(
            "SELECT r.id AS run, l.seq - l.count + 1 + m.key AS seq, ",
            utc!("coalesce(m.value ->> 10, l.at)"),
            " AS time, m.value ->> 0 AS kind, m.value ->> 1 AS position,
                m.value ->> 5 AS name, m.value ->> 4 AS attempt, ",
            utc!("(m.value ->> 8)"),
            " AS due, CASE m.value ->> 2 WHEN 'json' THEN CAST(substr(l.bodies, 1 +
                (SELECT coalesce(sum(b.value ->> 3), 0) FROM json_each(l.entries) b WHERE b.key < m.key), m.value ->> 3) AS TEXT)
                ELSE '<' || iif(m.value ->> 2 IS NULL, NULL, m.value ->> 3) || ' bytes>' END AS value
            FROM steadfast_log l JOIN steadfast_runs r ON r.number = l.run, json_each(l.entries) m
            ORDER BY l.run, l.seq, m.key"
        ),
    },
    View {
        name: "steadfast_context",
        // SQLite defines that, beside `max`, the other columns come from the row that has the maximum.
        query: concat!(
            "SELECT r.id AS run, f.name AS field, ",
            readable!("f.body"),
            " AS value, max(f.seq) AS since
            FROM steadfast_fields f JOIN steadfast_runs r ON r.number = f.run
            WHERE f.name NOT GLOB 'state.*' AND f.name NOT GLOB 'key.*' AND f.name NOT GLOB 'result.*'
            GROUP BY r.id, f.name ORDER BY r.id, f.name"
        ),
    },
    View {
        name: "steadfast_state",
        // As above. A removed key has a row without a value.
        query: concat!(
            "SELECT run, field, value, since FROM (SELECT r.id AS run, f.name AS field, ",
            readable!("f.body"),
            " AS value, max(f.seq) AS since, f.form AS form, length(f.body) AS size
            FROM steadfast_fields f JOIN steadfast_runs r ON r.number = f.run
            WHERE f.name GLOB 'state.*' OR f.name GLOB 'key.*'
            GROUP BY r.id, f.name ORDER BY r.id, f.name) WHERE form <> 'parts' OR size > 0"
        ),
    },
];
