//! A program whose spans are collected, and which tests kill: `traced <file or postgres://..> <collector> <runs>
//! <rounds> <term in ms>`.
//!
//! It starts, or resumes, that many runs, exports their spans to the collector by OTLP, and prints `done` once all have ended
//! and their spans were accepted.

use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::pin::Pin;
use steadfast::Message;
use steadfast::prelude::*;

/// What is planted in every value.
const PLANTED: &str = "zq7";

/// A client of HTTP as small as can be: one request a connection.
#[derive(Debug)]
struct Client;

type Sent<'a> = Pin<Box<dyn Future<Output = std::result::Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a: 'r, 'r>(&'a self, request: Request<Bytes>) -> Sent<'r> {
        Box::pin(std::future::ready(send(&request)))
    }
}

fn send(request: &Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
    let authority = request.uri().authority().ok_or("no address")?;
    let mut stream = TcpStream::connect(authority.as_str())?;
    let (path, body) = (request.uri().path(), request.body());
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).ok_or("no status")?.parse::<u16>()?;
    Ok(Response::builder().status(status).header("content-type", "application/json").body(Bytes::from_static(b"{}"))?)
}

#[derive(Message, Serialize, Deserialize)]
struct Word(String);

#[derive(StepContext, Clone, Debug)]
struct Ledger {
    #[context(default)]
    text: String,
    #[context(default)]
    sum: u64,
}

#[step]
async fn work(ctx: &Ledger, n: u64, text: String) -> Result<String> {
    tokio::time::sleep(Duration::from_millis(30 + (ctx.sum + n) % 50)).await;
    Ok(text)
}

#[step(retry(attempts = 3, backoff = "5ms"))]
async fn shaky(text: String) -> Result<String> {
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt));
    if attempt == Some(1) { Err(Error::msg(text)) } else { Ok(text) }
}

#[step]
async fn refuses(text: String) -> Result<()> {
    Err(Error::msg(text))
}

#[workflow]
async fn child(flow: &mut Flow, text: String) -> Result<String> {
    flow.sleep(Duration::from_millis(3)).await?;
    Ok(shaky(flow, text).await?)
}

/// Steps one after the other and at once, with retries, failures, waits and a child.
#[workflow(context = Ledger)]
async fn job(flow: &mut Flow<Ledger>, (n, rounds): (u64, u64)) -> Result<String> {
    let text = format!("{PLANTED}-{n}");
    for round in 0..rounds {
        let text = work(flow, round, text.clone()).await?;
        flow.update(|c| c.sum(c.sum + n).text(text)).await?;
    }
    let (left, right) = try_join!(work(flow, 1, text.clone()), work(flow, 2, text.clone()))?;
    let started = flow.start(child, left).await;
    flow.sleep(Duration::from_millis(5)).await?;
    let shaken = shaky(flow, right).await?;
    let _ = refuses(flow, shaken.clone()).await;
    let _ = flow.receive::<Word>().await?;
    Ok(started.await?)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, database, collector, runs, rounds, term] = &arguments[..] else { panic!("{arguments:?}") };
    let [runs, rounds, term] = [runs, rounds, term].map(|text| text.parse::<u64>().expect("a number"));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client)
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(format!("http://{collector}/v1/traces"));
    let builder = Engine::builder().workflow(job).workflow(child).traces(exporter.build().expect("an exporter"));
    let builder = builder.lease_term(Duration::from_millis(term));
    let is_postgres = database.starts_with("postgres");
    let builder = if is_postgres { builder.postgres(database.as_str()) } else { builder.sqlite(database) };
    let engine = builder.max_loads(10_000).start().await.expect("an engine");
    let mut all = Vec::new();
    for n in 0..runs {
        let id = format!("job-{n}");
        let header = format!("00-{:032x}-{:016x}-01", n + 1, n + 7);
        let start =
            engine.start(job, (n, rounds)).id(&id).traceparent(header).label("text", format!("{PLANTED}-label"));
        all.push(start.await.expect("started"));
        // Rejected by a run that has ended.
        let _ = engine.send(&id, Word(format!("{PLANTED}-word"))).key("word").await;
    }
    for run in all {
        run.result().await.expect("it ends");
    }
    engine.shutdown(Duration::from_secs(10)).await.expect("an end in order");
    println!("done");
}
