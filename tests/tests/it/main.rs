//! All integration tests in one binary: one link instead of one for each file.

mod context;
mod crash_aid;
mod definitions;
mod flows;
mod killed;
mod steps;
mod store;
mod ui;
