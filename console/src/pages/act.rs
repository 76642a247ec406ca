//! The page that asks before an action, and what does it.

use crate::actions::{About, Action, Done, Field, Kind, line, perform};
use crate::answer::{Fault, Live, View, wants_json, written};
use crate::asked::{Asked, Query};
use crate::console::Shared;
use crate::links;
use crate::times::when;
use crate::values::status;
use crate::{layout, pages};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{RequestExt as _, body::Body};
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;
use steadfast::inspect::JobAction;

/// Asks whether an action is meant.
pub(crate) async fn ask(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let asked = match pages::asked(&shared, &parts) {
        Ok(asked) => asked,
        Err(fault) => return pages::bare(&parts, &fault),
    };
    match form(&asked).await {
        Ok(view) => {
            let json = wants_json(&parts.headers).then_some(&view.json);
            written(StatusCode::OK, json, || layout::page(&asked, "act", "", "", &view))
        }
        Err(fault) => pages::faulty(&asked, &parts, "act", &fault),
    }
}

/// Does what a form asks for.
pub(crate) async fn act(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = match pages::asked(&shared, &parts) {
        Ok(asked) => asked,
        Err(fault) => return pages::bare(&parts, &fault),
    };
    let read = read(&parts, body).await;
    let done = match read {
        Ok(query) => {
            asked.query = query;
            act_once(&asked).await
        }
        Err(fault) => Err(fault),
    };
    match done {
        Ok(Done { file: Some((name, content)), .. }) => {
            let headers = [
                (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ];
            (headers, content).into_response()
        }
        Ok(done) if wants_json(&parts.headers) => written(StatusCode::OK, Some(&done.json), String::new),
        Ok(done) => {
            let location = HeaderValue::from_str(&done.to.to_string());
            let location = location.unwrap_or_else(|_| HeaderValue::from_static("runs"));
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
        }
        Err(fault) => pages::faulty(&asked, &parts, "act", &fault),
    }
}

/// Reads the fields of a form.
pub(super) async fn read(parts: &Parts, body: Body) -> Result<Query, Fault> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        let why = "a form is sent as `application/x-www-form-urlencoded`";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why.to_owned()));
    }
    let request = Request::from_parts(parts.clone(), body);
    let bytes: Result<Bytes, BytesRejection> = request.extract().await;
    let bytes = bytes.map_err(|rejection| Fault::new(rejection.status(), rejection.body_text()))?;
    Query::parse(&bytes)
}

async fn act_once(asked: &Asked) -> Result<Done, Fault> {
    // Before the form is used up: a visitor who may not act learns that first.
    asked.operator()?;
    let action = Action::named(asked.query.required("do")?)?;
    let subject = action.subject(&asked.query)?;
    let bound = bound(action, &subject);
    asked.shared.forms.take(asked.query.text("form"), &asked.visitor.session, &bound)?;
    perform(asked, action).await
}

/// What the token of a form is bound to.
fn bound(action: &Action, subject: &str) -> String {
    format!("{} {subject}", action.word)
}

/// The form of an action, with what it is about.
async fn form(asked: &Asked) -> Result<View, Fault> {
    asked.operator()?;
    let action = Action::named(asked.query.required("do")?)?;
    let subject = action.subject(&asked.query)?;
    let about = about(asked, action, &subject).await?;
    let token = asked.shared.forms.token(&asked.visitor.session, &bound(action, &subject));
    let json = json!({ "action": action.word, "subject": subject, "says": action.says, "command": line(asked, action), "form": token });
    let main = html! {
        header.page { h1 { (action.label) } }
        section.confirm {
            p { (action.says) }
            (about)
            form method="post" action="act" {
                input type="hidden" name="form" value=(token);
                input type="hidden" name="do" value=(action.word);
                (hidden(asked, action))
                @for field in action.fields { (input(asked, field)) }
                label.field {
                    span { "Reason, for the record" @if !action.is_danger { " (may be empty)" } }
                    input type="text" name="why" value=(asked.query.text("why").unwrap_or_default()) maxlength="2000" required[action.is_danger] autocomplete="off";
                }
                div.buttons {
                    button.danger[action.is_danger] type="submit" { (action.label) }
                    button.plain type="submit" formmethod="get" formnovalidate { "Show the command line" }
                    a.button.plain href=(back(asked, action)) { "Go back" }
                }
            }
        }
        section aria-labelledby="h-command" {
            h2 #h-command { "The same as a command line" }
            div.command {
                pre #command { (line(asked, action)) }
                button.plain type="button" hidden data-copy="command" { "Copy" }
            }
        }
    };
    Ok(View { title: action.label.to_owned(), main, json, live: Live::No })
}

