//! A crate that denies every lint and uses all macros: `cargo clippy` and `cargo doc` are the test.
#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    non_ascii_idents,
    unused,
    single_use_lifetimes,
    unused_lifetimes,
    unused_qualifications,
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    trivial_casts,
    variant_size_differences,
    let_underscore_drop,
    private_bounds,
    private_interfaces,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]

pub mod database;
pub mod orders;
pub mod papers;
