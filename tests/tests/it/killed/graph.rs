//! Graphs whose steps change the context by what they return and edit shared state in stores, killed at random moments.

use super::Victim;

#[test]
fn every_change_of_context_and_shared_state_is_made_once_however_often_the_process_is_killed() {
    let victim = Victim::new();
    victim.killed_again_and_again("graph", 20, 15..85, 20_261_128);
    // A finished step never runs again: that the victim's asserts see. Attempts are there at least once for each page.
    assert!(victim.log().len() >= 4 * 12);
}
