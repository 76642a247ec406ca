//! Questions and answers, from separate processes.

use crate::program::Program;

#[test]
fn approved_beside_a_worker_that_came_after_the_start() {
    let program = Program::new();
    let expense = program.start("2d");
    let mut working = program.work(&[]);
    let question = program.questions().remove(0);
    let said = program.said(&["approve", &question]);
    assert_eq!(said, "approved by bob: 129.00 for ada: train to Graz\n");
    working.hear("mail to ada: paid");
    let (ended, said) = working.interrupt();
    assert!(ended.success(), "{said:?}");
    assert_eq!(said[1..], ["payment to ada: 129.00", "mail to ada: paid: 129.00 for ada: train to Graz", STOPPING]);
    let history = program.said(&["history", &expense]);
    assert!(history.starts_with("approved by bob, paid\n"), "{history}");
    assert_eq!(program.questions(), [""; 0]);
}

const STOPPING: &str = "stopping: steps under way may finish";

#[test]
fn approved_beside_a_worker_that_came_before_the_start() {
    let program = Program::new();
    // The process that starts an expense drives it until it exits. Then the working process claims the run.
    let mut working = program.work(&[]);
    program.start("2d");
    let question = program.questions().remove(0);
    program.said(&["approve", &question]);
    program.said(&["work", "--until-idle"]);
    assert_eq!(program.sent(), ["payment to ada: 129.00", "mail to ada: paid: 129.00 for ada: train to Graz"]);
    // The working process also claims a later expense.
    program.start("2s");
    working.hear("mail to manager: nobody has answered");
    working.kill();
}

#[test]
fn nobody_approves_his_own_expense_and_the_question_is_asked_again() {
    let program = Program::new();
    let expense = program.start("2d");
    let first = program.questions().remove(0);
    program.said(&["approve", &first, "--by", "ada", "--manager"]);
    program.said(&["work", "--until-idle"]);
    let second = program.question_after(&first);
    let listed = program.said(&["list"]);
    assert!(listed.contains("asked again: ada asks for the money, so another person has to answer"), "{listed}");
    assert!(listed.contains("asks a colleague, until 20") && listed.contains(&expense), "{listed}");
    program.said(&["reject", &second, "--because", "take the bus"]);
    program.said(&["work", "--until-idle"]);
    let history = program.said(&["history", &expense]);
    assert!(history.starts_with("rejected by bob: take the bus\n"), "{history}");
    let lines: Vec<&str> = history.lines().skip(1).take(3).collect();
    assert_eq!(
        lines,
        [
            "    1 begun: 129.00 for ada: train to Graz",
            "    2 the answer does not count: ada asks for the money, so another person has to answer",
            "    3 rejected by bob: take the bus",
        ]
    );
    assert_eq!(program.sent(), ["mail to ada: rejected by bob, take the bus: 129.00 for ada: train to Graz"]);
}

#[test]
fn what_nobody_answers_in_time_goes_to_a_manager_for_as_long_as_it_takes() {
    let program = Program::new();
    let expense = program.start("2s");
    let working = program.work(&[]);
    let second = program.question_to_a_manager();
    assert_eq!(program.sent(), ["mail to manager: nobody has answered: 129.00 for ada: train to Graz"]);
    program.said(&["approve", &second]);
    let third = program.question_after(&second);
    assert!(program.said(&["list"]).contains("asked again: bob is no manager"));
    program.said(&["approve", &third, "--by", "eve", "--manager"]);
    program.said(&["work", "--until-idle"]);
    working.kill();
    assert!(program.said(&["history", &expense]).starts_with("approved by eve, paid\n"));
}

#[test]
fn of_two_answers_one_counts_and_the_same_answer_twice_is_one() {
    let program = Program::new();
    let expense = program.start("2d");
    let question = program.questions().remove(0);
    program.said(&["approve", &question]);
    for _ in 0..2 {
        let again = program.said(&["approve", &question, "--by", "bob"]);
        assert_eq!(again, format!("{question} was approved by bob before: nothing has changed\n"));
        program.said(&["work", "--until-idle"]);
    }
    for other in [&["reject", &question, "--because", "no"][..], &["approve", &question, "--by", "eve"]] {
        let output = program.run(other);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let sentence = format!(
            "approval: question {question} was answered already, and otherwise: `approval history` of its expense says how\n"
        );
        assert_eq!(String::from_utf8(output.stderr).unwrap(), sentence);
    }
    assert!(program.said(&["history", &expense]).starts_with("approved by bob, paid\n"));
    assert_eq!(program.sent().len(), 2);
}

#[test]
fn an_expense_with_an_id_of_its_own_is_started_once() {
    let program = Program::new();
    let start = ["start", "--by", "ada", "--cents", "500", "--for", "tea", "--id", "tea-1"];
    assert_eq!(program.said(&start), "tea-1\n");
    assert_eq!(program.said(&start), "tea-1\n");
    assert_eq!(program.questions().len(), 1);
    let output = program.run(&["start", "--by", "ada", "--cents", "501", "--for", "tea", "--id", "tea-1"]);
    assert_eq!(output.status.code(), Some(1));
    let sentence = "approval: expense tea-1 is there already, and another one: choose another id; `approval history` shows \
                    that one\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), sentence);
}
