//! The key of one content: its field, and the hash of the bytes.

use super::content_hash;
use super::segment::{LONGEST, decode, encode};
use crate::parse::ParseError;
use std::fmt;
use std::str::FromStr;

/// The longest execution in a path. An execution has 32 digits; any other text is cut, so that its segment has room for
/// the run's id.
const LONGEST_INCARNATION: usize = 33;

/// The key of a field's content in a store.
///
/// Execution and hash alone distinguish two contents. The other parts are for people, and for deleting a run or a
/// workflow by hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldKey {
    /// The random id of the database: 32 hexadecimal digits.
    pub database: String,
    /// The name of the workflow: any text.
    pub workflow: String,
    /// The id of the run: any text.
    pub run: String,
    /// The random id of this execution of the run: 32 hexadecimal digits. A run that was deleted and started again
    /// under the same id is another execution.
    pub execution: String,
    /// The recorded name of the field.
    pub field: String,
    /// The SHA-256 of the content, by [`FieldKey::hash_of`]: 64 hexadecimal digits.
    pub hash: String,
}

impl FieldKey {
    /// Returns the SHA-256 of a content as 64 lowercase hexadecimal digits.
    ///
    /// It takes about 5 ms per megabyte.
    #[must_use]
    pub fn hash_of(content: &[u8]) -> String {
        content_hash(content)
    }

    /// Returns `database/workflow/run~execution/field/hash`, safe as the path of a file or an object on every system.
    ///
    /// Each segment consists of `a-z`, `0-9`, `-`, `_` and `~`, and of `%` with two digits for each byte of anything
    /// else, including capital letters and dots. A text longer than 150 bytes is cut, and ends with a `~` and 32 digits
    /// of its hash. A segment is shorter than 200 bytes and the path shorter than 650. Two keys have two paths, even on
    /// systems that ignore case.
    ///
    /// ```
    /// # let (database, execution, hash) = ("d1".to_owned(), "i1".to_owned(), "h1".to_owned());
    /// # use steadfast::field_store::FieldKey;
    /// let key = FieldKey { database, workflow: "order".into(), run: "A/7".into(), execution, field: "scan".into(), hash };
    /// assert_eq!(key.path(), "d1/order/%41%2f7~i1/scan/h1");
    /// ```
    #[must_use]
    pub fn path(&self) -> String {
        let Self { database, workflow, run, execution, field, hash } = self;
        let whole = |text| encode(text, LONGEST);
        let execution = encode(execution, LONGEST_INCARNATION);
        format!("{}/{}/{}~{execution}/{}/{}", whole(database), whole(workflow), whole(run), whole(field), whole(hash))
    }

    fn parse(path: &str) -> Option<Self> {
        let mut segments = path.split('/');
        let database = decode(segments.next()?)?;
        let workflow = decode(segments.next()?)?;
        let (run, execution) = segments.next()?.rsplit_once('~')?;
        let (run, execution) = (decode(run)?, decode(execution)?);
        let field = decode(segments.next()?)?;
        let hash = decode(segments.next()?)?;
        let key = Self { database, workflow, run, execution, field, hash };
        // `decode` accepts other escapes than the ones that `path` writes.
        (key.path() == path).then_some(key)
    }
}

/// Parses [`FieldKey::path`]. Fails if no key has this path, or if a segment was cut:
/// [`StoredField`](super::StoredField) parses any path.
impl FromStr for FieldKey {
    type Err = ParseError;

    fn from_str(path: &str) -> Result<Self, ParseError> {
        Self::parse(path).ok_or_else(|| ParseError::new("the whole path of a content", path))
    }
}

/// Formats the key as a part of a sentence: the field, the run and the path.
impl fmt::Display for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the content of field {:?} of run {:?} ({})", self.field, self.run, self.path())
    }
}
