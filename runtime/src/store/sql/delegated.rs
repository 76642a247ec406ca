//! The reads of a store by the core, for each store that has a `reading` method.

/// Implements every read of [`Store`](crate::store::Store) by `self.reading(|reader| ..)`.
macro_rules! reads {
    () => {
        fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
            self.reading(|reader| reader.run(key))
        }

        fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
            self.reading(|reader| reader.runs(query))
        }

        fn count(&self, query: &RunQuery) -> Result<(u64, bool), StoreError> {
            self.reading(|reader| reader.count(query))
        }

        fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
            self.reading(|reader| reader.entries(run, after, limit))
        }

        fn outline(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
            self.reading(|reader| reader.outline(run, after, limit))
        }

        fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
            self.reading(|reader| reader.fields(run, from, to))
        }

        fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
            self.reading(|reader| reader.inbox(of, after, limit))
        }

        fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError> {
            self.reading(|reader| reader.requests(which))
        }

        fn outputs(
            &self,
            first_run: i64,
            channel: &str,
            after: u64,
            limit: usize,
            newest: bool,
        ) -> Result<Vec<OutputRow>, StoreError> {
            self.reading(|reader| reader.outputs(first_run, channel, after, limit, newest))
        }

        fn channels(&self, first_run: i64, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
            self.reading(|reader| reader.channels(first_run, after, limit))
        }

        fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
            self.reading(|reader| reader.labels(run))
        }

        fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
            self.reading(|reader| reader.indexed(run))
        }

        fn indexed_of(&self, runs: &[i64]) -> Result<Vec<Vec<(String, String)>>, StoreError> {
            self.reading(|reader| reader.indexed_of(runs))
        }

        fn belongings(&self, run: i64) -> Result<Option<Belongings>, StoreError> {
            self.reading(|reader| reader.belongings(run))
        }

        fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
            self.reading(|reader| reader.queue(name))
        }

        fn queues(&self) -> Result<Vec<QueueRow>, StoreError> {
            self.reading(|reader| reader.queues())
        }

        fn queue_keys(&self, queue: &str, after: Option<&str>, limit: usize) -> Result<Vec<QueueKeyRow>, StoreError> {
            self.reading(|reader| reader.queue_keys(queue, after, limit))
        }

        fn clock(&self) -> Result<i64, StoreError> {
            self.reading(|reader| reader.clock())
        }

        fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
            self.reading(|reader| reader.schedule(name))
        }

        fn schedules(&self, after: &str, limit: usize) -> Result<Vec<ScheduleRow>, StoreError> {
            self.reading(|reader| reader.schedules(after, limit))
        }

        fn next_schedule(
            &self,
            served: &[(String, u32)],
            except: &BTreeSet<String>,
        ) -> Result<Option<NextSchedule>, StoreError> {
            self.reading(|reader| reader.next_schedule(served, except))
        }

        fn due_schedules(
            &self,
            served: Option<&[(String, u32)]>,
            except: &BTreeSet<String>,
            until: i64,
            limit: usize,
        ) -> Result<Vec<ScheduleRow>, StoreError> {
            self.reading(|reader| reader.due_schedules(served, except, until, limit))
        }

        fn audit(
            &self,
            query: &crate::store::audit::AuditQuery,
        ) -> Result<Vec<crate::store::audit::AuditRow>, StoreError> {
            self.reading(|reader| reader.audit(query))
        }

        fn jobs(&self, before: i64, limit: usize) -> Result<Vec<crate::store::audit::JobRow>, StoreError> {
            self.reading(|reader| reader.jobs(before, limit))
        }

        fn traced(&self, run: i64) -> Result<Option<TracedRow>, StoreError> {
            self.reading(|reader| reader.traced(run))
        }

        fn owed_traces(&self, which: TraceKey, after: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
            self.reading(|reader| reader.owed_traces(which, after, limit))
        }

        fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
            self.reading(|reader| reader.leases())
        }

        fn waiting(&self, lease: Option<i64>, limit: usize) -> Result<Vec<WaitingRuns>, StoreError> {
            self.reading(|reader| reader.waiting(lease, limit))
        }
    };
}

pub(in crate::store) use reads;
