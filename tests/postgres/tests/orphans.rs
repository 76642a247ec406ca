//! A server does not outlive the process that started it, however that ends.

use limits::{Heard, ended, hold_until};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use throwaway_postgres::{Cluster, Session};

/// The variable with the end of the child process, once its server runs.
const END: &str = "STEADFAST_TEST_END";

/// The child process of the tests below: does nothing unless `END` is set.
#[test]
fn child() {
    let Ok(end) = std::env::var(END) else { return };
    let cluster = Cluster::shared().unwrap();
    println!("\nfolder {}", cluster.folder().display());
    match end.as_str() {
        "return" => (),
        "abort" => std::process::abort(),
        _ => loop {
            std::thread::park();
        },
    }
}

/// Starts this binary as a child process with a cluster, and returns it with the folder of the cluster.
fn start(end: &str) -> (Child, PathBuf) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(END, end);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut heard = Heard::of(child.stdout.take().unwrap());
    let folder = heard.until("folder ").trim_start_matches("folder ").to_owned();
    (child, folder.into())
}

#[test]
fn a_killed_process_leaves_nothing() {
    if Cluster::shared().is_none() {
        return;
    }
    let (mut child, folder) = start("wait");
    let is_socket = |path: &PathBuf| path.to_string_lossy().contains(".s.PGSQL") && path.extension().is_some();
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let socket = files.filter(|path| !path.to_string_lossy().ends_with(".lock")).find(is_socket).unwrap();
    let mut session = Session::connect(&socket.clone().into(), "postgres").unwrap();
    session.execute("select 1").unwrap();
    child.kill().unwrap();
    ended(&mut child);
    hold_until(|| session.execute("select 1").is_err());
    hold_until(|| Session::connect(&socket.clone().into(), "postgres").is_err());
    hold_until(|| !folder.exists());
}

#[test]
fn a_process_that_ends_or_aborts_leaves_nothing() {
    if Cluster::shared().is_none() {
        return;
    }
    for end in ["return", "abort"] {
        let (mut child, folder) = start(end);
        ended(&mut child);
        hold_until(|| !folder.exists());
    }
}
