//! The workflow of an expense, from the question to the payment.

use crate::expense::{Asked, Decision, Expense, MANAGER, Question, State, Verdict, money};
use crate::outbox::Outbox;
use crate::steps::{pay, tell};
use steadfast::Principal;
use steadfast::prelude::*;

/// The keys of the published state, and of the stream with one line for each event.
pub(crate) const STATE: &str = "state";
pub(crate) const LINES: &str = "lines";

/// Settles one expense.
#[workflow(name = "expense", resources(Outbox))]
pub(crate) async fn settle(flow: &mut Flow, expense: Expense) -> Result<State> {
    let Expense { by, cents, .. } = expense.clone();
    let lines = flow.stream::<String>(LINES);
    lines.write(&format!("begun: {expense}"));

    let Verdict { by: principal, decision } = decided(flow, &expense).await?;
    let end = match decision {
        Decision::Approved => {
            let approved_by = principal.to_string();
            flow.publish(STATE, &State::Paying { approved_by: approved_by.clone() });
            lines.write(&format!("approved by {principal}"));
            pay(flow, by.clone(), cents).await?;
            lines.write(&format!("paid {} to {by}", money(cents)));
            tell(flow, by, format!("paid: {expense}")).await?;
            State::Paid { approved_by }
        }
        Decision::Rejected { because } => {
            lines.write(&format!("rejected by {principal}: {because}"));
            tell(flow, by, format!("rejected by {principal}, {because}: {expense}")).await?;
            State::Rejected { by: principal.to_string(), because }
        }
    };
    flow.publish(STATE, &end);
    Ok(end)
}

/// Asks until an authorized person has answered: colleagues within the limit, then a manager without a limit.
async fn decided(flow: &Flow, expense: &Expense) -> Result<Verdict> {
    let lines = flow.stream::<String>(LINES);
    let until = flow.now().checked_add(expense.limit);
    let mut asked = Asked::Colleague;
    let mut remark = None;
    loop {
        flow.publish(STATE, &State::Waiting { asked });
        let request = flow.request::<_, Verdict>(Question { expense: expense.clone(), asked, remark: remark.take() });
        let verdict = match (asked, until) {
            // A repeated question has only the rest of the time.
            (Asked::Colleague, Some(until)) => {
                request.within(until.duration_since(flow.now()).unwrap_or_default()).await?
            }
            _ => Some(request.await?),
        };
        match verdict {
            None => {
                lines.write(&"nobody answered in time: a manager is asked".to_owned());
                asked = Asked::Manager;
                tell(flow, MANAGER.to_owned(), format!("nobody has answered: {expense}")).await?;
            }
            Some(verdict) => match objection(expense, asked, &verdict.by) {
                None => return Ok(verdict),
                Some(why) => {
                    lines.write(&format!("the answer does not count: {why}"));
                    remark = Some(why);
                }
            },
        }
    }
}

/// Returns why this person's answer is invalid, or `None` if it is valid.
fn objection(expense: &Expense, asked: Asked, by: &Principal) -> Option<String> {
    if by.name == expense.by {
        return Some(format!("{by} asks for the money, so another person has to answer"));
    }
    (asked == Asked::Manager && !by.has_role(MANAGER)).then(|| format!("{by} is no manager"))
}

#[cfg(test)]
mod tests {
    use super::objection;
    use crate::expense::{Asked, Expense, MANAGER};
    use std::time::Duration;
    use steadfast::Principal;

    #[test]
    fn nobody_approves_his_own_expense_and_only_managers_answer_for_managers() {
        let (by, what) = ("ada".to_owned(), "tea".to_owned());
        let expense = Expense { by, cents: 1, what, limit: Duration::ZERO };
        let [ada, bob] = ["ada", "bob"].map(Principal::new);
        let chief = Principal::new("eve").role(MANAGER);
        assert_eq!(objection(&expense, Asked::Colleague, &bob), None);
        assert_eq!(objection(&expense, Asked::Colleague, &chief), None);
        assert_eq!(objection(&expense, Asked::Manager, &chief), None);
        assert_eq!(objection(&expense, Asked::Manager, &bob).unwrap(), "bob is no manager");
        for asked in [Asked::Colleague, Asked::Manager] {
            let why = objection(&expense, asked, &ada.clone().role(MANAGER)).unwrap();
            assert_eq!(why, "ada asks for the money, so another person has to answer");
        }
    }
}
