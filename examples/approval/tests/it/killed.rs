//! Kills the program at any moment: it resumes, and no question, payment or mail is sent twice.

use crate::program::Program;
use std::time::Duration;

#[test]
fn killed_at_any_moment_after_the_approval_it_pays_once() {
    let program = Program::new();
    for (done, millis) in [0, 4, 9, 15, 22, 30, 40, 55, 70, 85, 100, 130].into_iter().enumerate() {
        let expense = program.start("2d");
        let question = program.questions().remove(0);
        // Each step waits 20 ms before and after its effect: about 80 ms to the end.
        let working = program.work(&["--pause", "20ms"]);
        program.said(&["approve", &question]);
        std::thread::sleep(Duration::from_millis(millis));
        working.kill();
        assert_eq!(program.questions(), [""; 0], "killed after {millis} ms, and asked again");
        program.said(&["work", "--until-idle"]);
        assert!(
            program.said(&["history", &expense]).starts_with("approved by bob, paid\n"),
            "killed after {millis} ms"
        );
        let sent = program.sent();
        let of = |text| sent.iter().filter(|line| line.starts_with(text)).count();
        assert_eq!((of("payment"), of("mail"), sent.len()), (done + 1, done + 1, 2 * done + 2), "after {millis} ms");
    }
}

#[test]
fn killed_while_it_waits_and_approved_while_nobody_works() {
    let program = Program::new();
    let expense = program.start("2d");
    let working = program.work(&[]);
    let question = program.questions().remove(0);
    working.kill();
    assert_eq!(program.questions(), [question.as_str()], "the question is the same");
    // The steps take longer than the process that answers lives. The next process does the rest.
    program.said(&["approve", &question, "--by", "carl"]);
    let said = program.said(&["work", "--until-idle"]);
    assert!(said.ends_with("nothing is left to do, 0 expenses wait\n"), "{said}");
    assert!(program.said(&["history", &expense]).starts_with("approved by carl, paid\n"));
    assert_eq!(program.sent().len(), 2);
}

#[test]
fn the_time_goes_on_while_nobody_works() {
    let program = Program::new();
    let expense = program.start("200ms");
    std::thread::sleep(Duration::from_millis(250));
    program.said(&["work", "--until-idle"]);
    let second = program.question_to_a_manager();
    let working = program.work(&[]);
    working.kill();
    assert_eq!(program.question_after(""), second, "a manager is asked once");
    assert_eq!(program.sent(), ["mail to manager: nobody has answered: 129.00 for ada: train to Graz"]);
    program.said(&["approve", &second, "--by", "eve", "--manager"]);
    program.said(&["work", "--until-idle"]);
    assert!(program.said(&["history", &expense]).starts_with("approved by eve, paid\n"));
}

#[test]
fn interrupted_it_lets_a_step_finish() {
    let program = Program::new();
    program.start("2d");
    let mut working = program.work(&["--pause", "100ms"]);
    program.said(&["approve", &program.questions().remove(0)]);
    working.hear("payment to ada");
    let (ended, said) = working.interrupt();
    assert!(ended.success(), "{said:?}");
    program.said(&["work", "--until-idle"]);
    let runs = program.said(&["list"]);
    assert_eq!(runs, "no question is open\n");
    assert_eq!(program.sent().len(), 2);
}
