//! The program as its users run it: an indexer and two workers on one database.

mod killed;
mod limits_change;
mod mistakes;
mod nightly;
mod program;
mod tenants_take_turns;
