//! `steadfast`: looks into a database of runs from a terminal or a script, and acts on it.

use std::process::ExitCode;

fn main() -> ExitCode {
    steadfast_cli::tool()
}
