//! Tasks and queues: their writes exclude all other writers.

use super::Sheet;
use crate::store::decide::{KeyChange, Served, TaskChange, TaskHead, TaskRows, WaitingKey};
use crate::store::{QueueState, StoreError, TaskRow};

impl TaskRows for Sheet {
    fn attempts(&self, _: i64, _: u64) -> Result<Vec<TaskHead>, StoreError> {
        self.needs_all()
    }

    fn tasks_in(&self, _: i64) -> Result<Vec<TaskHead>, StoreError> {
        self.needs_all()
    }

    fn tasks_of(&self, _: i64) -> Result<Vec<TaskHead>, StoreError> {
        self.needs_all()
    }

    fn insert_task(&mut self, _: &TaskRow) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn change_task(&mut self, _: &TaskHead, _: &TaskChange<'_>) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn report_task(&mut self, _: &TaskHead, _: &str) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn remove_task(&mut self, _: &TaskHead) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn move_place(&mut self, _: i64, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn set_deadline(&mut self, _: i64, _: Option<i64>) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn set_due(&mut self, _: i64, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn expired(&self, _: usize) -> Result<Vec<TaskRow>, StoreError> {
        self.needs_all()
    }

    fn queue(&self, _: &str) -> Result<Option<QueueState>, StoreError> {
        self.needs_all()
    }

    fn put_queue(&mut self, _: &QueueState) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn running_in(&self, _: &str) -> Result<i64, StoreError> {
        self.needs_all()
    }

    fn now(&self) -> Result<i64, StoreError> {
        self.needs_all()
    }

    fn count_key(&mut self, _: &str, _: &str, _: KeyChange) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn give_keys(&mut self, _: &str) -> Result<(i64, i64), StoreError> {
        self.needs_all()
    }

    fn turns(&self, _: &str, _: u32, _: (i64, &str), _: usize) -> Result<Vec<WaitingKey>, StoreError> {
        self.needs_all()
    }

    fn serve_keys(&mut self, _: &str, _: &[Served]) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn claim_firsts(&mut self, _: i64, _: &str, _: &[&str], _: &[String]) -> Result<Vec<TaskRow>, StoreError> {
        self.needs_all()
    }

    fn claim_tasks(
        &mut self,
        _: i64,
        _: &str,
        _: Option<&str>,
        _: &[String],
        _: usize,
    ) -> Result<Vec<TaskRow>, StoreError> {
        self.needs_all()
    }
}
