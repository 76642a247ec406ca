//! Where the spans of the orders go: to a collector of OpenTelemetry.

use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use steadfast::Result;

/// Returns the exporter for a collector that speaks OTLP over HTTP.
///
/// # Errors
/// The address is none.
pub fn exporter(collector: &str) -> Result<SpanExporter> {
    let mut exporter = SpanExporter::builder().with_http().with_endpoint(collector).build()?;
    exporter.set_resource(&Resource::builder().with_service_name("orders").build());
    Ok(exporter)
}
