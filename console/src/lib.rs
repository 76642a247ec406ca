//! A console for Steadfast in the browser: what runs do, what their typed state was when a step ran, and every action of
//! an operator.
//!
//! A [`Console`] reads through an [`Inspector`](steadfast::inspect::Inspector) and acts through an
//! [`Operator`](steadfast::operate::Operator), so it needs neither the types nor the code of the program. It is a
//! [`Router`](axum::Router) to mount in a program of yours, or a server of its own:
//!
//! ```no_run
//! use steadfast::inspect::Inspector;
//! use steadfast_console::Console;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let console = Console::new(Inspector::sqlite("orders.db").await?, None);
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 8080)).await?;
//! println!("{}", console.address(listener.local_addr()?));
//! console.serve(listener).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Every address answers in JSON if the request accepts `application/json` and no HTML.

/// The chapter of the guide, whose program is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/console.md")]
pub struct Guide;

mod access;
mod actions;
mod answer;
mod asked;
mod assets;
mod console;
mod forms;
mod graph;
mod layout;
mod links;
mod live;
mod pages;
mod security;
mod timeline;
mod times;
mod values;

pub use access::Access;
pub use console::Console;
