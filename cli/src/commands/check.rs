//! `check`: whether a program can go on with the unfinished runs of a database; and inputs, as its workflows read them.

use crate::args::{Annotations, Global};
use crate::database;
use crate::escape::escaped;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use std::fmt::Write as _;
use std::path::PathBuf;
use steadfast::operate::StartOptions;
use steadfast::store::MemoryStore;
use steadfast::{CheckReport, Engine, EngineBuilder};

/// Checks every unfinished run of the database, or of these exports, and writes nothing.
pub(super) async fn check(
    global: &Global,
    builder: Option<EngineBuilder>,
    exports: &[PathBuf],
    annotations: Option<Annotations>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let Some(builder) = builder else {
        let why = "to check runs takes the code of their workflows, which this program does not have: give your program a \
                   command line with `steadfast_cli::main(builder)`, and run its `check`";
        return Err(Failure::Usage(why.to_owned()));
    };
    let report = if exports.is_empty() {
        database::existing(global, builder).await?.check().await?
    } else {
        builder.check_exports(exports.to_vec()).await?
    };
    if out.is_json() {
        out.bytes(format!("{}\n", report.to_json()).as_bytes())?;
    } else {
        let text: Vec<String> = report.to_string().lines().map(escaped).collect();
        out.bytes(format!("{}\n", text.join("\n")).as_bytes())?;
    }
    if let Some(Annotations::Github) = annotations {
        out.bytes(annotated(&report).as_bytes())?;
    }
    Ok(if report.is_ok() { Exit::Done } else { Exit::Failed })
}

/// Returns a line for each problem in the form of GitHub Actions.
fn annotated(report: &CheckReport) -> String {
    let mut lines = String::new();
    for problem in report.problems() {
        let title = format!("run `{}` of workflow `{}`", problem.run, problem.workflow);
        let mut text = problem.reason.message.clone();
        for help in &problem.help {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\nhelp: {help}");
        }
        let _ = writeln!(lines, "::error title={}::{}", property(&title), data(&text));
    }
    lines
}

/// Escapes the text of an annotation.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    escaped(&text)
}

/// Escapes a property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Reads the input of a run to be started as its workflow does: by a check of that run in memory.
///
/// # Errors
/// The program does not have the workflow, or that cannot read the input.
pub(super) async fn input(start: StartOptions, builder: EngineBuilder) -> Result<(), Failure> {
    let store = MemoryStore::new();
    let start = StartOptions { queue: None, queue_key: None, priority: None, ..start };
    let client = Engine::builder().store(store.clone()).client().start().await?;
    client.operate("check")?.because("").start(start).await?;
    let report = builder.store(store).check().await?;
    let problem = report.problems().first();
    problem.map_or(Ok(()), |problem| Err(Failure::Usage(format!("nothing was started: {}", problem.reason.message))))
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn an_annotation_is_one_line() {
        assert_eq!(data("100 %\nof\r\u{1b}[31m"), "100 %25%0Aof%0D\\u{1b}[31m");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
