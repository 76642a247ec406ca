//! Macros of steadfast.
