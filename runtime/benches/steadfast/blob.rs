//! (h) 64 MB through a folder store: speed, and peak memory.
//!
//! Each round is a process of its own, so that its peak memory is that of one update and nothing else.

use crate::table::{Table, median};
use crate::workflows::Scanned;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;
use steadfast::field_store::{FieldKey, FolderStore};
use steadfast::prelude::*;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const SIZE: u32 = 64_000_000;
/// The argument with which this program starts itself for a round.
pub(crate) const ROUND: &str = "--round-of-h";

/// Taken by the workflow, which so neither makes nor copies it within the time measured, and when it did.
static SCAN: Mutex<(Bytes, Option<Instant>, Option<Instant>)> = Mutex::new((Bytes::new(), None, None));

/// From an empty field to one of 64 MB.
#[workflow(context = Scanned)]
async fn scan(flow: &mut Flow<Scanned>) -> Result<()> {
    let bytes = begin();
    flow.update(|c| c.scan(bytes)).await?;
    end();
    Ok(())
}

fn begin() -> Bytes {
    let mut scan = SCAN.lock().expect("one workflow");
    scan.1 = Some(Instant::now());
    std::mem::take(&mut scan.0)
}

fn end() {
    SCAN.lock().expect("one workflow").2 = Some(Instant::now());
}

/// Against a plain file of the same bytes: written, synced and renamed.
pub(crate) fn through_a_folder(_: &Runtime, folder: &Path, table: &mut Table) {
    let (mut store, mut plain, mut share, mut peak) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let own = folder.join(round.to_string());
        std::fs::create_dir(&own).expect("a folder for one round");
        let program = std::env::current_exe().expect("this program");
        let output = Command::new(program).arg(ROUND).arg(&own).output().expect("a round");
        let text = String::from_utf8(output.stdout).expect("numbers");
        let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let [written, hashed, saved, megabytes] = numbers[..] else { panic!("a round says four numbers: {text}") };
        store.push(f64::from(SIZE) / 1e6 / saved);
        plain.push(f64::from(SIZE) / 1e6 / written);
        share.push(hashed / saved * 100.0);
        peak.push(megabytes);
    }
    table.against("(h) 64 MB through a folder store", median(store), "MB/s", median(plain), "-");
    table.alone("(h) 64 MB through a folder store, hashing", median(share), "% of time", "-");
    table.alone("(h) 64 MB through a folder store, peak memory", median(peak), "MB", "under 128 MB");
}

/// One round: prints the seconds of a plain write, of hashing, and of the update, and the peak memory in megabytes.
pub(crate) fn round(folder: &Path) {
    let mut number = 0_u32;
    let bytes = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.to_be_bytes()[0]
    });
    let mut scan = vec![0; SIZE as usize];
    scan.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    let scan = Bytes::from(scan);

    let written = seconds(|| {
        let mut file = File::create(folder.join("draft")).expect("a file");
        file.write_all(&scan).and_then(|()| file.sync_all()).expect("a file on the disk");
        std::fs::rename(folder.join("draft"), folder.join("file")).expect("a name");
        File::open(folder).and_then(|folder| folder.sync_all()).expect("a name on the disk");
    });
    let hashed = seconds(|| drop(FieldKey::hash_of(&scan)));

    SCAN.lock().expect("no workflow yet").0 = scan;
    Runtime::new().expect("a runtime").block_on(async {
        let engine = Engine::builder().sqlite(folder.join("scan.db")).workflow(self::scan);
        let engine = engine.field_store("blobs", FolderStore::new(folder.join("blobs")).expect("a folder"));
        let engine = engine.start().await.expect("an engine");
        engine.start(self::scan, ()).await.expect("a start").result().await.expect("a result");
    });
    let scan = SCAN.lock().expect("no workflow any more");
    let (Some(begin), Some(end)) = (scan.1, scan.2) else { panic!("the workflow has run") };
    println!("{written} {hashed} {} {}", (end - begin).as_secs_f64(), peak_megabytes());
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The most memory that this process has had in use, from the kernel's `VmHWM`, which is in KiB.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    kib * 1024.0 / 1e6
}
