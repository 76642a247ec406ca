//! Tests that every kind of entry that is a command is decoded as a command, and encoded as the same entry.

use super::{At, Command, Given};
use crate::record::{Delivers, FORMAT, Kind, Role, RunIdentity};
use crate::store::EntryRow;
use crate::value::Value;

/// Returns an entry with a value in every column.
fn entry(kind: Kind) -> EntryRow {
    let value = match kind {
        Kind::ContextUpdated => r#"["total"]"#,
        Kind::LabelSet | Kind::ChildCancelled => r#""red""#,
        _ => r#"{"version":1,"fields":[]}"#,
    };
    EntryRow {
        seq: 7,
        format: FORMAT,
        kind,
        cause: Some(6),
        at: 1,
        position: Some(3),
        name: Some("name".to_owned()),
        attempt: Some(1),
        context: Some(2),
        due: Some(9),
        value: Some(Value::json(value)),
        other: Some("other".to_owned()),
    }
}

#[test]
fn commands_are_read_and_written_as_the_same_kind() {
    let run = RunIdentity { id: "run".to_owned(), workflow: "workflow".to_owned(), execution: [1; 16] };
    for kind in Kind::ALL {
        let recorded = entry(*kind);
        let command = Command::from_entry(&recorded);
        assert_eq!(command.is_some(), kind.role() == Role::Command, "{kind:?}");
        let Some(command) = command else { continue };
        assert_eq!(command.kind(), *kind);
        let at = At { run: &run, position: 3, seq: 7, now: 1, due: Some(9), context: Some(2), refused: false };
        let mut again = EntryRow { name: None, other: None, attempt: None, value: None, ..entry(*kind) };
        command.to_entry(&at, command.given().and_then(Given::value).cloned(), &mut again);
        assert!(Command::from_entry(&again).is_some_and(|again| again == command), "{again:?} is not {command}");
        assert_eq!(Command::from_entry(&again).map(|again| again.to_string()), Some(command.to_string()));
    }
}

#[test]
fn what_is_delivered_to_a_call_completes_a_command() {
    let entries: Vec<_> = Kind::ALL.iter().map(|kind| entry(*kind)).collect();
    // A wait for a message has no request.
    let receive = EntryRow { other: None, ..entry(Kind::ReceiveStarted) };
    let answer = EntryRow { name: None, ..entry(Kind::ReceiveStarted) };
    let commands = entries.iter().chain([&receive, &answer]).filter_map(Command::from_entry);
    let completes: Vec<Kind> = commands.flat_map(|command| command.completed_by()).copied().collect();
    for kind in Kind::ALL {
        let to_a_call = match kind.delivers() {
            Delivers::Nothing | Delivers::Start | Delivers::Cancel | Delivers::Deadline => false,
            Delivers::Result
            | Delivers::Failure
            | Delivers::Time
            | Delivers::Arrival
            | Delivers::Refusal
            | Delivers::ChildEnd
            | Delivers::Message
            | Delivers::Event
            | Delivers::Answer
            | Delivers::Expiry => true,
        };
        assert_eq!(completes.contains(kind), to_a_call, "{kind:?}");
    }
}
