//! Sources of nondeterminism, and their replacements.

/// A source of nondeterminism: why it is refused, and the code to write instead. `{flow}` stands for the handle.
pub(super) struct Source {
    pub(super) fault: &'static str,
    pub(super) help: &'static str,
}

const CLOCK: Source = Source {
    fault: "the clock shows another time when the workflow is run again after a crash",
    help: "write `{flow}.now()`",
};
const RANDOM: Source = Source {
    fault: "a random number is another one when the workflow is run again after a crash",
    help: "write `{flow}.random()`",
};
const UUID: Source = Source {
    fault: "a new UUID is another one when the workflow is run again after a crash",
    help: "write `{flow}.uuid()`",
};
const SPAWN: Source = Source {
    fault: "a task or thread of its own is not recorded: after a crash it is lost, or runs a second time",
    help: "call steps, and await several at once with `join!(..)` or `try_join!(..)`",
};
const SLEEP: Source = Source {
    fault: "this wait is lost in a crash, and holds the workflow in memory",
    help: "write `{flow}.sleep(duration).await`",
};
const ENVIRONMENT: Source = Source {
    fault: "the environment may be another one when the workflow is run again",
    help: "take the value as input, or read it in a step",
};
const OUTSIDE: Source = Source {
    fault: "what is read or written here is not recorded, and happens again when the workflow is run again",
    help: "do it in a step: an `async fn` with `#[step]`, or `{flow}.run(\"name\", async move || ..).await?`",
};
const SELECT: Source = Source {
    fault: "`select!` looks at its branches in random order, another one when the workflow is run again",
    help: "write `select_biased!`, which takes the first branch that is ready, from the top",
};

/// Returns the source that a path names, if it is one. `segments` are its words.
pub(super) fn of_path(segments: &[String]) -> Option<&'static Source> {
    let words = segments.iter().map(String::as_str).collect::<Vec<_>>();
    let (last, before) = words.split_last()?;
    let owner = before.last().copied().unwrap_or_default();
    let first = words[0];
    match (owner, *last) {
        ("SystemTime" | "Instant" | "Utc" | "Local" | "Timestamp" | "Zoned", "now")
        | ("OffsetDateTime", "now_utc" | "now_local") => Some(&CLOCK),
        ("Uuid", "new_v1" | "new_v4" | "new_v6" | "new_v7" | "now_v1" | "now_v6" | "now_v7") => Some(&UUID),
        (_, "thread_rng") => Some(&RANDOM),
        ("time", "sleep" | "sleep_until" | "interval" | "interval_at" | "timeout" | "timeout_at")
        | ("thread", "sleep") => Some(&SLEEP),
        ("thread", "spawn" | "scope" | "Builder")
        | ("tokio", "spawn")
        | ("JoinSet", "new")
        | ("task", "spawn" | "spawn_blocking" | "spawn_local" | "block_in_place") => Some(&SPAWN),
        ("env", "var" | "vars" | "var_os" | "vars_os" | "args" | "args_os" | "current_dir") => Some(&ENVIRONMENT),
        ("File", "open" | "create" | "create_new" | "options")
        | ("Command", "new")
        | ("TcpStream" | "UdpSocket" | "UnixStream", "connect" | "bind") => Some(&OUTSIDE),
        _ if before.is_empty() => None,
        _ if ["rand", "fastrand", "getrandom"].contains(&first) => Some(&RANDOM),
        ("fs", _) if ["std", "tokio", "fs"].contains(&first) => Some(&OUTSIDE),
        _ if first == "reqwest" => Some(&OUTSIDE),
        _ => None,
    }
}

/// Returns the source that a macro is, if it is one.
pub(super) fn of_macro(segments: &[String], biased: bool) -> Option<&'static Source> {
    match segments.last().map(String::as_str) {
        Some("select") if !biased => Some(&SELECT),
        _ => None,
    }
}
