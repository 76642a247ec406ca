//! What an append writes beyond the rows of its run.

use super::NewRun;
use super::imported::ImportedRun;
use super::item::NewInboxItem;
use crate::store::rows::RequestRow;
use crate::store::task::TaskRow;
use crate::value::Value;

/// A write of an entry beyond the rows of its run. A rejected one leaves the append and the others alone.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// An item for the inbox of another run, by its id. See [`Write::Send`](super::Write::Send) for the answers.
    Deliver {
        /// The id of the run.
        to: String,
        /// The item; `run` is ignored.
        item: NewInboxItem,
    },
    /// An item for every run that has not ended and whose parent is this run's first run.
    NotifyChildren(NewInboxItem),
    /// A new run. See [`Write::Start`](super::Write::Start) for the answers. If it was started and `position` is given,
    /// its end is delivered to this run's inbox.
    Start {
        /// The run.
        run: Box<NewRun>,
        /// The command index of the call that waits for its end.
        position: Option<u64>,
    },
    /// A watch: the end of a run is delivered to this run's inbox, once, or now if it has ended. Rejected with
    /// [`Rejected::NoSuchRun`](super::Rejected::NoSuchRun).
    Watch {
        /// The id of the run.
        id: String,
        /// The command index of the call that waits for its end.
        position: u64,
    },
    /// An item for a run whose end this run waits for. Rejected with
    /// [`Rejected::NoSuchRun`](super::Rejected::NoSuchRun) if another run has the id.
    DeliverToWatched {
        /// The id of the run.
        to: String,
        /// The command index of the call that waits for its end.
        position: u64,
        /// The item; `run` is ignored.
        item: NewInboxItem,
    },
    /// A request. One with the same id is left as it is.
    Ask(RequestRow),
    /// The withdrawal of a request: the run no longer waits for the answer.
    Withdraw {
        /// The request's id.
        id: String,
    },
    /// The withdrawal of a request because its time is over. If this run's request has an answer all the same, the
    /// whole append is rejected with [`Rejected::Fenced`](super::Rejected::Fenced): the answer was accepted, so the run
    /// has to be looked at again.
    Expire {
        /// The request's id.
        id: String,
    },
    /// An output of this run.
    Put {
        /// The name of the channel.
        channel: String,
        /// The entry that writes it.
        seq: u64,
        /// The value written; `None` closes a stream.
        value: Option<Value>,
    },
    /// A task of this run: an attempt of a remote step. A task of the same attempt is left as it is, unless it waits in
    /// another queue, which it leaves; those of other attempts of the call end. `number`, `run`, `state`, `lease` and
    /// `refused` are ignored.
    Enqueue(Box<TaskRow>),
    /// The end of the tasks of a call that this run no longer waits for. One that an engine runs is marked as
    /// cancelled.
    Dequeue {
        /// The command index of the call.
        position: u64,
    },
    /// The end of the task of a call that waits for an engine. One that an engine runs, or whose outcome has come, is
    /// left as it is.
    Withhold {
        /// The command index of the call.
        position: u64,
    },
    /// A label of the run, set or removed.
    Label {
        /// The label's name.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// The current value of an indexed field of the run, set or removed.
    Index {
        /// The name of the run's workflow.
        workflow: String,
        /// The field's name.
        name: String,
        /// The key of its value.
        value: Option<String>,
    },
    /// The successor of the run, which must end with this append. The append is refused as a whole if the successor
    /// cannot be written.
    Replace(Box<ImportedRun>),
}
