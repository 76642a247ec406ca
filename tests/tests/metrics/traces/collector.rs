//! A collector of spans in the process of a test: of OTLP in JSON over HTTP, and as an exporter.

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A span as it has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    /// In milliseconds since 1970.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Trace, span and relation.
    pub(crate) links: Vec<[String; 3]>,
    /// The class of an error.
    pub(crate) error: Option<String>,
}

impl Span {
    pub(crate) fn is(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Returns its kind, command index and attempt.
    pub(crate) fn key(&self) -> (String, u64, u32) {
        let number = |name| self.is(name).parse().unwrap_or(0);
        let attempt = u32::try_from(number("steadfast.attempt")).expect("a small number");
        (self.is("steadfast.span.kind").to_owned(), number("steadfast.position"), attempt)
    }
}

/// What has arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    spans: Arc<Mutex<Vec<Span>>>,
    /// Everything that has arrived, as text.
    texts: Arc<Mutex<Vec<String>>>,
    pub(crate) batches: Arc<AtomicUsize>,
    /// Whether it refuses what comes.
    pub(crate) is_down: Arc<AtomicBool>,
}

impl Collected {
    /// Returns all spans, as often as they have arrived.
    pub(crate) fn all(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }

    /// Returns the spans of a run, each once.
    ///
    /// # Panics
    /// One has arrived twice, and differs.
    pub(crate) fn of(&self, run: &str) -> Vec<Span> {
        let mut spans: BTreeMap<String, Span> = BTreeMap::new();
        for span in self.all().into_iter().filter(|span| span.is("steadfast.run.id") == run) {
            let key = format!("{}{}", span.trace, span.id);
            assert_eq!(spans.entry(key).or_insert_with(|| span.clone()), &span, "a repeated span is the same");
        }
        spans.into_values().collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.texts.lock().unwrap().clone()
    }

    /// Collects over HTTP.
    pub(crate) fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let collected = self.clone();
        std::thread::spawn(move || {
            // A process that was killed sends half a request.
            listener.incoming().flatten().for_each(|stream| drop(collected.take(stream)));
        });
        address
    }

    fn take(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = found.trim().parse().map_err(std::io::Error::other)?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let is_down = self.is_down.load(Ordering::SeqCst);
        if !is_down {
            self.add(&String::from_utf8(body).map_err(std::io::Error::other)?);
        }
        let status = if is_down { "503 Service Unavailable" } else { "200 OK" };
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")
    }

    /// Adds a request of OTLP.
    pub(crate) fn add(&self, text: &str) {
        let request: Value = serde_json::from_str(text).expect("JSON");
        let scopes = list(&request["resourceSpans"]).flat_map(|resource| list(&resource["scopeSpans"]));
        let spans: Vec<Span> = scopes.flat_map(|scope| list(&scope["spans"])).map(of_json).collect();
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.spans.lock().unwrap().extend(spans);
        self.texts.lock().unwrap().push(text.to_owned());
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn of_json(span: &Value) -> Span {
    let millis = |name: &str| text(&span[name]).parse::<i64>().expect("a time") / 1_000_000;
    let attributes = list(&span["attributes"]).map(|attribute| {
        let value = attribute["value"].as_object().expect("a value").values().next().expect("one");
        (text(&attribute["key"]), text(value))
    });
    let links = list(&span["links"]).map(|link| {
        [text(&link["traceId"]), text(&link["spanId"]), text(&link["attributes"][0]["value"]["stringValue"])]
    });
    let is_error = span["status"]["code"] == 2;
    Span {
        trace: text(&span["traceId"]),
        id: text(&span["spanId"]),
        parent: span["parentSpanId"].as_str().unwrap_or_default().to_owned(),
        name: text(&span["name"]),
        start: millis("startTimeUnixNano"),
        end: millis("endTimeUnixNano"),
        attributes: attributes.collect(),
        links: links.collect(),
        error: is_error.then(|| text(&span["status"]["message"])),
    }
}

impl SpanExporter for Collected {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(OTelSdkError::InternalFailure("down".to_owned()));
        }
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.texts.lock().unwrap().push(format!("{batch:?}"));
        self.spans.lock().unwrap().extend(batch.iter().map(of_data));
        Ok(())
    }
}

fn of_data(span: &SpanData) -> Span {
    let millis =
        |at: SystemTime| i64::try_from(at.duration_since(UNIX_EPOCH).expect("a time").as_millis()).expect("a time");
    let parent = span.parent_span_id.to_string();
    let links = span.links.iter().map(|link| {
        let relation = link.attributes.first().map(|relation| relation.value.to_string());
        [
            link.span_context.trace_id().to_string(),
            link.span_context.span_id().to_string(),
            relation.unwrap_or_default(),
        ]
    });
    let attributes = span.attributes.iter().map(|attribute| (attribute.key.to_string(), attribute.value.to_string()));
    Span {
        trace: span.span_context.trace_id().to_string(),
        id: span.span_context.span_id().to_string(),
        parent: if parent == "0000000000000000" { String::new() } else { parent },
        name: span.name.to_string(),
        start: millis(span.start_time),
        end: millis(span.end_time),
        attributes: attributes.collect(),
        links: links.collect(),
        error: match &span.status {
            opentelemetry::trace::Status::Error { description } => Some(description.to_string()),
            _ => None,
        },
    }
}