/// What the action is about, as it is now.
async fn about(asked: &Asked, action: &Action, subject: &str) -> Result<Markup, Fault> {
    Ok(match action.about {
        About::Run => {
            let details = asked.inspector().run(subject).await?;
            let run = details.run;
            html! {
                dl {
                    dt { "Run" } dd { a href=(links::run(&run.id)) { (run.id) } }
                    dt { "Status" } dd { (status(run.status)) }
                    dt { "Workflow" } dd { (run.workflow) "@" (run.version) ", " (run.entries) " entries" }
                    dt { "Started" } dd { (when(asked.now, run.started_at)) }
                }
            }
        }
        About::Runs => {
            let filter = pages::Filter::of(&asked.query)?;
            let count = asked.inspector().count(&filter.query()).await?;
            html! { dl { dt { "Runs" } dd { strong { (count) } " " (filter.words()) " " a href=(filter.link()) { "see them" } } } }
        }
        About::Database => html! {},
        other => html! { dl { dt { (other.parameter()) } dd { (subject) } } },
    })
}

/// What the form sends without showing it.
fn hidden(asked: &Asked, action: &Action) -> Markup {
    let pairs: Vec<(&str, String)> = match action.about {
        About::Runs => pages::Filter::of(&asked.query).map(|filter| filter.pairs()).unwrap_or_default(),
        about => {
            asked.query.text(about.parameter()).map(|value| (about.parameter(), value.to_owned())).into_iter().collect()
        }
    };
    html! { @for (name, value) in &pairs { input type="hidden" name=(name) value=(value); } }
}

fn input(asked: &Asked, field: &Field) -> Markup {
    let given = asked.query.text(field.name);
    let value = match (field.kind, given) {
        (Kind::Fresh, None) => uuid::Uuid::now_v7().to_string(),
        (_, given) => given.unwrap_or_default().to_owned(),
    };
    html! {
        label.field {
            span { (field.label) }
            @match field.kind {
                Kind::Json => {
                    textarea name=(field.name) placeholder=(field.example) required[field.is_required] spellcheck="false" { (value) }
                    span.quiet { "JSON: a text is written with quotes" }
                }
                Kind::JobAction => select name=(field.name) required[field.is_required] {
                    option value="" { "choose" }
                    @for action in JobAction::ALL { option value=(action.as_str()) selected[value == action.as_str()] { (action.as_str().replace('_', " ")) } }
                },
                Kind::Number => input type="text" inputmode="numeric" pattern="-?[0-9]+" name=(field.name) value=(value) placeholder=(field.example) required[field.is_required] autocomplete="off";,
                Kind::Text | Kind::Fresh => input type="text" name=(field.name) value=(value) placeholder=(field.example) required[field.is_required] autocomplete="off" spellcheck="false";,
            }
        }
    }
}

/// Where the visitor came from.
fn back(asked: &Asked, action: &Action) -> links::Link {
    let subject = asked.query.text(action.about.parameter());
    match (action.about, subject) {
        (About::Run, Some(run)) => links::run(run),
        (About::Runs, _) => {
            pages::Filter::of(&asked.query).map_or_else(|_| links::Link::to("runs"), |filter| filter.link())
        }
        (About::Request, _) => links::Link::to("requests"),
        (About::Queue, _) => links::Link::to("queues"),
        (About::Schedule, _) => links::Link::to("schedules"),
        (About::Job, _) => links::Link::to("jobs"),
        (About::Database, _) => links::Link::to("health"),
        _ => links::Link::to("runs"),
    }
}
