//! What tests share: a limit for everything that they wait for (what does not come fails the test, and says what it was), and
//! numbers from a seed.

mod dice;
mod processes;

pub use dice::Dice;
pub use processes::{Heard, ended, hold_until, output, output_of};

use std::fmt::Display;
use std::future::IntoFuture;
use std::panic::Location;
use std::time::Duration;

/// Longer than anything takes in a test, also beside other tests and builds: what has not come by then does not come.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Waits for a future that must become ready.
///
/// # Panics
/// It is not ready within [`LIMIT`].
pub async fn soon<F: IntoFuture>(what: impl Display, waited_for: F) -> F::Output {
    let came = tokio::time::timeout(LIMIT, waited_for).await;
    came.unwrap_or_else(|_| panic!("{what} did not come within {LIMIT:?}"))
}

/// A limit for whatever can be awaited: `run.result().soon().await`.
pub trait Soon: IntoFuture + Sized {
    /// The same as [`soon`], named by the line that waits.
    #[track_caller]
    fn soon(self) -> impl Future<Output = Self::Output> {
        soon(format!("what is waited for at {}", Location::caller()), self)
    }
}

impl<F: IntoFuture> Soon for F {}

/// Asks every 5 ms until the answer is yes.
///
/// # Panics
/// It is not within [`LIMIT`]; the line that waits is named.
#[track_caller]
pub fn until(mut is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let asked = async move {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    asked.soon()
}
