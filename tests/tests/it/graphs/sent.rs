//! Events sent by hand, before the step ends.

use super::engine;
use limits::Soon as _;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;

#[derive(Event)]
struct Piece(u32);

#[derive(Event)]
struct Total {
    pieces: u32,
}

#[derive(Event)]
struct Seen(u32);

static ATTEMPTS: AtomicU32 = AtomicU32::new(0);

struct Sender;

#[workflow]
impl Sender {
    /// Fails after it has sent two events. The next attempt's repetitions have no effect.
    #[step(sends(Piece), retry(attempts = 2, backoff = "1ms"))]
    async fn cut(begin: Begin<u32>, scope: &StepScope) -> Result<Vec<Total>> {
        for piece in 0..begin.0 {
            if piece == 2 && ATTEMPTS.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(Error::msg("interrupted"));
            }
            scope.send(Piece(piece)).await?;
        }
        Ok(vec![Total { pieces: begin.0 }])
    }

    #[step]
    async fn see(piece: Piece) -> Result<Seen> {
        Ok(Seen(piece.0))
    }

    #[step]
    async fn end(#[collect] seen: Vec<Seen>, #[collect] total: Vec<Total>) -> Result<Stop<(u32, Vec<u32>)>> {
        let mut seen: Vec<_> = seen.iter().map(|seen| seen.0).collect();
        seen.sort_unstable();
        Ok(Stop((total[0].pieces, seen)))
    }
}

#[tokio::test]
async fn what_is_sent_by_hand_is_sent_once_and_belongs_to_the_fan_out() {
    let engine = engine(Sender).await;
    let run = engine.start(Sender, 4).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (4, vec![0, 1, 2, 3]));
    assert_eq!(ATTEMPTS.load(Ordering::SeqCst), 2);
}

struct Undeclared;

#[workflow]
impl Undeclared {
    #[step]
    async fn begin(_: Begin<()>, scope: &StepScope) -> Result<OneOf<Piece, Stop>> {
        scope.send(Piece(1)).await?;
        Ok(OneOf::B(Stop(())))
    }

    #[step]
    async fn see(_: Piece) -> Result<Stop> {
        Ok(Stop(()))
    }
}

#[tokio::test]
async fn what_a_step_does_not_declare_it_cannot_send() {
    let engine = engine(Undeclared).await;
    let error = engine.start(Undeclared, ()).await.unwrap().result().soon().await.unwrap_err().to_string();
    assert!(error.contains("write `#[step(sends(Piece))]` on it"), "{error}");
}
