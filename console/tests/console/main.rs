//! The console over HTTP and in a browser.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod actions;
mod browser;
mod client;
mod filled;
mod hostile;
mod in_browser;
mod live;
mod looks;
mod mounted;
mod pages;
mod security;
