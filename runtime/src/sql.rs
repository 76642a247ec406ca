//! SQL in a transaction: [`Tx`], its parameters and its rows.
//!
//! The engine's database may hold tables of your own, whose names do not begin with `steadfast_`. A function with
//! [`#[transaction]`](crate::transaction), or the closure of [`Engine::transaction`](crate::Engine::transaction),
//! writes to them in the same commit as the engine's own rows.
//!
//! A statement names its parameters `?1`, `?2`, .. or `?`, on every database. They are passed as an array, a tuple, a
//! slice, `()`, or [`params!`]; each is a [`ToSql`](types::ToSql). [`Row::get`](types::Row::get) reads a column by its
//! number or its name, as a type that is [`FromSql`](types::FromSql):
//!
//! ```
//! use steadfast::sql::TestDatabase;
//!
//! # fn main() -> steadfast::Result<()> {
//! let mut database = TestDatabase::new();
//! database.execute("CREATE TABLE seats (name TEXT PRIMARY KEY, price INTEGER NOT NULL, note TEXT)")?;
//! let cheap = database.transaction(|tx| {
//!     tx.execute("INSERT INTO seats VALUES (?1, ?2, ?3)", ("4A", 120, None::<String>))?;
//!     tx.query("SELECT name, price FROM seats WHERE price < ?1", [200], |row| {
//!         Ok((row.get::<String>(0)?, row.get::<u32>("price")?))
//!     })
//! })?;
//! assert_eq!(cheap, [("4A".to_owned(), 120)]);
//! # Ok(())
//! # }
//! ```

pub(crate) mod error;
mod from_sql;
mod params;
mod row;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
pub(crate) mod statements;
#[cfg(feature = "sqlite")]
mod test_database;
mod to_sql;
mod tx;
mod value;

#[doc(inline)]
pub use crate::__sql_params as params;
pub use error::SqlError;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use test_database::TestDatabase;
pub use tx::Tx;

/// The types of parameters, rows and columns, for types and helper functions of your own.
///
/// A function that reads a row takes a [`Row`](types::Row), and a type of your own that is a parameter or a column
/// implements [`ToSql`](types::ToSql) or [`FromSql`](types::FromSql).
pub mod types {
    pub use super::from_sql::FromSql;
    pub use super::params::Params;
    pub use super::row::{Column, Row};
    pub use super::to_sql::ToSql;
    pub use super::value::SqlValue;
}
