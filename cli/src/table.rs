//! Tables: folded for a terminal, with tabs for a pipe.

use crate::escape::escaped;
use crate::out::Form;
use crate::times;
use crate::tone::Tone;
use comfy_table::{Attribute, CellAlignment, ContentArrangement, presets};
use std::fmt::Write as _;
use std::time::SystemTime;
use steadfast::Status;
use steadfast::inspect::Shown;

/// The least columns of a terminal for each column of a table; below it a row is a paragraph.
const LEAST: usize = 9;

/// The most characters of a value in a list for people.
const VALUE: usize = 200;

/// A cell of a table.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    /// A text that is cut in a list for people.
    Value(String),
    Number(u64),
    Bytes(u64),
    Time(SystemTime),
    Status(Status),
    Missing,
}

/// A name and a value.
pub(crate) type Pair = (String, Cell);

/// A table, row by row.
pub(crate) struct Table<'a> {
    pub(crate) columns: &'a [&'a str],
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Cell {
    fn text(&self, for_people: bool) -> String {
        match self {
            Self::Text(text) | Self::Value(text) => escaped(text),
            Self::Number(number) => number.to_string(),
            Self::Bytes(bytes) if for_people => size(*bytes),
            Self::Bytes(bytes) => bytes.to_string(),
            Self::Time(time) => times::shown(*time, for_people),
            Self::Status(status) => status.as_str().to_owned(),
            Self::Missing => "-".to_owned(),
        }
    }

    fn in_list(&self) -> String {
        let text = self.text(true);
        match self {
            Self::Value(_) if text.chars().nth(VALUE).is_some() => text.chars().take(VALUE).chain(['…']).collect(),
            _ => text,
        }
    }

    const fn tone(&self) -> Option<Tone> {
        match self {
            Self::Status(status) => Tone::of_status(*status),
            _ => None,
        }
    }

    fn drawn(&self, text: String, is_colored: bool) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new_owned(text);
        let cell = match self {
            Self::Number(_) | Self::Bytes(_) => cell.set_alignment(CellAlignment::Right),
            _ => cell,
        };
        match self.tone().filter(|_| is_colored) {
            Some(tone) => cell.fg(tone.cell()),
            None => cell,
        }
    }

    fn plain(&self, is_colored: bool) -> String {
        let text = self.text(false);
        match self.tone().filter(|_| is_colored).map(Tone::text) {
            Some(style) => format!("{style}{text}{style:#}"),
            None => text,
        }
    }
}

impl Table<'_> {
    /// Returns the table as text. A terminal always gets the header.
    pub(crate) fn text(&self, form: Form, is_colored: bool, with_header: bool) -> String {
        match form {
            Form::Terminal { width } if usize::from(width) < self.columns.len() * LEAST => {
                self.paragraphs(width, is_colored)
            }
            Form::Terminal { width } => self.folded(width, is_colored),
            Form::Plain | Form::Json => self.plain(is_colored, with_header),
        }
    }

    fn plain(&self, is_colored: bool, with_header: bool) -> String {
        let mut text = String::new();
        if with_header {
            text.push_str(&self.columns.join("\t"));
            text.push('\n');
        }
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(|cell| cell.plain(is_colored)).collect();
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{}", cells.join("\t"));
        }
        text
    }

    fn folded(&self, width: u16, is_colored: bool) -> String {
        let mut table = drawn(width, is_colored);
        self.fill(&mut table, is_colored);
        finished(table)
    }

    fn fill(&self, table: &mut comfy_table::Table, is_colored: bool) {
        let header = |name: &&str| {
            let cell = comfy_table::Cell::new(name.replace('_', " ").to_uppercase());
            if is_colored { cell.add_attribute(Attribute::Bold) } else { cell }
        };
        table.set_header(self.columns.iter().map(header));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| cell.drawn(cell.in_list(), is_colored)));
        }
    }

    /// Returns the table with a line a row: what does not fit is cut.
    pub(crate) fn single_lines(&self, width: u16, is_colored: bool) -> Vec<String> {
        let mut table = drawn(width, is_colored);
        table.set_truncation_indicator("…");
        self.fill(&mut table, is_colored);
        for row in table.row_iter_mut() {
            row.max_height(1);
        }
        finished(table).lines().map(str::to_owned).collect()
    }

    /// Returns each row as a paragraph, with a name and a value a line.
    fn paragraphs(&self, width: u16, is_colored: bool) -> String {
        let paragraph = |row: &Vec<Cell>| {
            let mut table = drawn(width, is_colored);
            for (name, cell) in self.columns.iter().zip(row) {
                let name = comfy_table::Cell::new(name.replace('_', " "));
                table.add_row([name, cell.drawn(cell.in_list(), is_colored).set_alignment(CellAlignment::Left)]);
            }
            finished(table)
        };
        self.rows.iter().map(paragraph).collect::<Vec<_>>().join("\n")
    }
}

/// Returns names and values as text, a pair a line.
pub(crate) fn pairs_text(pairs: &[Pair], form: Form, is_colored: bool) -> String {
    let Form::Terminal { width } = form else {
        let line = |(name, cell): &Pair| [escaped(name), "\t".to_owned(), cell.plain(is_colored), "\n".to_owned()];
        return pairs.iter().flat_map(line).collect();
    };
    let mut table = drawn(width, is_colored);
    for (name, cell) in pairs {
        let name = comfy_table::Cell::new_owned(escaped(name).replace('_', " "));
        table.add_row([name, cell.drawn(cell.text(true), is_colored).set_alignment(CellAlignment::Left)]);
    }
    finished(table)
}

/// Returns a sentence, folded.
pub(crate) fn title(sentence: &str, width: u16) -> String {
    let mut table = drawn(width, false);
    table.add_row([escaped(sentence)]);
    finished(table)
}

fn drawn(width: u16, is_colored: bool) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if is_colored {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn finished(mut table: comfy_table::Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
fn size(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes as f64, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        (size, unit) = (size / 1024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<SystemTime> for Cell {
    fn from(time: SystemTime) -> Self {
        Self::Time(time)
    }
}

impl From<Status> for Cell {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<&Shown> for Cell {
    fn from(value: &Shown) -> Self {
        Self::Value(value.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}
