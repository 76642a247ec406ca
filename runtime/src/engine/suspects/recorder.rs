//! The side file of an engine: locked as its sign of life, with the data that the next engine needs if this process
//! dies. It is not synced: what a process has written survives its death.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The stage of a suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not loaded yet.
    Held,
    /// On probation with others.
    Group,
    /// On probation as the only one.
    Alone,
    /// Past its probation.
    Cleared,
}

impl Stage {
    const ALL: [(Self, u8); 4] = [(Self::Held, b'h'), (Self::Group, b'g'), (Self::Alone, b'a'), (Self::Cleared, b'c')];

    fn byte(self) -> u8 {
        Self::ALL.iter().find(|(stage, _)| *stage == self).map_or(0, |(_, byte)| *byte)
    }

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == byte).map(|(stage, _)| *stage)
    }
}

/// The record of one suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) stage: Stage,
    /// Whether its code is being polled: the workflow, a step, a hook, or a value being decoded or dropped.
    pub(super) polled: bool,
    /// The count of deaths that it gets if the process ends now: more than all others have.
    pub(super) rank: u16,
    /// The time of its load, since the engine's start.
    pub(super) loaded_at: Duration,
}

impl Slot {
    pub(super) const fn is_on_probation(&self) -> bool {
        matches!(self.stage, Stage::Group | Stage::Alone)
    }
}

/// The data that an engine left whose process died.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    /// The uptime of the engine, as last recorded.
    pub(super) uptime: Duration,
    pub(super) slots: HashMap<i64, Slot>,
    /// Whether any run was on probation.
    pub(super) on_probation: bool,
    /// Whether code of a run on probation was being polled.
    pub(super) explained: bool,
}

impl Remains {
    pub(super) fn new(uptime: Duration, slots: HashMap<i64, Slot>) -> Self {
        let on_probation = || slots.values().filter(|slot| slot.is_on_probation());
        let (any, explained) = (on_probation().next().is_some(), on_probation().any(|slot| slot.polled));
        Self { uptime, slots, on_probation: any, explained }
    }

    /// Returns the time from the load of the run that explains the death to the death; from the engine's start, if none
    /// does.
    pub(super) fn time_to_death(&self) -> Duration {
        let of = |chosen: fn(&Slot) -> bool| {
            self.slots.values().filter(|slot| chosen(slot)).map(|slot| self.uptime.saturating_sub(slot.loaded_at)).min()
        };
        of(|slot| slot.is_on_probation() && slot.polled)
            .or_else(|| of(Slot::is_on_probation))
            .or_else(|| of(|slot| slot.polled))
            .unwrap_or(self.uptime)
    }
}

/// The writer of an engine's side file; without a file (a store in memory) nothing is recorded.
pub(crate) struct Recorder {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<(File, PathBuf)>,
    slots: Vec<Option<(i64, Slot)>>,
    places: HashMap<i64, usize>,
}

/// The size of the uptime in milliseconds.
const HEAD: usize = 8;
/// In place of the uptime, says that the engine ended in order.
const ENDED: u64 = u64::from_le_bytes(*b"in order");
/// The size of a slot: run, milliseconds of its load, rank, stage, whether it is polled; four bytes are spare.
const SLOT: usize = 24;
/// The number of tries to create a file that another engine's sweep removes before it is locked.
const TRIES: usize = 10;

