//! Reading the file of a run: all of its rows, and where the contents of its fields stand.

use super::file::FileReader;
use super::record::{Record, RunRecord};
use crate::engine::{error::EngineError, shown::CopiedOutput};
use crate::record::FORMAT;
use crate::store::{EntryRow, FieldRow, NewInboxItem, RequestRow, TakenItem};
use crate::value::Pointer;
use std::path::Path;

/// A run as its file says.
pub(in crate::engine) struct Exported {
    pub(in crate::engine) run: RunRecord,
    pub(in crate::engine) entries: Vec<EntryRow>,
    pub(in crate::engine) fields: Vec<FieldRow>,
    pub(in crate::engine) items: Vec<NewInboxItem>,
    pub(in crate::engine) taken: Vec<TakenItem>,
    pub(in crate::engine) requests: Vec<RequestRow>,
    pub(in crate::engine) outputs: Vec<CopiedOutput>,
    /// The contents of its fields, and where in the file each stands.
    pub(in crate::engine) contents: Vec<(Pointer, u64)>,
    pub(in crate::engine) file: FileReader,
}

/// Reads a file; contents of fields stay where they are.
///
/// # Errors
/// It cannot be read, is not the file of a run, is damaged, or of a newer version.
pub(in crate::engine) fn read(path: &Path) -> Result<Exported, EngineError> {
    let mut file = FileReader::open(path)?;
    let Some(Record::Run(run)) = file.next()? else {
        return Err(file.damaged("it does not begin with a run"));
    };
    let mut exported = Exported {
        run,
        entries: Vec::new(),
        fields: Vec::new(),
        items: Vec::new(),
        taken: Vec::new(),
        requests: Vec::new(),
        outputs: Vec::new(),
        contents: Vec::new(),
        file,
    };
    while let Some(record) = exported.file.next()? {
        exported.take(record, path)?;
    }
    let Exported { run, entries, fields, items, taken, requests, outputs, contents, file } = &exported;
    let found = [entries.len(), fields.len(), items.len(), taken.len(), requests.len(), outputs.len(), contents.len()];
    let said = [run.entries, run.fields, run.items, run.taken, run.requests, run.outputs, run.contents];
    if found.map(|count| count as u64) != said {
        return Err(file.damaged("it does not have all that it says it has"));
    }
    Ok(exported)
}

impl Exported {
    fn take(&mut self, record: Record, path: &Path) -> Result<(), EngineError> {
        if let Record::Entry(super::record::EntryRecord { format, .. })
        | Record::Field(super::record::FieldRecord { format, .. }) = &record
            && *format > FORMAT
        {
            return Err(newer(path, &format!("format {format}, and it knows formats up to {FORMAT}")));
        }
        let bytes = self.file.raw(record.raw())?;
        let known = match record {
            Record::Run(_) => return Err(self.file.damaged("it has two runs")),
            Record::Entry(entry) => entry.row(bytes).map(|row| self.entries.push(row)),
            Record::Field(field) => field.row(bytes).map(|row| self.fields.push(row)),
            Record::Item(item) => item.item(bytes).map(|item| self.items.push(item)),
            Record::Taken(taken) => {
                self.taken.push(taken.item());
                Some(())
            }
            Record::Request(request) => request.row(bytes).map(|row| self.requests.push(row)),
            Record::Output(output) => output.output(bytes).map(|output| self.outputs.push(output)),
            Record::Content(content) => {
                let at = self.file.pass(content.pointer.bytes as u64)?;
                self.contents.push((content.pointer, at));
                Some(())
            }
        };
        known.ok_or_else(|| newer(path, "a kind or form that it does not know"))
    }
}

fn newer(path: &Path, what: &str) -> EngineError {
    EngineError::file(format!(
        "the file `{}` was written by a newer version of steadfast than this one: it has {what}. Import it with the newer \
         version",
        path.display()
    ))
}
