//! `trace`: the spans of a run, as OTLP in JSON.

use crate::exit::Failure;
use crate::out::Out;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use steadfast::inspect::Inspector;

/// Writes one request a line, to a new file or to the output.
pub(super) async fn trace(
    inspector: &Inspector,
    out: &mut Out,
    run: &str,
    service: &str,
    output: Option<&Path>,
) -> Result<(), Failure> {
    let mut spans = inspector.trace(run).await?.service_name(service);
    // Not before it is known that there is such a run. A file that is there is not overwritten.
    let mut file = output.map(File::create_new).transpose()?;
    while let Some(mut request) = spans.next().await? {
        request.push('\n');
        match &mut file {
            Some(file) => file.write_all(request.as_bytes())?,
            None => out.bytes(request.as_bytes())?,
        }
    }
    if let Some(file) = file {
        file.sync_all()?;
    }
    Ok(())
}
