//! Restricts users' statements to their own tables and their time.

use super::tokens::{Token, tokens};
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The prefix of the engine's tables.
const OURS: &str = "steadfast_";

/// The number of SQLite instructions after which a statement checks the time.
const INSTRUCTIONS: std::ffi::c_int = 1_000;

/// A guard of one connection while a user's statements run on it.
///
/// It is installed once, when the connection is opened: installing an authorizer invalidates every prepared statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the time of the statement is up.
    until: Option<Instant>,
    /// The reason for which the statement that is being prepared was refused.
    refusal: Option<String>,
    /// The names in its text that SQLite does not pass to an authorizer.
    named: Named,
}

/// The names in the text of a statement.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    /// Whether a table of the engine is the new name of a table, or in a foreign key.
    ours: bool,
    /// Whether it names SQLite's table of sequence numbers.
    numbers: bool,
    /// Whether it alters a table: SQLite then reads the temporary schema.
    alters: bool,
}

impl Named {
    fn of(tokens: &[Token]) -> Self {
        let ours = tokens.windows(2).any(|pair| {
            matches!(&pair[0], Token::Name(before) if before == "references" || before == "to")
                && matches!(&pair[1], Token::Name(name) if name.starts_with(OURS))
        });
        let is = |word: &Token, wanted: &str| matches!(word, Token::Name(name) if name == wanted);
        Self {
            ours,
            numbers: tokens.iter().any(|word| is(word, "sqlite_sequence")),
            alters: tokens
                .split(|word| *word == Token::Sign(';'))
                .any(|statement| statement.first().is_some_and(|word| is(word, "alter"))),
        }
    }
}

