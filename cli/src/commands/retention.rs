//! `retention`: how many runs a retention would delete.

use crate::args::RetentionArgs;
use crate::exit::Failure;
use crate::list::whole;
use crate::out::Out;
use steadfast::Status;
use steadfast::inspect::{Inspector, RunsQuery};

/// What a retention selects if it names no status.
const ENDED: [Status; 5] = [Status::Completed, Status::Failed, Status::Cancelled, Status::TimedOut, Status::Refused];

pub(super) async fn preview(inspector: &Inspector, out: &mut Out, args: &RetentionArgs) -> Result<(), Failure> {
    let statuses = if args.status.is_empty() { &ENDED[..] } else { &args.status };
    let query = RunsQuery::all().started_before(args.older_than).changed_before(args.older_than).oldest_first();
    let query = statuses.iter().fold(query, |query, status| query.status(*status));
    let query = args.workflow.iter().fold(query, RunsQuery::workflow);
    whole(out, &inspector.count_by_status(&query).await?)
}
