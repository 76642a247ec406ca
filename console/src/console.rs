//! The console: what it reads and acts through, its options, its router and its server.

use crate::access::{Access, Decide, Name};
use crate::forms::{Forms, random};
use crate::live::Hub;
use crate::{pages, security};
use axum::Router;
use axum::http::request::Parts;
use data_encoding::HEXLOWER;
use std::net::SocketAddr;
use std::sync::Arc;
use steadfast::inspect::Inspector;
use steadfast::operate::Operator;
use tokio::net::TcpListener;

/// The shortest token that can be set, in bytes.
const SHORTEST: usize = 32;

/// A console for one database of runs.
///
/// It answers requests to `localhost`, `127.0.0.1` and `[::1]` that bring its token, which is random unless
/// [set](Console::token). A program that has a login of its own decides with [`access`](Console::access) instead:
///
/// ```
/// use axum::Router;
/// use steadfast::prelude::*;
/// use steadfast_console::{Access, Console};
///
/// #[workflow]
/// async fn hello(_flow: &mut Flow, name: String) -> Result<String> {
///     Ok(format!("Hello, {name}!"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let console = Console::new(engine.inspect(), engine.operate("console")?)
///     .host("ops.example.com")
///     .who(|request| Some(request.headers.get("x-user")?.to_str().ok()?.to_owned()))
///     .access(|request| match request.headers.get("x-role").and_then(|role| role.to_str().ok()) {
///         Some("operator") => Access::All,
///         Some("reader") => Access::ReadOnly,
///         _ => Access::None,
///     });
/// let app: Router = Router::new().nest("/console", console.router());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Console {
    shared: Shared,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) inspector: Inspector,
    pub(crate) operator: Option<Operator>,
    /// Whether values of the user's types are left out.
    pub(crate) hides_values: bool,
    /// The database as the command lines that pages show name it.
    pub(crate) database: Option<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) token: String,
    pub(crate) access: Option<Decide>,
    pub(crate) who: Option<Name>,
    pub(crate) forms: Forms,
    pub(crate) hub: Hub,
    read_only: Option<String>,
}

impl Console {
    /// Creates the console of a database. Without an operator it is read-only.
    pub fn new(inspector: Inspector, operator: impl Into<Option<Operator>>) -> Self {
        let shared = Shared {
            inspector,
            operator: operator.into(),
            hides_values: false,
            database: None,
            hosts: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec(),
            token: HEXLOWER.encode(&random()),
            access: None,
            who: None,
            forms: Forms::new(),
            hub: Hub::default(),
            read_only: None,
        };
        Self { shared }
    }

    /// Refuses every action.
    pub fn read_only(self) -> Self {
        self.read_only_because("the console was started read-only")
    }

    /// Refuses every action, for a reason that its pages show.
    pub fn read_only_because(mut self, why: impl Into<String>) -> Self {
        (self.shared.operator, self.shared.read_only) = (None, Some(why.into()));
        self
    }

    /// Leaves out the values of the user's types: inputs, results, errors, contexts, messages and indexed fields.
    pub fn hide_values(mut self) -> Self {
        self.shared.hides_values = true;
        self
    }

    /// Answers requests to this host too, with any port. Requests to other hosts are refused, so that a page of another
    /// site cannot reach the console by a name that it has pointed here.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.shared.hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Sets the token with which a browser logs in, instead of a random one.
    ///
    /// # Panics
    /// It has fewer than 32 bytes, or characters other than letters, digits, `-` and `_`.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        assert!(token.len() >= SHORTEST && is_plain, "a token has {SHORTEST} or more letters, digits, `-` and `_`");
        self.shared.token = token;
        self
    }

    /// Decides for each request what its visitor may do, in place of the token: for a program that has a login of its own.
    pub fn access(mut self, access: impl Fn(&Parts) -> Access + Send + Sync + 'static) -> Self {
        self.shared.access = Some(Arc::new(access));
        self
    }

    /// Names the visitor of a request in the records of actions, in place of the operator's name. Forms are bound to it.
    pub fn who(mut self, who: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.shared.who = Some(Arc::new(who));
        self
    }

    /// Sets how the command lines that pages show name the database: `--db runs.db`. A password does not belong in it.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.shared.database = Some(name.into());
        self
    }

    /// Returns the address of the console on a socket, with the token, which allows all that the console allows.
    #[must_use]
    pub fn address(&self, socket: SocketAddr) -> String {
        let token = if self.shared.access.is_some() { String::new() } else { format!("?token={}", self.shared.token) };
        format!("http://{socket}/{token}")
    }

    /// Returns the router of the console, to be mounted under any path: `Router::new().nest("/console", console.router())`.
    pub fn router(self) -> Router {
        let shared = Arc::new(self.shared);
        security::guarded(pages::router(), shared)
    }

    /// Serves the console on a listener. Bind it to `127.0.0.1` unless it is meant for other machines, and have a proxy
    /// speak TLS then.
    ///
    /// # Errors
    /// The listener fails for good.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("inspector", &self.shared.inspector).finish_non_exhaustive()
    }
}

impl Shared {
    /// Returns why the console acts on nothing.
    pub(crate) fn read_only_because(&self) -> String {
        let why = self.read_only.clone();
        why.unwrap_or_else(|| match self.operator {
            Some(_) => "you may only look here".to_owned(),
            None => "the console is read-only: it was given no operator".to_owned(),
        })
    }
}
