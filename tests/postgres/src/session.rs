//! A connection that runs SQL as text: the simple query of Postgres's protocol, version 3.0.
//!
//! `psql` would do, but is no part of every installation.

use crate::USER;
use crate::stream::{Address, Stream};
use std::io::{self, Read as _, Write as _};

/// Rows of columns, each as text or `None` for a null.
pub type Rows = Vec<Vec<Option<String>>>;

/// Protocol version 3.0, as a startup message has it.
const VERSION: u32 = 3 << 16;

/// An open connection, for tests that hold a transaction or a lock.
#[derive(Debug)]
pub struct Session {
    stream: Stream,
}

impl Session {
    /// Connects as the superuser, without a password. The TCP port of a cluster refuses that.
    ///
    /// # Errors
    /// The server is not reachable, or refuses; the text says why.
    pub fn connect(address: &Address, database: &str) -> Result<Self, String> {
        let connected = || -> io::Result<Self> {
            let stream = Stream::connect(address)?;
            stream.limit_reads()?;
            let mut session = Self { stream };
            let mut startup = VERSION.to_be_bytes().to_vec();
            for text in ["user", USER, "database", database] {
                startup.extend(text.as_bytes());
                startup.push(0);
            }
            startup.push(0);
            session.send(&[], &startup)?;
            Ok(session)
        };
        let mut session = connected().map_err(|error| error.to_string())?;
        session.answer()?;
        Ok(session)
    }

    /// Executes statements, and returns the rows of all of them.
    ///
    /// # Errors
    /// A statement fails, or the connection ends.
    pub fn execute(&mut self, sql: &str) -> Result<Rows, String> {
        let query = [sql.as_bytes(), &[0]].concat();
        self.send(b"Q", &query).map_err(|error| error.to_string())?;
        self.answer()
    }

    /// Sends a message with its length, which counts itself.
    fn send(&mut self, kind: &[u8], body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).expect("a short message").to_be_bytes();
        self.stream.write_all(&[kind, &length, body].concat())
    }

    /// Reads until the server is ready for a query, and returns the rows or the first error.
    fn answer(&mut self) -> Result<Rows, String> {
        let (mut rows, mut refused) = (Rows::new(), None);
        loop {
            let (kind, body) = match self.message() {
                Ok(message) => message,
                // A fatal error is followed by the end of the connection.
                Err(error) => return Err(refused.unwrap_or_else(|| error.to_string())),
            };
            match kind {
                b'D' => rows.push(row(&body)),
                b'E' => refused = refused.or_else(|| Some(error_text(&body))),
                b'R' if body != [0; 4] => return Err("the server asks for a password".to_owned()),
                b'G' => return Err("COPY is not supported here".to_owned()),
                b'Z' => return refused.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }

    fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX).saturating_sub(4);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((kind, body))
    }
}

/// Returns the columns of a `DataRow`: a count, then each with its length, which is negative for a null.
fn row(body: &[u8]) -> Vec<Option<String>> {
    let (mut columns, mut rest) = (Vec::new(), body.get(2..).unwrap_or_default());
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, after) = after.split_at(length.unwrap_or(0));
        columns.push(length.map(|_| String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    columns
}

/// Returns severity, code, message and detail of an `ErrorResponse`: fields with a letter each, ended by a zero.
fn error_text(body: &[u8]) -> String {
    let fields: Vec<_> = body.split(|byte| *byte == 0).filter_map(|field| field.split_first()).collect();
    let field = |letter: u8| {
        let text = fields.iter().find(|(name, _)| **name == letter).map(|(_, text)| *text);
        String::from_utf8_lossy(text.unwrap_or_default())
    };
    let detail = field(b'D');
    let separator = if detail.is_empty() { "" } else { ": " };
    format!("{} {}: {}{separator}{detail}", field(b'S'), field(b'C'), field(b'M'))
}
