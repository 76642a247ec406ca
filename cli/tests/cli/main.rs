//! The command-line tool as processes: in a pipe, on a terminal, and with bad input.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod acting;
mod asked;
mod bad_input;
mod bulk;
mod chapter;
mod exits;
mod filled;
mod golden;
mod own;
mod pipes;
mod serve;
mod terminals;
mod tool;
mod top;
mod traces;
