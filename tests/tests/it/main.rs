//! All integration tests in one binary: one link instead of one for each file.

mod codec;
mod context;
mod definitions;
mod pedantic;
mod ui;
