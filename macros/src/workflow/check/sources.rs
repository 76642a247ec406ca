//! Sources of nondeterminism, and their replacements.

/// A source of nondeterminism: why it is refused, and the code to write instead. `{flow}` stands for the handle.
pub(crate) struct Source {
    pub(crate) fault: &'static str,
    pub(crate) help: &'static str,
    /// The trait of the runtime that a type of this kind does not have; empty for a source that no type stands for.
    pub(crate) check: &'static str,
}

const CLOCK: Source = Source {
    fault: "the clock shows another time when the workflow is run again after a crash",
    help: "write `{flow}.now()`",
    check: "NoClock",
};
const RANDOM: Source = Source {
    fault: "a random number is another one when the workflow is run again after a crash",
    help: "write `{flow}.random()`",
    check: "",
};
const UUID: Source = Source {
    fault: "a new UUID is another one when the workflow is run again after a crash",
    help: "write `{flow}.uuid()`",
    check: "",
};
const SPAWN: Source = Source {
    fault: "a task or thread of its own is not recorded: after a crash it is lost, or runs a second time",
    help: "call steps, and await several at once with `join!(..)` or `try_join!(..)`",
    check: "NoTask",
};
const SLEEP: Source = Source {
    fault: "this wait is lost in a crash, and holds the workflow in memory",
    help: "write `{flow}.sleep(duration).await`",
    check: "NoWait",
};
const ENVIRONMENT: Source = Source {
    fault: "the environment may be another one when the workflow is run again",
    help: "take the value as input, or read it in a step",
    check: "NoEnvironment",
};
const OUTSIDE: Source = Source {
    fault: "what is read or written here is not recorded, and happens again when the workflow is run again",
    help: "do it in a step: an `async fn` with `#[step]`, or `{flow}.run(\"name\", async move || ..).await?`",
    check: "NoOutside",
};
const SELECT: Source = Source {
    fault: "`select!` looks at its branches in random order, another one when the workflow is run again",
    help: "write `select_biased!`, which takes the first branch that is ready, from the top",
    check: "",
};

/// A path in a body that may name a source.
pub(crate) enum Named {
    /// It names a source, whatever is in scope.
    Certain(&'static Source),
    /// It names the body of a step if the path before its last word is one.
    IfStep,
    /// It names a source if the path before its last word is a type that the runtime lists.
    IfType(&'static Source),
    /// It names a source if a call of it returns a value of a type that the runtime lists. The type may have parameters, so
    /// that its path alone is none.
    IfReturned(&'static Source),
    /// It names a source if the path before its last word is a module with this type, which the runtime lists.
    IfModule(&'static Source, &'static str),
}

/// Crates whose paths need no question.
const KNOWN_CRATES: [&str; 5] = ["std", "core", "tokio", "async_std", "smol"];

/// Returns what a path names, if it may be a source. `segments` are its words. A name alone proves nothing: `Command` may
/// be a type of the user's.
pub(crate) fn of_path(segments: &[String]) -> Option<Named> {
    use Named::{Certain, IfModule, IfReturned, IfType};
    let named = may_be(segments)?;
    let is_known = KNOWN_CRATES.contains(&segments[0].as_str());
    Some(match named {
        IfType(source) | IfReturned(source) | IfModule(source, _) if is_known => Certain(source),
        named => named,
    })
}

fn may_be(segments: &[String]) -> Option<Named> {
    use Named::{Certain, IfModule, IfReturned, IfType};
    let words = segments.iter().map(String::as_str).collect::<Vec<_>>();
    let (last, before) = words.split_last()?;
    let owner = before.last().copied().unwrap_or_default();
    let first = words[0];
    match (owner, *last) {
        // A type of the user's has a name in capitals.
        (step, "direct") if step.starts_with(char::is_lowercase) => Some(Named::IfStep),
        ("SystemTime" | "Instant", "now") => Some(IfType(&CLOCK)),
        ("Utc", "now") | ("OffsetDateTime", "now_utc" | "now_local") => Some(Certain(&CLOCK)),
        ("Local" | "Timestamp" | "Zoned", "now") if ["chrono", "jiff"].contains(&first) => Some(Certain(&CLOCK)),
        ("Uuid", "new_v1" | "new_v4" | "new_v6" | "new_v7" | "now_v1" | "now_v6" | "now_v7") => Some(Certain(&UUID)),
        ("time", "sleep" | "sleep_until" | "interval" | "interval_at" | "timeout" | "timeout_at") => {
            Some(IfModule(&SLEEP, "Sleep"))
        }
        ("thread", "sleep" | "park" | "yield_now") => Some(IfModule(&SLEEP, "AccessError")),
        ("thread", "spawn" | "scope") => Some(IfModule(&SPAWN, "ThreadId")),
        ("task", "spawn" | "spawn_blocking" | "spawn_local" | "block_in_place") => Some(IfModule(&SPAWN, "JoinError")),
        (
            "env",
            "var" | "vars" | "var_os" | "vars_os" | "args" | "args_os" | "current_dir" | "current_exe" | "temp_dir"
            | "home_dir",
        ) => Some(IfModule(&ENVIRONMENT, "VarError")),
        ("Builder" | "Runtime" | "JoinSet", "new" | "new_multi_thread" | "new_current_thread")
        | ("Handle", "current" | "try_current") => Some(IfReturned(&SPAWN)),
        ("tokio", "spawn") => Some(Certain(&SPAWN)),
        ("process", "id") | ("io", "stdin" | "read_to_string") if first == "std" => Some(Certain(&ENVIRONMENT)),
        ("File", "open" | "create" | "create_new" | "options")
        | ("OpenOptions" | "Command", "new")
        | ("TcpStream" | "TcpListener" | "UdpSocket" | "UnixStream" | "UnixListener", "connect" | "bind") => {
            Some(IfReturned(&OUTSIDE))
        }
        ("process", "id") => Some(IfModule(&OUTSIDE, "ExitCode")),
        ("io", "stdin") => Some(IfModule(&OUTSIDE, "Stdin")),
        _ if before.is_empty() => None,
        ("fs", _) if ["std", "tokio"].contains(&first) => Some(Certain(&OUTSIDE)),
        ("fs", function) if function.starts_with(char::is_lowercase) => Some(IfModule(&OUTSIDE, "Metadata")),
        (_, last) if ["rand", "getrandom"].contains(&first) && is_chance(last) => Some(Certain(&RANDOM)),
        (_, "thread_rng") => Some(Certain(&RANDOM)),
        ("fastrand", last) if last.starts_with(char::is_lowercase) => Some(Certain(&RANDOM)),
        ("reqwest" | "blocking", "get") | ("Client", "new" | "builder") if first == "reqwest" => {
            Some(Certain(&OUTSIDE))
        }
        _ => None,
    }
}

/// Returns whether a function of a crate of random numbers draws one; a generator with a seed of the run's does not.
fn is_chance(word: &str) -> bool {
    let functions = ["rng", "thread_rng", "from_entropy", "from_os_rng", "fill", "getrandom", "u32", "u64"];
    word.starts_with("random") || functions.contains(&word) || word == "OsRng"
}

/// Returns the source that a macro is, if it is one. A `select!` of the user's may have no branches.
pub(super) fn of_macro(segments: &[String], biased: bool, branches: bool) -> Option<&'static Source> {
    match segments.last().map(String::as_str) {
        Some("select") if branches && !biased => Some(&SELECT),
        _ => None,
    }
}
