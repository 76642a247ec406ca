//! All integration tests in one binary: one link instead of one for each file.

mod context;
mod definitions;
mod ui;
