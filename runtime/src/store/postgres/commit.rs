//! Commits of batches: tried again after conflicts, and settled when their outcome is unknown.

use super::batch::{self, Committed};
use super::listener::News;
use super::session::{Pg, Stage};
use super::{Answers, GATE, Shared, code, is_outage, text, wait};
use crate::store::sql::{self, Session as _};
use crate::store::{StoreError, StoreErrorKind, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// The most tries of a transaction that conflicts with others, and how many of them are made beside other writers.
const TRIES: u32 = 12;
const TOGETHER: u32 = 6;

/// The time after which a commit ends transactions of others that wait for their process. Their server ends those that
/// wait between two statements after the same time, and none that waits for the rest of a statement.
const STALLED: Duration = Duration::from_secs(5);

const END_STALLED: &str = "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.wait_event = 'ClientRead'
        AND a.state_change < clock_timestamp() - interval '5 s'
        AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.relation = to_regclass(?1))";

impl Shared {
    /// Commits a batch. Tries it again after an outage or a conflict, as long as nothing of it is committed.
    pub(super) fn commit(&self, writes: &[Write]) -> Result<Answers, StoreError> {
        let Shared { options, name, writer, outage, .. } = self;
        let (mut tries, begun) = (0, Instant::now());
        loop {
            let mut stage = Stage::Outside;
            let answers = writer.with(|link| {
                let session = Pg::new(link, options, name);
                let answers = committed(&session, writes, tries);
                stage = session.stage();
                answers
            });
            tries += 1;
            let error = match answers {
                Ok((answers, news)) => {
                    outage.ends();
                    self.tell(writes, &answers, news);
                    return Ok(answers);
                }
                Err(error) => error,
            };
            let is_tried_again = match stage {
                Stage::Committing => false,
                _ if is_outage(&error, stage) => outage.is_waited_for(),
                _ => error.kind == StoreErrorKind::Busy && tries < TRIES,
            };
            if !is_tried_again {
                if stage == Stage::Committing {
                    self.settle();
                }
                return Err(error);
            }
            if tries == 1 && error.kind == StoreErrorKind::Io {
                tracing::warn!(%error, "a transaction is tried again, of which nothing was committed");
            }
            if stage == Stage::Begun && begun.elapsed() > STALLED {
                self.end_stalled();
            }
            std::thread::sleep(wait(tries));
        }
    }

    /// Ends transactions of processes that were stopped, or whose network is lost, in the middle of a statement: all
    /// others wait for their rows.
    fn end_stalled(&self) {
        let ended = self.readers.with(|link| {
            let mut ended = 0;
            let gate = text::for_postgres(GATE, self.options.schema.as_deref());
            let session = Pg::new(link, &self.options, &self.name);
            session.select(END_STALLED, &[sql::Cell::Text(gate.as_bytes())], &mut |_| {
                ended += 1;
                ControlFlow::Continue(())
            })?;
            Ok(ended)
        });
        match ended {
            Ok(0) => {}
            Ok(ended) => {
                tracing::warn!(ended, "transactions of processes that stand still were in the way, and are ended");
            }
            Err(error) => tracing::warn!(%error, "transactions of processes that stand still cannot be looked for"),
        }
    }

    /// Waits until the outcome of a commit whose answer was lost is final, so that a read after that sees it. The
    /// server may still be about to execute it, and each batch holds a lock that this excludes.
    fn settle(&self) {
        let mut tries = 0;
        loop {
            let excluded = self.writer.with(|link| {
                let session = Pg::new(link, &self.options, &self.name);
                session.begin()?;
                session.rollback()
            });
            tries += 1;
            match excluded {
                Ok(()) => return self.outage.ends(),
                // Without a server the engine reads later.
                Err(error) if !is_outage(&error, Stage::Outside) || !self.outage.is_waited_for() => return,
                Err(_) => std::thread::sleep(wait(tries)),
            }
        }
    }

    /// Commits the writes by one call of a function; `None` if none can do that, or if an error came before the commit.
    pub(super) fn direct(&self, writes: &[Write]) -> Result<Option<Answers>, StoreError> {
        let mut stage = Stage::Outside;
        let done = self.writer.with(|link| {
            let session = Pg::new(link, &self.options, &self.name);
            let done = batch::commit_direct(&session, writes);
            stage = session.stage();
            done
        });
        match done {
            Ok(Some(Committed { answers, news })) => {
                self.outage.ends();
                self.tell(writes, &answers, Some(news));
                Ok(Some(answers))
            }
            Err(error) if stage == Stage::Committing => {
                self.settle();
                Err(error)
            }
            Ok(None) | Err(_) => Ok(None),
        }
    }

    /// Notes what a batch says about our leases, and sends its news to other processes; `None` stands for all news.
    fn tell(&self, writes: &[Write], answers: &Answers, news: Option<News>) {
        self.looking.learns(writes, answers);
        if let Some(listener) = &self.listener {
            listener.tell(news);
        }
    }
}

/// Commits a batch beside those of others. A batch with a rare write, or with conflicts again and again, is written
/// with all other writers excluded.
fn committed(session: &Pg<'_>, writes: &[Write], tries: u32) -> Result<(Answers, Option<News>), StoreError> {
    if tries < TOGETHER {
        match beside_others(session, writes) {
            Ok(Some((answers, news))) => return Ok((answers, Some(news))),
            Ok(None) => {}
            // The database refuses one of them, or another process was faster: both are looked at again.
            Err(error)
                if matches!(error.kind, StoreErrorKind::Refused | StoreErrorKind::TooLarge)
                    && session.stage() == Stage::Begun =>
            {
                session.undo()?;
            }
            Err(error) => return Err(error),
        }
    }
    sql::commit(session, session.database, writes).map(|answers| (answers, None))
}

fn beside_others(session: &Pg<'_>, writes: &[Write]) -> Result<Option<(Answers, News)>, StoreError> {
    match writes {
        [write] if write.user_code().is_some() => {
            Ok(code::commit(session, write)?.map(|(answer, news)| (vec![answer], news)))
        }
        _ => Ok(batch::commit(session, writes)?.map(|done| (done.answers, done.news))),
    }
}
