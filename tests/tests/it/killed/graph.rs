//! Graphs whose steps change the context by what they return and edit shared state in stores, killed at random moments.

use super::{Dice, Victim, wait_for_line};
use std::time::{Duration, Instant};

/// Long against all that should happen, short against a test that hangs.
const LONG: Duration = Duration::from_secs(90);

#[test]
fn every_change_of_context_and_shared_state_is_made_once_however_often_the_process_is_killed() {
    let seed = std::env::var("STEADFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    println!("seed {seed} (set STEADFAST_SEED for another)");
    let victim = Victim::new();
    let mut dice = Dice(seed);
    let (begun, mut kills) = (Instant::now(), 0);
    loop {
        assert!(begun.elapsed() < LONG, "it does not end");
        let mut child = victim.spawn("graph", 5_000);
        std::thread::sleep(Duration::from_millis(15 + dice.below(70)));
        if kills == 20 || child.try_wait().unwrap().is_some() {
            let _rest = wait_for_line(&mut child, "done");
            assert!(limits::ended(&mut child).success());
            break;
        }
        child.kill().unwrap();
        limits::ended(&mut child);
        kills += 1;
    }
    println!("killed {kills} times");
    assert!(kills >= 2, "the machine was too fast for this test to say anything");
    // A finished step never runs again: that the victim's asserts see. Attempts are there at least once for each page.
    assert!(victim.log().len() >= 4 * 12);
}
