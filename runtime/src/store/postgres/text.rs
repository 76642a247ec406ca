//! The text of a query as Postgres reads it.

/// Returns the query with `$1` for `?1`, and with the tables of a schema if one was chosen.
///
/// The core's queries have no question mark but for a value, and name no table in a text. Functions have SQLite's
/// names in them.
pub(super) fn for_postgres(query: &str, schema: Option<&str>) -> String {
    // The clock is read once for a statement: a condition with a function that may differ from row to row is no condition of
    // an index, and every delayed task would be read to find those that are due.
    let with_values = query
        .replace('?', "$")
        .replace("instr(", "strpos(")
        .replace("unixepoch('subsec')", "(SELECT extract(epoch FROM clock_timestamp()))");
    let is_about_tables = !["SAVEPOINT", "ROLLBACK", "RELEASE"].iter().any(|word| with_values.starts_with(word));
    match schema {
        Some(schema) if is_about_tables => {
            // The name of a sequence stands in a text, where a quote is doubled once more.
            let (name, in_text) = (format!("{}.steadfast_", quoted(schema)), "'\u{1}");
            let tables = with_values.replace("'steadfast_", in_text).replace("steadfast_", &name);
            tables.replace(in_text, &format!("'{}", name.replace('\'', "''")))
        }
        _ => with_values,
    }
}

/// Returns a name in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::for_postgres;

    #[test]
    fn tables_have_their_schema_and_savepoints_have_none() {
        let query = "SELECT steadfast_runs.seq FROM steadfast_runs WHERE id = ?12";
        assert_eq!(for_postgres(query, None), "SELECT steadfast_runs.seq FROM steadfast_runs WHERE id = $12");
        let of_schema = "SELECT \"a\"\"b\".steadfast_runs.seq FROM \"a\"\"b\".steadfast_runs WHERE id = $12";
        assert_eq!(for_postgres(query, Some("a\"b")), of_schema);
        let drawn = for_postgres("SELECT nextval('steadfast_a') FROM steadfast_b", Some("it's"));
        assert_eq!(drawn, "SELECT nextval('\"it''s\".steadfast_a') FROM \"it's\".steadfast_b");
        assert_eq!(for_postgres("SAVEPOINT steadfast_write", Some("a")), "SAVEPOINT steadfast_write");
    }

    #[test]
    fn the_clock_is_read_once_for_a_statement() {
        let found = for_postgres("due <= CAST(unixepoch('subsec') * 1000 AS BIGINT)", None);
        assert_eq!(found, "due <= CAST((SELECT extract(epoch FROM clock_timestamp())) * 1000 AS BIGINT)");
    }
}
