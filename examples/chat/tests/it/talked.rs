//! Turns in many processes, and mistakes of users.

use crate::program::Program;

#[test]
fn what_was_said_in_one_process_is_known_in_the_next() {
    let program = Program::new();
    assert_eq!(program.said(&["say", "hello"]), "I see: 1 words.\n");
    assert_eq!(program.said(&["say", "My", "name", "is", "Ada."]), "Nice to meet you, Ada.\n");
    assert_eq!(program.typed("add 2 and 3\n\nwhat is my name?"), "That is 5.\nYour name is Ada.\n");
    assert_eq!(program.said(&["say", "what is my name?", "--with", "other"]), "You have not told me your name.\n");
    assert_eq!(program.said(&["say", "how many turns?"]), "This is turn 5.\n");
    let history = program.said(&["history"]);
    assert!(history.starts_with("  you: hello\n   it: I see: 1 words.\n"), "{history}");
    assert!(history.contains("  you: add 2 and 3\n tool: 5\n   it: That is 5.\n"), "{history}");
    assert!(history.ends_with("5 turns\nremembered: name is Ada\n"), "{history}");
    // Two of the six turns had two thoughts.
    assert_eq!(program.bill().len(), 8);
}

#[test]
fn a_long_conversation_forgets_its_beginning_and_no_fact() {
    let program = Program::new();
    let lines = "tell me more\n".repeat(25);
    program.typed(&format!("my name is Ada\n{lines}"));
    let history = program.said(&["history"]);
    assert_eq!(history.matches("tell me more").count(), 20);
    assert!(history.ends_with("26 turns\nremembered: name is Ada\n"), "{history}");
}

#[test]
fn mistakes_are_answered_with_one_sentence() {
    let program = Program::new();
    for (arguments, expected) in [
        (&["history"][..], "chat: chat.db does not exist; say something first, or name it with --database\n"),
        (&["say", " "], "chat: `say` needs something to say; `chat --help` lists what there is\n"),
    ] {
        let output = program.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert!(!program.has_files());
    }
}
