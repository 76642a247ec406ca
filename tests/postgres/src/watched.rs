//! A server process that does not outlive the process that started it.
//!
//! Rust drops no statics, and a killed process runs no code at all. So the end of this process must be noticed by
//! another: the server is a child of a small shell script that reads its standard input, a pipe whose other end only
//! this process has. The kernel closes the pipe however this process ends. The script then stops the server and deletes
//! its folder.
//!
//! A second pipe goes the other way: its write end is inherited by the server and by every process that the server
//! forks. It is closed when the last of them is gone.

use crate::folder::Folder;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The watching script: `sh -c SCRIPT watcher FOLDER LOG SIGNAL PROGRAM ARGUMENT..`, where `SIGNAL` ends the program.
///
/// - It starts the program after a first line, so that a watcher can be ready before the one that it replaces leaves.
/// - A further line is a signal and the processes that receive it after the server, or `leave`.
/// - `leave` waits, so that a killed server is no zombie: Postgres takes the process id in its lock file for a live
///   server.
/// - At the end the signal is repeated, because a shell starts background processes with `SIGINT` and `SIGQUIT`
///   ignored, and a server that was just started may not have set its handlers yet.
const SCRIPT: &str = r#"
ulimit -c 0
folder=$1 log=$2 signal=$3 server=
shift 3
if read -r _; then
    "$@" 3>&1 >>"$log" 2>&1 </dev/null &
    server=$!
fi
exec >&-
while read -r word others; do
    case $word in
    leave) wait; exit ;;
    *) kill "-$word" "$server" $others ;;
    esac
done
tries=0
while [ -n "$server" ] && kill "-$signal" "$server"; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || signal=KILL
    sleep 0.1
done
tries=0
until rm -rf -- "$folder" || [ "$tries" -ge 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
"#;

/// A program that ends with this process. Its folder is deleted then, also when this value is dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    watcher: Child,
    /// `None` at the end only: closing the pipe is the order to end.
    orders: Option<ChildStdin>,
    /// Disconnected when the program and all processes that it forked are gone.
    gone: Receiver<()>,
}

impl Watched {
    /// Starts a watcher for a program, which [`Self::go`] starts.
    pub(crate) fn new(folder: &Folder, log: &Path, end: &str, program: &Command) -> Self {
        let mut command = folder.command("sh");
        command.args(["-c", SCRIPT, "watcher"]).arg(folder.path()).arg(log).arg(end);
        command.arg(program.get_program()).args(program.get_args());
        // Ctrl-C in a terminal reaches the process group of the tests. The watcher must outlive it.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut watcher = command.spawn().expect("a shell");
        let mut inherited = watcher.stdout.take().expect("piped");
        let (held, gone) = channel();
        std::thread::spawn(move || {
            let _held: std::sync::mpsc::Sender<()> = held;
            // Nothing is written to the pipe: this returns when it is closed.
            let _ = inherited.read(&mut [0]);
        });
        Self { orders: watcher.stdin.take(), watcher, gone }
    }

    /// Starts the program.
    pub(crate) fn go(&mut self) {
        self.order("go");
    }

    /// Sends a signal to the program, then to other processes.
    pub(crate) fn signal(&mut self, name: &str, others: &[u32]) {
        let words: Vec<_> = std::iter::once(name.to_owned()).chain(others.iter().map(u32::to_string)).collect();
        self.order(&words.join(" "));
    }

    fn order(&mut self, line: &str) {
        let orders = self.orders.as_mut().expect("open until the end");
        orders.write_all(format!("{line}\n").as_bytes()).expect("the watcher reads");
    }

    /// Returns whether the program and all processes that it forked are gone, after at most this time.
    pub(crate) fn is_gone_within(&self, limit: Duration) -> bool {
        self.gone.recv_timeout(limit) == Err(RecvTimeoutError::Disconnected)
    }

    /// Leaves the folder to the next watcher. The program must be gone.
    pub(crate) fn leave(mut self) {
        self.order("leave");
        self.watcher.wait().expect("the watcher is a child");
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.orders = None;
        // It fails after `leave` only, which has waited.
        let _ = self.watcher.wait();
    }
}
