//! What each command says, as text: `golden/*.txt`, the same on SQLite and on Postgres.
//!
//! To accept a change, run `STEADFAST_GOLDEN=overwrite cargo test -p steadfast-cli --test cli golden`.

use crate::filled::{Filled, SECRET};
use crate::tool::{on_terminal, piped};
use limits::Soon as _;
use std::fmt::Write as _;
use std::path::Path;

/// Every command that reads, but `health`, which differs from database to database.
const COMMANDS: &[&str] = &[
    "runs",
    "runs --status failed,parked --oldest-first",
    "runs --workflow order --label tenant=red --text der --since 1h",
    "runs --parent order-1",
    "runs --limit 2",
    "runs --before 2000-01-01",
    "runs --count",
    "runs --field status=paid --field cents>=100 --columns status,cents,other",
    "runs --field status=kept",
    "show order-1",
    "show parcel-1",
    "show broken-1",
    "show changed-1",
    "show picture-1",
    "show none",
    "history order-1",
    "history order-1 --limit 1 --after 3",
    "context order-1",
    "context order-1 --at 2",
    "context parcel-1",
    "diff order-1@2 @last",
    "diff order-1 order-1",
    "state order-1",
    "state parcel-1",
    "steps order-1",
    "requests",
    "requests order-1",
    "requests parcel-1",
    "queues",
    "queues gpu",
    "schedules",
    "workers",
    "retention --dry-run --older-than 0s",
    "retention --dry-run --older-than 30d --workflow order --status completed",
];

/// Replaces what differs from run to run: times, ids that are drawn, and what is passed. A time and an id are as wide as before.
pub(crate) fn steady(text: &str, drawn: &[(String, &str)]) -> String {
    let mut text = text.to_owned();
    for (what, name) in drawn {
        text = text.replace(what, name);
    }
    let (mut shown, mut word) = (String::new(), String::new());
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() || "-:.TZ".contains(c) {
            word.push(c);
            continue;
        }
        shown.push_str(&steady_word(&word));
        word.clear();
        if c != '\0' {
            shown.push(c);
        }
    }
    shown
}

/// Replaces the digits of a time, and those of an id.
fn steady_word(word: &str) -> String {
    let hex = word.chars().filter(char::is_ascii_hexdigit).count();
    let is_date = |word: &str| word.len() >= 10 && word.starts_with("20") && word.as_bytes()[4] == b'-';
    let is_clock = word.len() == 9 && word.ends_with('Z') && word.as_bytes()[2] == b':';
    let is_millis = word.len() == 13 && word.bytes().all(|digit| digit.is_ascii_digit());
    if hex >= 32 {
        return word.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
    }
    // The line and the column of a call in a source file.
    let is_place = word.starts_with(':') && word.len() > 3;
    if is_date(word) || is_clock || is_millis || is_place {
        return word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    }
    word.to_owned()
}

pub(crate) fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden").join(format!("{name}.txt"));
    if std::env::var("STEADFAST_GOLDEN").is_ok_and(|how| how == "overwrite") {
        std::fs::write(&path, found).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} differs; found is:\n{found}", path.display());
}

async fn says_what_is_golden(filled: &Filled) {
    let worker = filled.engine.workers().soon().await.expect("read").remove(0);
    let (process, host) = (worker.process, worker.host);
    let shown = if host.is_empty() { "-" } else { &host };
    let drawn = [
        (format!("\t{shown}\t{process}\t"), "\t<host>\t<process>\t"),
        (format!("\"host\":\"{host}\",\"process\":{process},"), "\"host\":\"<host>\",\"process\":0,"),
    ];
    let [mut pipe, mut json, mut wide, mut narrow] = [const { String::new() }; 4];
    for line in COMMANDS {
        let words: Vec<&str> = ["--db", &filled.name].into_iter().chain(line.split(' ')).collect();
        let as_json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let title = format!("$ steadfast {line}\n");
        for (text, words) in [(&mut pipe, &words), (&mut json, &as_json)] {
            let said = piped(words);
            let _ = writeln!(text, "{title}{}{}[{}]\n", said.stdout, said.stderr, said.code.unwrap_or(-1));
        }
        // The columns of workers are as wide as the name of the machine.
        let terminals = [(&mut wide, 140), (&mut narrow, 40)];
        for (text, columns) in terminals.into_iter().filter(|_| *line != "workers") {
            let (said, code) = on_terminal(columns, &[("NO_COLOR", "1")], &words);
            // Sentences on stderr are folded by the terminal.
            let is_row = |line: &&str| !line.starts_with("there are more") && !line.starts_with("steadfast: ");
            let longest = said.lines().filter(is_row).map(|line| line.chars().count()).max().unwrap_or_default();
            assert!(longest <= columns.into(), "{line} is {longest} wide on {columns}:\n{said}");
            // An id that is drawn has no place of its own once it is folded.
            let has_id = ["show ", "requests", "history order-1"].iter().any(|start| line.starts_with(start));
            if columns > 40 || !has_id {
                let _ = writeln!(text, "{title}{said}[{code}]\n");
            }
        }
    }
    for (name, text) in [("pipe", pipe), ("json", json), ("terminal", wide), ("narrow", narrow)] {
        assert!(!text.contains(SECRET), "a secret is shown: {text}");
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'),
            "a value acts on the terminal: {text}"
        );
        compare(name, &steady(&text, &drawn));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_on_sqlite() {
    says_what_is_golden(&Filled::file().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    says_what_is_golden(&filled).await;
}