impl Guard {
    /// Watches a connection for as long as it is open.
    pub(crate) fn install(connection: &mut Connection) -> rusqlite::Result<Self> {
        let guard = Self::default();
        let watching = guard.clone();
        connection.authorizer(Some(move |asked: AuthContext<'_>| watching.authorize(&asked)))?;
        let watching = guard.clone();
        connection.progress_handler(INSTRUCTIONS, Some(move || watching.is_on() && watching.is_late()))?;
        Ok(guard)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_on(&self) -> bool {
        self.0.on.load(Ordering::Relaxed)
    }

    /// Makes statements a user's, which have time until then, until the returned value is dropped.
    pub(in crate::sql) fn watch(&self, until: Option<Instant>) -> impl Drop + use<> {
        struct Watched(Guard);
        impl Drop for Watched {
            fn drop(&mut self) {
                self.0.0.on.store(false, Ordering::Relaxed);
            }
        }
        *self.state() = State { until, ..State::default() };
        self.0.on.store(true, Ordering::Relaxed);
        Watched(self.clone())
    }

    fn is_late(&self) -> bool {
        self.state().until.is_some_and(|until| Instant::now() >= until)
    }

    /// Checks a statement before it is prepared; returns why it is refused, if its text shows that already.
    pub(in crate::sql) fn look_at(&self, statement: &str) -> Option<&'static str> {
        let tokens = tokens(statement);
        let mut state = self.state();
        state.refusal = None;
        state.named = Named::of(&tokens);
        let mut said = tokens.iter().filter(|word| **word != Token::Sign(';'));
        match (said.next(), said.next()) {
            (None, _) => Some("there is no statement in this text"),
            (Some(Token::Name(only)), None) if only == "reindex" || only == "analyze" => {
                Some("without a name it is about the engine's tables too: name the table that it is for")
            }
            _ => None,
        }
    }

    /// Takes the reason why the last statement was refused, if it was.
    pub(in crate::sql) fn refusal(&self) -> Option<String> {
        self.state().refusal.take()
    }

    fn authorize(&self, asked: &AuthContext<'_>) -> Authorization {
        if !self.is_on() {
            return Authorization::Allow;
        }
        let mut state = self.state();
        match refusal(asked, state.named) {
            None => Authorization::Allow,
            Some(why) => {
                state.refusal = Some(why);
                Authorization::Deny
            }
        }
    }
}

/// Returns why a user's statement may not do this, if it may not.
fn refusal(asked: &AuthContext<'_>, named: Named) -> Option<String> {
    use AuthAction as A;
    let action = &asked.action;
    let temporary = || {
        Some("a temporary table, view or trigger would be there for all runs, which share the connection: make an ordinary one".into())
    };
    if asked.database_name == Some("temp") && !named.alters {
        return temporary();
    }
    let (name, other) = match *action {
        // Read by the modules of virtual tables.
        A::Pragma { pragma_name: "data_version" | "page_size", pragma_value: None } => return None,
        A::Transaction { .. } | A::Savepoint { .. } => {
            return Some(
                "a transaction is not begun, committed or rolled back by hand: the engine commits these rows together \
                 with its own. Return an error to have them taken back"
                    .into(),
            );
        }
        A::Pragma { pragma_name, .. } => {
            return Some(format!(
                "`PRAGMA {pragma_name}` is not for transactions: the connection is the engine's. Set it where your program \
                 opens the file by itself"
            ));
        }
        A::Attach { .. } | A::Detach { .. } => {
            return Some(
                "another file is not one commit with this one, so none can be attached: write to it in a step, with a \
                 witness row of its own"
                    .into(),
            );
        }
        A::CreateTempIndex { .. }
        | A::CreateTempTable { .. }
        | A::CreateTempTrigger { .. }
        | A::CreateTempView { .. }
        | A::DropTempIndex { .. }
        | A::DropTempTable { .. }
        | A::DropTempTrigger { .. }
        | A::DropTempView { .. } => return temporary(),
        _ => names(action, named)?,
    };
    let writes_numbers = match action {
        A::CreateTrigger { .. } => named.numbers,
        // SQLite itself writes them when a table is dropped.
        A::Delete { .. } | A::Insert { .. } | A::Update { .. } => {
            name.eq_ignore_ascii_case("sqlite_sequence") && (named.numbers || asked.accessor.is_some())
        }
        _ => false,
    };
    if writes_numbers {
        return Some("the numbers in `sqlite_sequence` are the engine's too, so they are not written by hand".into());
    }
    let ours = [name, other]
        .into_iter()
        .find(|name| name.get(..OURS.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(OURS)))?;
    let which = if ours == OURS { "names that begin with `steadfast_` are".to_owned() } else { format!("`{ours}` is") };
    Some(format!("{which} the engine's, to be read and written by nobody else: use a table of your own"))
}

/// Returns the one or two objects of the database that an action is about.
fn names<'a>(action: &AuthAction<'a>, named: Named) -> Option<(&'a str, &'a str)> {
    use AuthAction as A;
    Some(match *action {
        A::CreateIndex { index_name, table_name } | A::DropIndex { index_name, table_name } => (index_name, table_name),
        A::CreateTrigger { trigger_name, table_name } | A::DropTrigger { trigger_name, table_name } => {
            (trigger_name, table_name)
        }
        // SQLite does not pass the targets of its foreign keys to an authorizer.
        A::CreateTable { .. } if named.ours => (OURS, ""),
        A::CreateTable { table_name }
        | A::DropTable { table_name }
        | A::Delete { table_name }
        | A::Insert { table_name }
        | A::Read { table_name, .. }
        | A::Update { table_name, .. }
        | A::Analyze { table_name }
        | A::CreateVtable { table_name, .. }
        | A::DropVtable { table_name, .. } => (table_name, ""),
        A::CreateView { view_name } | A::DropView { view_name } => (view_name, ""),
        A::Reindex { index_name } => (index_name, ""),
        // SQLite does not pass the new name to an authorizer.
        A::AlterTable { table_name, .. } => (if named.ours { OURS } else { table_name }, ""),
        _ => return None,
    })
}
