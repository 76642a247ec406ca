//! Where answers go: to a terminal, into a pipe, or as JSON.

use crate::done::Done;
use crate::escape::escaped;
use crate::exit::Failure;
use crate::json;
use crate::table::{Pair, Table};
use anstream::{AutoStream, ColorChoice};
use serde::Serialize;
use std::io::{self, IsTerminal as _, Stdout, Write as _};

/// The width of a terminal that reports none.
const WIDTH: u16 = 80;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people, folded to this many columns.
    Terminal { width: u16 },
    /// A row a line, with a tab between columns.
    Plain,
    /// An object a line.
    Json,
}

/// Where answers go, and in which form.
pub(crate) struct Out {
    stream: AutoStream<Stdout>,
    pub(crate) form: Form,
    pub(crate) is_colored: bool,
}

impl Out {
    pub(crate) fn new(json: bool, color: clap::ColorChoice) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let choice = match color {
            // `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM`, and whether it is a terminal.
            clap::ColorChoice::Auto => AutoStream::choice(&stdout),
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        let is_colored = choice != ColorChoice::Never;
        // It was decided here.
        crossterm::style::force_color_output(is_colored);
        let form = match (json, is_terminal) {
            (true, _) => Form::Json,
            (false, true) => Form::Terminal { width: width(&stdout) },
            (false, false) => Form::Plain,
        };
        // What is written is plain if there are to be no colors: only the clearing of the screen is not.
        Self { stream: AutoStream::always(stdout), form, is_colored }
    }

    pub(crate) const fn is_json(&self) -> bool {
        matches!(self.form, Form::Json)
    }

    pub(crate) const fn is_for_people(&self) -> bool {
        matches!(self.form, Form::Terminal { .. })
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Writes an answer as one object.
    pub(crate) fn json(&mut self, answer: &impl Serialize) -> io::Result<()> {
        let line = json::line(answer)?;
        self.bytes(line.as_bytes())
    }

    /// Writes one object a line, all at once.
    pub(crate) fn json_lines<T: Serialize>(&mut self, items: &[T]) -> io::Result<()> {
        let lines = items.iter().map(json::line).collect::<io::Result<String>>()?;
        self.bytes(lines.as_bytes())
    }

    pub(crate) fn table(&mut self, table: &Table, with_header: bool) -> io::Result<()> {
        let text = table.text(self.form, self.is_colored, with_header);
        self.bytes(text.as_bytes())
    }

    /// Writes an answer that is no list: a name and a value a line.
    pub(crate) fn pairs(&mut self, pairs: &[Pair]) -> io::Result<()> {
        let text = crate::table::pairs_text(pairs, self.form, self.is_colored);
        self.bytes(text.as_bytes())
    }

    /// Writes what was done.
    pub(crate) fn done(&mut self, done: &Done) -> io::Result<()> {
        if self.is_json() { self.json(done) } else { self.pairs(&done.pairs()) }
    }

    /// Writes a title for people; programs see the rows alone.
    pub(crate) fn title(&mut self, title: &str) -> io::Result<()> {
        match self.form {
            Form::Terminal { width } => self.bytes(crate::table::title(title, width).as_bytes()),
            Form::Plain | Form::Json => Ok(()),
        }
    }

    /// Begins an answer that replaces the one before.
    pub(crate) fn again(&mut self) -> Result<(), Failure> {
        if self.is_for_people() {
            self.form = Form::Terminal { width: width(&io::stdout()) };
            self.bytes(b"\x1b[H\x1b[2J")?;
        }
        Ok(())
    }
}

/// Writes a message for the user beside the answer.
pub(crate) fn note(sentence: &str) {
    // A stderr that is closed has no reader.
    let _ = writeln!(anstream::stderr(), "{}", escaped_lines(sentence));
}

/// Escapes a sentence, whose own line breaks stay.
fn escaped_lines(sentence: &str) -> String {
    sentence.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

fn width(stdout: &Stdout) -> u16 {
    let size = terminal_size::terminal_size_of(stdout);
    size.map(|(width, _)| width.0).filter(|width| *width > 0).unwrap_or(WIDTH)
}
