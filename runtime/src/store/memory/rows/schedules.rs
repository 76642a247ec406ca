//! Schedules.

use crate::store::memory::tables::Tables;
use crate::store::{NextSchedule, ScheduleRow};
use std::collections::BTreeSet;
use std::ops::Bound;

impl Tables {
    pub(in crate::store::memory) fn schedules_after(&self, after: &str, limit: usize) -> Vec<ScheduleRow> {
        let rows = self.schedules.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        rows.map(|(_, row)| row.clone()).take(limit).collect()
    }

    pub(in crate::store::memory) fn next_schedule(
        &self,
        served: &[(String, u32)],
        except: &BTreeSet<String>,
    ) -> Option<NextSchedule> {
        let is_asked = |name: &String| !except.contains(name) && is_of(&self.schedules[name], served);
        let (due, _) = self.due_schedules.iter().find(|(_, name)| is_asked(name))?;
        Some(NextSchedule { due: *due, now: self.now() })
    }

    pub(in crate::store::memory) fn schedules_due(
        &self,
        served: Option<&[(String, u32)]>,
        except: &BTreeSet<String>,
        until: i64,
        limit: usize,
    ) -> Vec<ScheduleRow> {
        let due = self.due_schedules.iter().take_while(|(due, _)| *due <= until);
        let due = due.filter(|(_, name)| !except.contains(name));
        let rows = due.map(|(_, name)| &self.schedules[name]);
        rows.filter(|row| served.is_none_or(|served| is_of(row, served))).take(limit).cloned().collect()
    }

    pub(super) fn alter_schedule(&mut self, row: &ScheduleRow) {
        self.drop_schedule(&row.name);
        if let Some(due) = row.due {
            self.due_schedules.insert((due, row.name.clone()));
        }
        self.schedules.insert(row.name.clone(), row.clone());
    }

    pub(super) fn drop_schedule(&mut self, name: &str) {
        if let Some(row) = self.schedules.remove(name)
            && let Some(due) = row.due
        {
            self.due_schedules.remove(&(due, row.name));
        }
    }
}

fn is_of(row: &ScheduleRow, served: &[(String, u32)]) -> bool {
    served.iter().any(|(workflow, version)| *workflow == row.workflow && *version == row.version)
}
