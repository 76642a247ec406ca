//! Graphs whose steps return changes of the context and edit shared state with stored fields, killed at random moments.

use super::Victim;
use crate::place::Place;

crate::tests_on!(file, postgres:
    every_change_of_context_and_shared_state_is_made_once_however_often_the_process_is_killed,
);

async fn every_change_of_context_and_shared_state_is_made_once_however_often_the_process_is_killed(place: Place) {
    let victim = Victim::new(place);
    victim.killed_again_and_again("graph", 20, 15..85, 20_261_128);
    // The victim's asserts check that no finished step runs again. There is at least one attempt for each page.
    assert!(victim.log().len() >= 4 * 12);
}
