//! All integration tests in one binary: one link instead of one for each file.

mod changed_code;
mod context;
mod crash_aid;
mod definitions;
mod faulty;
mod flows;
mod killed;
mod runs;
mod steps;
mod store;
mod ui;
