//! The queue for the next commit, in lanes that share each commit, so that no kind of work waits for the end of
//! another.

use super::pace::Pace;
use crate::store::{Rejected, StoreError, Write, Written};
use std::collections::VecDeque;
use std::time::Duration;

pub(super) type Reply = Box<dyn FnOnce(Answer) + Send>;

/// The outcome of one write.
pub(crate) type Answer = Result<Result<Written, Rejected>, StoreError>;

/// The most writes of one transaction; it bounds how long a single run waits behind others.
pub(super) const BATCH: usize = 1_024;

/// The most writes of the first transaction that run a user's code, whose duration is unknown.
const CODE: usize = 8;

/// The duration of a transaction above which the next one is smaller: heartbeats are written between transactions.
const LONG: Duration = Duration::from_millis(250);

/// The lane of a write. Each lane keeps its order, and has a guaranteed third of each commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Appends of running runs, and messages to them.
    Work,
    /// Runs that start.
    New,
    /// Runs that are being activated.
    Waking,
}

/// The waiting writes, each with its reply.
pub(super) struct Queue {
    /// Heartbeats, which do not wait behind the work.
    beats: VecDeque<Waiting>,
    lanes: [VecDeque<Waiting>; 3],
    pub(super) closed: bool,
    /// Whether a thread commits: another one waits until its replies are delivered, so that they keep their order.
    pub(super) committing: bool,
    pace: Pace,
    /// The most writes of the next transaction.
    most: usize,
    /// The most writes of the next transaction that run a user's code.
    code: usize,
}

impl Default for Queue {
    fn default() -> Self {
        let (beats, lanes) = (VecDeque::new(), Default::default());
        Self { beats, lanes, closed: false, committing: false, pace: Pace::default(), most: BATCH, code: CODE }
    }
}

type Waiting = (Write, Reply);

impl Lane {
    /// Returns the default lane of a write.
    pub(super) const fn of(write: &Write) -> Self {
        match write {
            Write::Start(_) | Write::Import(_) | Write::Transaction(_) | Write::Fire(_) => Self::New,
            _ => Self::Work,
        }
    }
}

impl Queue {
    pub(super) fn push(&mut self, lane: Lane, write: Write, reply: Reply) {
        let queue = if matches!(write, Write::Heartbeat(_)) { &mut self.beats } else { &mut self.lanes[lane as usize] };
        queue.push_back((write, reply));
    }

    /// Puts back a write that was about to be committed, before all others.
    pub(super) fn push_first(&mut self, write: Write, reply: Reply) {
        self.lanes[Lane::of(&write) as usize].push_front((write, reply));
    }

    pub(super) fn took(&self) -> Duration {
        self.pace.took()
    }

    pub(super) fn len(&self) -> usize {
        self.beats.len() + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Takes the writes of the next transaction: first each lane's share, then what other lanes left unused.
    pub(super) fn take(&mut self, writes: &mut Vec<Write>, replies: &mut Vec<Reply>) {
        let mut taken = |(write, reply): Waiting| {
            writes.push(write);
            replies.push(reply);
        };
        self.beats.drain(..).for_each(&mut taken);
        let (mut room, mut code) = (self.most, self.code);
        let share = (self.most / self.lanes.len()).max(1);
        for most in [share, self.most] {
            for lane in &mut self.lanes {
                let mut left = most.min(room);
                while left > 0
                    && let Some((write, _)) = lane.front()
                {
                    if write.user_code().is_some() {
                        // The lane keeps its order, so all behind this write wait for the next transaction.
                        if code == 0 {
                            break;
                        }
                        code -= 1;
                    }
                    (left, room) = (left - 1, room - 1);
                    lane.pop_front().into_iter().for_each(&mut taken);
                }
            }
        }
    }

    /// Adapts the size of the next transaction to how long this one took.
    pub(super) fn learn(&mut self, writes: &[Write], took: Duration) {
        self.pace.learn(writes.iter().filter(|write| !matches!(write, Write::Heartbeat(_))).count(), took);
        let code = writes.iter().filter(|write| write.user_code().is_some()).count();
        if took > LONG {
            self.most = (writes.len() / 2).max(1);
            self.code = if code > 0 { (code / 2).max(1) } else { self.code };
        } else {
            self.most = if writes.len() >= self.most { (self.most * 2).min(BATCH) } else { self.most };
            self.code = if code >= self.code { (self.code * 2).min(BATCH) } else { self.code };
        }
    }

    /// Returns whether the thread that brings a write should commit it itself: no other thread commits, no write waits,
    /// and commits are of one append each and short. A hand-over to the committer's thread and back takes as long as such
    /// a commit.
    pub(super) fn may_lead(&self, write: &Write) -> bool {
        let appends = matches!(write, Write::Append(append) if append.transaction.is_none());
        appends && !self.committing && self.pace.is_light() && self.len() == 0
    }

    /// Drops the waiting writes, and returns their replies.
    pub(super) fn clear(&mut self) -> Vec<Reply> {
        let lanes = self.lanes.iter_mut().flat_map(std::mem::take);
        std::mem::take(&mut self.beats).into_iter().chain(lanes).map(|(_, reply)| reply).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, Lane, Queue};
    use crate::record::InboxKind;
    use crate::store::{Lease, NewInboxItem, Write};

    fn send(run: i64) -> Write {
        Write::Send(NewInboxItem::new(run, InboxKind::Message, 0))
    }

    fn queue(lanes: &[(Lane, usize)]) -> Queue {
        let mut queue = Queue::default();
        for (lane, count) in lanes {
            for n in 0..*count {
                let run = i64::try_from(*lane as usize * 1_000_000 + n).unwrap();
                queue.push(*lane, send(run), Box::new(|_| ()));
            }
        }
        queue
    }

    /// Takes a batch, and returns how many writes each lane has in it.
    fn batch(queue: &mut Queue) -> [usize; 3] {
        let (mut writes, mut replies, mut counts, mut last) = (Vec::new(), Vec::new(), [0; 3], [-1; 3]);
        queue.take(&mut writes, &mut replies);
        assert!(writes.len() == replies.len() && writes.len() <= BATCH);
        for write in writes {
            let Write::Send(item) = write else { panic!("{write:?}") };
            let lane = usize::try_from(item.run / 1_000_000).unwrap();
            assert!(item.run > last[lane], "the order of a lane is kept");
            (counts[lane], last[lane]) = (counts[lane] + 1, item.run);
        }
        counts
    }

    #[test]
    fn no_lane_waits_for_the_end_of_another() {
        let mut queue = queue(&[(Lane::New, 5_000), (Lane::Work, 3), (Lane::Waking, 700)]);
        assert_eq!(batch(&mut queue), [3, BATCH - 3 - 341, 341]);
        assert_eq!(batch(&mut queue), [0, BATCH - 341, 341]);
        assert_eq!(batch(&mut queue), [0, BATCH - 18, 18]);
        assert_eq!(batch(&mut queue), [0, BATCH, 0]);
    }

    #[test]
    fn signs_of_life_come_first_and_nothing_is_lost() {
        let mut queue = queue(&[(Lane::Work, 2_000)]);
        let lease = Lease { number: 1, epoch: 1 };
        queue.push(Lane::Work, Write::Heartbeat(lease), Box::new(|_| ()));
        assert_eq!(queue.len(), 2_001);
        let (mut writes, mut replies) = (Vec::new(), Vec::new());
        queue.take(&mut writes, &mut replies);
        assert!(matches!(writes[0], Write::Heartbeat(_)));
        assert_eq!(queue.clear().len() + replies.len(), 2_001);
    }
}
