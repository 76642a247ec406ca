//! A server whose disk is full.

use crate::work::{ENDING, builder, doubles, doubling};
use limits::{Dice, Soon as _};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;
use steadfast::EngineError;
use throwaway_postgres::{Cluster, available};

/// A small file system in memory, which only root can mount.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts it; if that is not possible, prints why, and returns `None`.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        if let Err(why) = run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=40m", "small"]).arg(folder.path()))
        {
            // Past the capture of the test harness.
            let _ = writeln!(std::io::stderr(), "skipped: a small disk cannot be mounted: {why}");
            return None;
        }
        Some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn grow(&self) {
        run(Command::new("mount").args(["-o", "remount,size=200m"]).arg(self.path())).expect("it grows");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // At once, also if a server still has files open there.
        let _ = run(Command::new("umount").arg("-l").arg(self.path()));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

#[derive(serde::Serialize, serde::Deserialize, Clone, Debug, steadfast::Message)]
struct Large(String);

/// Returns a text of 2 MB that cannot be compressed.
fn large(dice: &mut Dice) -> Large {
    Large((0..2 << 20).map(|_| char::from(b'0' + u8::try_from(dice.below(64)).expect("below 64"))).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_goes_on_when_a_full_disk_has_room_again() {
    // Dropped after the server.
    let Some(disk) = SmallDisk::mount() else { return };
    let Some(cluster) = available(Cluster::start()) else { return };
    let owner = cluster.folder().metadata().expect("it is there");
    chown(disk.path(), Some(owner.uid()), Some(owner.gid())).expect("the server's");
    let database = cluster.database("full");
    let (name, space) = (database.name(), disk.path().display());
    cluster.execute("postgres", &format!("CREATE TABLESPACE small LOCATION '{space}'")).expect("a tablespace");
    cluster.execute("postgres", &format!("ALTER DATABASE {name} SET TABLESPACE small")).expect("moved");
    let engine = builder(database.url()).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    let mut dice = Dice::seeded(20_261_205);
    let mut sent = 0;
    let refused = loop {
        match run.send(large(&mut dice)).soon().await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 100, "the disk is not full");
    };
    let text = refused.to_string();
    assert!(text.contains(name) && text.contains("the server's disk is full; free some space there"), "{text}");
    assert!(matches!(&refused, EngineError::Store(error) if error.kind == steadfast::store::StoreErrorKind::Full));
    println!("full after {sent} messages of 2 MB");
    run.status().soon().await.expect("it can be read");
    disk.grow();
    doubles(&run, &[1, 2], 6).await;
    let history = run.history().soon().await.expect("a history");
    let taken = history.iter().filter(|entry| entry.name.as_deref() == Some("Large")).count();
    assert_eq!(taken, sent, "what was refused left nothing, and the rest is there");
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}
