//! The console over HTTP and in a browser.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod actions;
mod client;
mod filled;
mod pages;
mod security;
