//! Shared parts of the tests: time limits for everything that a test waits for, which fail the test and name the wait,
//! and pseudo-random numbers from a seed.

mod dice;
mod processes;

pub use dice::Dice;
pub use processes::{Heard, ended, hold_until, output, output_of};

use std::fmt::Display;
use std::future::IntoFuture;
use std::panic::Location;
use std::time::Duration;

/// The time limit of every wait. It is longer than any wait takes, also beside other tests and builds.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Waits for a future that must become ready.
///
/// # Panics
/// It is not ready within [`LIMIT`].
pub async fn soon<F: IntoFuture>(what: impl Display, waited_for: F) -> F::Output {
    let came = tokio::time::timeout(LIMIT, waited_for).await;
    came.unwrap_or_else(|_| panic!("{what} did not come within {LIMIT:?}"))
}

/// A time limit for any future: `run.result().soon().await`.
pub trait Soon: IntoFuture + Sized {
    /// Waits like [`soon`], and names the calling line on failure.
    #[track_caller]
    fn soon(self) -> impl Future<Output = Self::Output> {
        soon(format!("what is waited for at {}", Location::caller()), self)
    }
}

impl<F: IntoFuture> Soon for F {}

/// Polls a condition every 5 ms until it holds.
///
/// # Panics
/// It does not hold within [`LIMIT`]. The message names the calling line.
#[track_caller]
pub fn until(mut is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let asked = async move {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    asked.soon()
}
