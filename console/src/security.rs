//! What a request must bring before a page sees it, and what every answer forbids the browser.

use crate::access::{Access, Visitor};
use crate::answer::{Fault, wants_json, written};
use crate::asked::Query;
use crate::assets::Asset;
use crate::console::Shared;
use crate::forms::is_same;
use crate::layout;
use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use data_encoding::HEXLOWER;
use std::sync::Arc;

/// The largest form, in bytes: an input may be large.
const LARGEST: usize = 4 << 20;

/// What every answer says to the browser. No script or style but our files, no other host, no frame.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Puts the checks around a router.
pub(crate) fn guarded(router: Router<Arc<Shared>>, shared: Arc<Shared>) -> Router {
    router.layer(DefaultBodyLimit::max(LARGEST)).layer(from_fn_with_state(shared.clone(), guard)).with_state(shared)
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut response = match admitted(&shared, &parts) {
        Ok(Admitted::Page(visitor)) => {
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Ok(Admitted::Asset) => next.run(Request::from_parts(parts, body)).await,
        Ok(Admitted::Login) => logged_in(&shared),
        Err(fault) => refused(&parts, &fault),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// A request that passed.
enum Admitted {
    Page(Visitor),
    /// A file that is the same for everyone, and that the page about a missing token needs.
    Asset,
    /// It brings the token in its address.
    Login,
}

fn admitted(shared: &Shared, parts: &Parts) -> Result<Admitted, Fault> {
    check_host(shared, parts)?;
    if Asset::all().iter().any(|asset| parts.uri.path().strip_prefix('/') == Some(asset.name.as_str())) {
        return Ok(Admitted::Asset);
    }
    let visitor = match &shared.access {
        Some(access) => visitor(shared, parts, access(parts))?,
        None => match brought(shared, parts)? {
            Some(visitor) => visitor,
            None => return Ok(Admitted::Login),
        },
    };
    match parts.method {
        Method::GET | Method::HEAD => {}
        Method::POST => check_origin(parts)?,
        _ => return Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, format!("nothing here answers {}", parts.method))),
    }
    Ok(Admitted::Page(visitor))
}

/// Refuses a request to a host that is not on the list: a page of another site may have pointed its own name here.
fn check_host(shared: &Shared, parts: &Parts) -> Result<(), Fault> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next(), parts.uri.host()) {
        (Some(host), None, _) => host.to_str().unwrap_or_default(),
        (None, None, Some(host)) => host,
        _ => return Err(Fault::bad("the request names no host, or several".to_owned())),
    };
    let name = without_port(host).to_ascii_lowercase();
    if shared.hosts.contains(&name) {
        return Ok(());
    }
    let why = "the console does not answer to this host name; the program that runs it lists those to which it does";
    Err(Fault::new(StatusCode::MISDIRECTED_REQUEST, why.to_owned()))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Returns the visitor of a program that has a login of its own.
fn visitor(shared: &Shared, parts: &Parts, access: Access) -> Result<Visitor, Fault> {
    let who = shared.who.as_ref().and_then(|who| who(parts));
    match access {
        Access::None => Err(Fault::forbidden("you may not see this console".to_owned())),
        access => Ok(Visitor { access, session: who.clone().unwrap_or_default(), who }),
    }
}

/// Returns the visitor whose request brings the token in a cookie or a header; `None` if it is in the address.
fn brought(shared: &Shared, parts: &Parts) -> Result<Option<Visitor>, Fault> {
    let name = cookie_name(shared);
    let bearer =
        parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let brought = bearer.or_else(|| cookie(&parts.headers, &name));
    if brought.is_some_and(|token| is_same(token, &shared.token)) {
        let who = shared.who.as_ref().and_then(|who| who(parts));
        return Ok(Some(Visitor { access: Access::All, who, session: shared.token.clone() }));
    }
    let query = Query::of_address(parts.uri.query())?;
    if parts.method == Method::GET && query.raw("token").is_some_and(|token| is_same(token, &shared.token)) {
        return Ok(None);
    }
    let why = "open the address that was printed when the console was started: it has the token that logs you in";
    Err(Fault::new(StatusCode::UNAUTHORIZED, why.to_owned()))
}

/// Returns the name of the cookie: consoles on other ports of the same host have other ones.
fn cookie_name(shared: &Shared) -> String {
    let hash = hmac_sha256::Hash::hash(shared.token.as_bytes());
    format!("steadfast_{}", HEXLOWER.encode(&hash[..4]))
}

pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    })
}

/// Refuses a change that a page of another site asks for.
fn check_origin(parts: &Parts) -> Result<(), Fault> {
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_ours = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) if site != "same-origin" => false,
        (site, None) => site.is_some(),
        (_, Some(origin)) => {
            let host = text("host").or_else(|| parts.uri.authority().map(axum::http::uri::Authority::as_str));
            let of_origin = origin.split_once("://").map(|(_, host)| host);
            of_origin.is_some() && of_origin == host
        }
    };
    if is_ours {
        return Ok(());
    }
    Err(Fault::forbidden("a change is only taken from a page of this console".to_owned()))
}

/// Answers the address with the token: sets the cookie, and goes on without it. It is a page and no redirect, because a
/// browser leaves a strict cookie out of a redirect that another site has begun.
fn logged_in(shared: &Shared) -> Response {
    let mut response = written(StatusCode::OK, None, layout::login);
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", cookie_name(shared), shared.token);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Answers a request that did not pass.
fn refused(parts: &Parts, fault: &Fault) -> Response {
    let json = wants_json(&parts.headers).then(|| fault.json());
    written(fault.status, json.as_ref(), || layout::bare(fault.heading(), &fault.main(), &base(parts)))
}

/// Returns the way from a request's address to the pages: it is empty for the address of a page.
pub(crate) fn base(parts: &Parts) -> String {
    let inner = parts.uri.path().trim_start_matches('/');
    let original = parts.extensions.get::<OriginalUri>().map_or("", |uri| uri.0.path());
    if inner.is_empty() && !original.ends_with('/') {
        // The mount path itself: the pages lie below its last part.
        return original.rsplit('/').next().map(|last| format!("{last}/")).unwrap_or_default();
    }
    "../".repeat(inner.matches('/').count())
}
