//! All integration tests in one binary: one link instead of one for each file.

mod bad_input;
mod changed_code;
mod codec;
mod context;
mod contexts;
mod crash_aid;
mod definitions;
mod faulty;
mod field_store;
mod flows;
mod killed;
mod pedantic;
mod power_loss;
mod recorded;
mod runs;
mod secrets;
mod snapshots;
mod standing;
mod steps;
mod store;
mod ui;
mod unreplayable;
