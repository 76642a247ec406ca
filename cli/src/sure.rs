//! Asks before something is destroyed.

use crate::escape::escaped;
use crate::exit::Failure;
use crate::out::Out;
use std::io::{self, IsTerminal as _, Write as _};

/// Asks on a terminal whether to go on. In a pipe nothing is destroyed without `--yes`.
pub(crate) fn ask(out: &Out, yes: bool, what: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !out.is_for_people() || !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("nothing was done: to {what} without being asked, pass `--yes`")));
    }
    let _ = write!(anstream::stderr(), "{}? [y/N] ", escaped(&capital(what)));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(Failure::Output)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::Unwanted) }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
