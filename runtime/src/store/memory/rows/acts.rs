//! Records of actions.

use crate::store::audit::{ActOutcome, AuditQuery, AuditRow};
use crate::store::memory::tables::Tables;

impl Tables {
    pub(super) fn outcome_of(&self, key: &str) -> Option<ActOutcome> {
        self.acts.get(key).and_then(|number| self.audit.get(number)).map(|row| row.outcome)
    }

    pub(super) fn put_record(&mut self, row: &AuditRow) {
        if let Some(there) = self.acts.get(&row.key).and_then(|number| self.audit.get_mut(number)) {
            (there.outcome, there.details) = (row.outcome, row.details.clone());
            return;
        }
        self.last_act += 1;
        self.acts.insert(row.key.clone(), self.last_act);
        self.audit.insert(self.last_act, AuditRow { number: self.last_act, ..row.clone() });
    }

    pub(in crate::store::memory) fn audit(&self, query: &AuditQuery) -> Vec<AuditRow> {
        let rows = self.audit.range(..query.before.unwrap_or(i64::MAX)).rev().map(|(_, row)| row);
        let rows = rows.filter(|row| query.key.as_ref().is_none_or(|key| *key == row.key));
        let rows = rows.filter(|row| query.subject.as_ref().is_none_or(|subject| *subject == row.subject));
        rows.filter(|row| query.who.as_ref().is_none_or(|who| *who == row.who)).take(query.limit).cloned().collect()
    }
}
