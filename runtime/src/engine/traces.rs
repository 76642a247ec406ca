//! Exports the spans of runs, made of their journals after the commits. An engine without an exporter does nothing here.

#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod on;
#[cfg(feature = "otel")]
mod round;

#[cfg(not(feature = "otel"))]
pub(super) use off::{finish, watch};
#[cfg(feature = "otel")]
pub(super) use on::{finish, watch};
