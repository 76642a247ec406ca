//! Traces: each span is exported once, with the times of the journal, whichever process dies, and no value of a user is in
//! one.

mod collector;
mod expected;
mod given;
mod killed;
mod owed;
