//! Without the feature `otel`: nothing.

/// The exporter of spans.
#[derive(Clone, Copy, Default)]
pub(crate) struct TraceExporter(());

/// The spans that are to be exported.
#[derive(Default)]
pub(crate) struct Traces(());

impl Traces {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as with the feature")]
    pub(crate) const fn new(_: &TraceExporter) -> Self {
        Self(())
    }

    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn is_on(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn note(&self, _: i64) {}

    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn taken(&self, _: i64) {}
}
