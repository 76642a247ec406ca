//! The file of a run that is about to be deleted.

use crate::engine::core::Core;
use crate::engine::error::EngineError;
use crate::store::RunRow;
use std::path::Path;
use std::sync::Arc;

/// Writes the file of a run, and those of the journals that go with it. It is on disk when this returns.
///
/// The same run has the same names, so that a file that was written before a crash is written anew.
#[cfg(feature = "sqlite")]
pub(super) async fn write(core: &Arc<Core>, folder: &Path, row: &RunRow) -> Result<(), EngineError> {
    use crate::engine::{delete, export, threads};

    let mut numbers = delete::earlier(core, row.number).await?;
    numbers.push(row.number);
    for number in numbers {
        let path = folder.join(name(&row.workflow, &row.id, number));
        let (writing, id) = (core.clone(), row.id.clone());
        let written = threads::blocking(&core.runtime, move || export::write(&writing, number, &id, false, &path))?;
        written.await.unwrap_or(Err(EngineError::ShuttingDown))?;
    }
    Ok(())
}

#[cfg(not(feature = "sqlite"))]
#[expect(clippy::unused_async, reason = "as with SQLite")]
pub(super) async fn write(_: &Arc<Core>, _: &Path, _: &RunRow) -> Result<(), EngineError> {
    Err(EngineError::configuration("runs are archived as files of SQLite: build with the feature `sqlite`".to_owned()))
}

/// The most bytes of a workflow's name, and of a run's id, in the name of a file.
#[cfg(feature = "sqlite")]
const KEPT: usize = 80;

/// Returns the name of a file: with the number of the run, because an id may be longer than a name, or differ from another
/// only in what a file system does not tell apart.
#[cfg(feature = "sqlite")]
fn name(workflow: &str, id: &str, number: i64) -> String {
    let plain = |text: &str| -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        text.chars().map(plain).take(KEPT).collect()
    };
    format!("{}.{}.{number}.run", plain(workflow), plain(id))
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    #[test]
    fn any_id_has_the_name_of_a_file() {
        assert_eq!(super::name("order", "order-42", 7), "order.order-42.7.run");
        assert_eq!(super::name("a/b", "../ä\0", 7), "a_b...___.7.run");
        assert!(super::name(&"w".repeat(512), &"i".repeat(512), i64::MAX).len() < 255);
    }
}
