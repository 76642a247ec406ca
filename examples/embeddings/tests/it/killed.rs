//! Workers and the indexer are killed again and again: what they say in the end is what can be computed without them.

use crate::program::Program;
use limits::Dice;
use std::time::Duration;

fn killed_again_and_again(program: &Program, seed: u64) {
    let mut dice = Dice::seeded(seed);
    for (tenant, texts) in [("acme", 60), ("books", 12), ("zenith", 5)] {
        program.write(tenant, texts);
    }
    let (counts, found) = program.expected("a bridge in winter");
    let mut workers = [program.worker("150"), program.worker("150")];
    let mut index = program.index();
    let mut kills = 0;
    while kills < 12 && !index.has_ended() {
        // The first kills come at any moment, the others after something was done: on Postgres, the work of a killed
        // worker waits until its lease has ended.
        let lines = if kills < 3 { 0 } else { program.log().len() + 1 + dice.index(10) };
        limits::hold_until(|| program.log().len() >= lines || index.has_ended());
        std::thread::sleep(Duration::from_millis(dice.below(if kills < 3 { 300 } else { 60 })));
        kills += 1;
        // The process is killed by the drop of the one before.
        match dice.index(5) {
            4 => {
                drop(index);
                index = program.index();
            }
            which => workers[which % 2] = program.worker("150"),
        }
    }
    println!("{kills} kills, {} lines", program.log().len());
    assert!(kills >= 6, "the machine was too fast for this test to say anything");
    assert_eq!(index.summary(), counts);
    assert_eq!(program.said(&["search", "a bridge in winter"]), found);
    assert_eq!(program.said(&["index", "texts"]), counts, "a start that finds everything done says the same");
}

#[test]
fn on_a_file_the_summary_stays_right() {
    killed_again_and_again(&Program::on_a_file(), 20_261_201);
}

#[test]
fn on_postgres_the_summary_stays_right() {
    let Some(program) = Program::on_postgres() else { return };
    killed_again_and_again(&program, 20_261_202);
}

#[test]
fn a_worker_that_is_interrupted_ends_in_order_and_another_one_goes_on() {
    let program = Program::on_a_file();
    program.write("acme", 40);
    let (first, index) = (program.worker("50"), program.index());
    limits::hold_until(|| program.log().len() > 8);
    first.interrupt();
    assert_eq!(first.summary(), "");
    let _second = program.worker("50");
    assert_eq!(index.summary(), "acme: 40 texts\n");
    assert_eq!(program.log().len(), 80, "no text was embedded twice");
}
