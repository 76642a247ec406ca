//! The row that points to a step's result in a field store; its name cannot be that of a context field.

const RESULT: &str = "result.";

/// Returns the name of the row of a step's result.
pub(crate) fn of_result(step: &str) -> String {
    format!("{RESULT}{step}")
}

/// Returns the step whose result a row points to; `None` for a row of a context or of shared state.
pub(crate) fn result_of(row: &str) -> Option<&str> {
    row.strip_prefix(RESULT)
}