impl Recorder {
    /// Creates and locks the file of an engine.
    ///
    /// # Errors
    /// The file cannot be created or locked.
    pub(crate) fn create(path: PathBuf) -> std::io::Result<Self> {
        let recorder = Self::without_file();
        for _ in 0..TRIES {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                // A sweep may have removed the name between opening and locking.
                Ok(()) if path.exists() => {
                    recorder.state().open = Some((file, path));
                    recorder.tick();
                    return Ok(recorder);
                }
                Ok(()) | Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(std::io::Error::other("another process locks or removes it"))
    }

    pub(crate) fn without_file() -> Self {
        Self { began: Instant::now(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the file, because the engine ends in order. First the name, then the lock: a missing file means an owner
    /// that ended in order.
    pub(crate) fn close(&self) {
        if let Some((file, path)) = self.state().open.take() {
            let _ = std::fs::remove_file(path);
            drop(file);
        }
    }

    /// Leaves the file, which says that the engine ended in order, where others conclude nothing from a missing one.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.write(0, &ENDED.to_le_bytes());
        state.open = None;
    }

    /// Removes the file of a dead engine. The lock is held meanwhile, so that no starting engine takes the file for its
    /// own.
    pub(crate) fn remove_if_free(path: &Path) {
        if let Ok(file) = OpenOptions::new().write(true).open(path)
            && file.try_lock().is_ok()
        {
            // Best effort: the next start tries again.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Records that the engine still runs.
    pub(crate) fn tick(&self) {
        let uptime = millis(self.began.elapsed());
        self.state().write(0, &uptime.to_le_bytes());
    }

    pub(super) fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    /// Records the stage of a suspect; keeps whether it is being polled.
    pub(super) fn set(&self, run: i64, stage: Stage, rank: u16) {
        let loaded_at = self.uptime();
        self.state().change(run, |slot| {
            let loaded_at =
                if stage == Stage::Cleared { slot.map_or(loaded_at, |slot| slot.loaded_at) } else { loaded_at };
            Slot { stage, polled: slot.is_some_and(|slot| slot.polled), rank, loaded_at }
        });
    }

    /// Records whether code of a suspect is being polled.
    pub(super) fn polled(&self, run: i64, polled: bool) {
        let mut state = self.state();
        if state.places.contains_key(&run) {
            let unknown = Slot { stage: Stage::Cleared, polled, rank: 0, loaded_at: Duration::ZERO };
            state.change(run, |slot| Slot { polled, ..slot.unwrap_or(unknown) });
        }
    }

    /// Forgets a run that is no longer a suspect.
    pub(super) fn clear(&self, run: i64) {
        let mut state = self.state();
        if let Some(place) = state.places.remove(&run) {
            state.slots[place] = None;
            state.write(HEAD + place * SLOT, &[0; SLOT]);
        }
    }
}

/// An engine that was dropped without a shutdown, in a process that continues, has ended in order too.
impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

impl State {
    fn change(&mut self, run: i64, change: impl FnOnce(Option<Slot>) -> Slot) {
        let place = self.places.get(&run).copied();
        let before = place.and_then(|place| self.slots[place]).map(|(_, slot)| slot);
        let slot = change(before);
        let place = place.unwrap_or_else(|| {
            let has_free = self.places.len() < self.slots.len();
            let free = has_free.then(|| self.slots.iter().position(Option::is_none)).flatten();
            let place = free.unwrap_or(self.slots.len());
            if place == self.slots.len() {
                self.slots.push(None);
            }
            self.places.insert(run, place);
            place
        });
        self.slots[place] = Some((run, slot));
        self.write(HEAD + place * SLOT, &encoded(run, &slot));
    }

    /// Writes to the file, as a best effort: a file that cannot be written costs restarts, not correctness.
    fn write(&mut self, at: usize, bytes: &[u8]) {
        if let Some((file, _)) = &mut self.open
            && file.seek(SeekFrom::Start(at as u64)).and_then(|_| file.write_all(bytes)).is_err()
        {
            // On a full disk. What is no longer true must not accuse a run.
            let _ = file.set_len(0);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn encoded(run: i64, slot: &Slot) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    bytes[..8].copy_from_slice(&run.to_le_bytes());
    bytes[8..16].copy_from_slice(&millis(slot.loaded_at).to_le_bytes());
    bytes[16..18].copy_from_slice(&slot.rank.to_le_bytes());
    bytes[18] = slot.stage.byte();
    bytes[19] = u8::from(slot.polled);
    bytes
}

/// Decodes a slot; `None` for one that was half written when the machine lost power.
fn decoded(bytes: &[u8; SLOT]) -> Option<(i64, Slot)> {
    let eight = |at: usize| <[u8; 8]>::try_from(&bytes[at..at + 8]).ok();
    let stage = Stage::of(bytes[18])?;
    let slot = Slot {
        stage,
        polled: bytes[19] == 1,
        rank: u16::from_le_bytes([bytes[16], bytes[17]]),
        loaded_at: Duration::from_millis(u64::from_le_bytes(eight(8)?)),
    };
    Some((i64::from_le_bytes(eight(0)?), slot))
}

/// What the side file of an engine says of its process.
pub(crate) enum SideFile {
    /// The process lives, because it holds the lock.
    Locked,
    /// The process died and left this.
    Free(Remains),
    /// The engine ended in order and says so.
    Ended,
    Missing,
    /// The file cannot be opened, locked or read now.
    Unreadable,
}

impl SideFile {
    pub(crate) fn of(path: &Path) -> Self {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::Missing,
            Err(_) => return Self::Unreadable,
        };
        // Shared, because several engines may look at once.
        match file.try_lock_shared() {
            // The engine has removed the name between opening and locking.
            Ok(()) if !path.exists() => return Self::Missing,
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Self::Locked,
            Err(TryLockError::Error(_)) => return Self::Unreadable,
        }
        let mut bytes = Vec::new();
        if file.read_to_end(&mut bytes).is_err() {
            return Self::Unreadable;
        }
        let head = bytes.first_chunk::<HEAD>().map_or(0, |head| u64::from_le_bytes(*head));
        if head == ENDED {
            return Self::Ended;
        }
        let slots = bytes.get(HEAD..).unwrap_or_default().as_chunks::<SLOT>().0;
        Self::Free(Remains::new(Duration::from_millis(head), slots.iter().filter_map(decoded).collect()))
    }

    /// Returns whether a living process holds the lock of a file.
    pub(crate) fn is_locked(path: &Path) -> bool {
        let file = OpenOptions::new().read(true).write(true).open(path);
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Recorder, Remains, SideFile, Stage};
    use std::path::Path;

    fn remains_of(path: &Path) -> Option<Remains> {
        if let SideFile::Free(remains) = SideFile::of(path) { Some(remains) } else { None }
    }

    #[test]
    fn what_was_recorded_is_read_once_the_lock_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db-owner-1");
        let recorder = Recorder::create(path.clone()).unwrap();
        for run in 1..=3 {
            recorder.set(run, Stage::Held, 0);
        }
        recorder.set(2, Stage::Group, 7);
        recorder.polled(2, true);
        recorder.clear(1);
        recorder.set(4, Stage::Alone, 8);
        recorder.polled(99, true);
        assert!(remains_of(&path).is_none(), "its process lives");
        // The system drops the lock like this when the process dies.
        drop(recorder.state().open.take());
        let remains = remains_of(&path).unwrap();
        let seen = |run: i64| remains.slots.get(&run).map(|slot| (slot.stage, slot.rank, slot.polled));
        assert_eq!(
            [1, 2, 3, 4, 99].map(seen),
            [None, Some((Stage::Group, 7, true)), Some((Stage::Held, 0, false)), Some((Stage::Alone, 8, false)), None]
        );
    }

    #[test]
    fn a_file_of_anything_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rubbish");
        for bytes in [vec![], vec![1; 3], vec![b'h'; 8 + 24 * 2 + 5], vec![0xFF; 100]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(remains_of(&path).is_some());
        }
    }
}
