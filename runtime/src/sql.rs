//! SQL in a transaction: [`Tx`], and the parts of SQLite's Rust interface that its statements need.
//!
//! The engine's file may hold tables of your own, whose names do not begin with `steadfast_`. A function with
//! [`#[transaction]`](crate::transaction), or the closure of [`Engine::transaction`](crate::Engine::transaction),
//! writes to them in the same commit as the engine's own rows.

mod error;
mod guard;
mod tokens;
mod tx;

pub use error::SqlError;
pub(crate) use guard::Guard;
pub(crate) use tx::End;
pub use tx::Tx;

pub use rusqlite::{self, params};
