//! Commands of a workflow body: each is a struct in a file of its own, with all that is particular to it.
//!
//! A command as issued and the one that an entry holds have the same type, so that a replay is `recorded == asked`.

mod abandon;
mod at;
mod await_answer;
mod cancel_child;
mod changed;
mod close_stream;
mod finish;
mod given;
mod mark_patch;
mod publish;
mod receive;
mod refuse_change;
mod request;
mod run_step;
mod send;
mod set_context;
mod set_label;
mod sleep;
mod start_child;
#[cfg(test)]
mod tests;
mod try_receive;
mod update_context;
mod write_stream;

pub(crate) use abandon::Abandon;
pub(crate) use at::{At, asked_again, derived_id};
pub(crate) use await_answer::AwaitAnswer;
pub(crate) use cancel_child::CancelChild;
pub(crate) use changed::{missing_rows, version as recorded_version};
pub(crate) use close_stream::CloseStream;
pub(crate) use finish::Finish;
pub(crate) use given::same_value;
pub(crate) use given::{Given, Recode, Recodes};
pub(crate) use mark_patch::MarkPatch;
pub(crate) use publish::Publish;
pub(crate) use receive::Receive;
pub(crate) use refuse_change::RefuseChange;
pub(crate) use request::Request;
pub(crate) use run_step::RunStep;
pub(crate) use send::Send;
pub(crate) use set_context::SetContext;
pub(crate) use set_label::SetLabel;
pub(crate) use sleep::Due;
pub(crate) use sleep::Sleep;
pub(crate) use start_child::StartChild;
pub(crate) use try_receive::TryReceive;
pub(crate) use update_context::UpdateContext;
pub(crate) use write_stream::WriteStream;

use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// The properties of every command. None has a default, so a new command does not compile until it defines each.
pub(crate) trait Ask: fmt::Display {
    /// Returns the kind of its entry.
    fn kind(&self) -> Kind;

    /// Returns the kinds of entries that complete it; none if the body does not wait for it.
    fn completed_by(&self) -> &'static [Kind];

    /// Returns the value that is recorded and, in a replay, compared with the user's code.
    fn given(&self) -> Option<&Given<'_>>;

    /// Returns when it is due.
    fn due(&self) -> Option<Due>;

    /// Writes its particulars into its entry, which has command index, due time and value already.
    fn to_entry(&self, at: &At<'_>, entry: &mut EntryRow);

    /// Returns its write beyond the rows of its run, in the commit of its entry. Repeating the write changes nothing.
    fn outgoing(&self, at: &At<'_>) -> Option<Outgoing>;
}

/// A command of a workflow body.
///
/// As issued, a step and the start of another run hold what is needed to run them: `S` and `R`. As recorded, they hold
/// nothing.
#[derive(Debug)]
pub enum Command<'a, S = (), R = ()> {
    /// Runs a step.
    RunStep(RunStep<'a, S>),
    /// Waits for a moment.
    Sleep(Sleep),
    /// Waits for a message.
    Receive(Receive<'a>),
    /// Takes a message if one has arrived.
    TryReceive(TryReceive<'a>),
    /// Sends a message to another run.
    Send(Send<'a>),
    /// Makes a request.
    Request(Request<'a>),
    /// Waits for the answer to a request of an earlier execution.
    AwaitAnswer(AwaitAnswer<'a>),
    /// Starts another run.
    StartChild(StartChild<'a, R>),
    /// Requests the cancellation of a child run.
    CancelChild(CancelChild<'a>),
    /// Publishes a value.
    Publish(Publish<'a>),
    /// Writes an item to a stream.
    WriteStream(WriteStream<'a>),
    /// Closes a stream.
    CloseStream(CloseStream<'a>),
    /// Sets or removes a label.
    SetLabel(SetLabel<'a>),
    /// Sets the whole context.
    SetContext(SetContext<'a>),
    /// Changes fields of the context.
    UpdateContext(UpdateContext<'a>),
    /// Records a change of the context that cannot be made.
    RefuseChange(RefuseChange<'a>),
    /// Takes the branch of a patch.
    MarkPatch(MarkPatch<'a>),
    /// Drops a call in flight.
    Abandon(Abandon),
    /// Ends the run.
    Finish(Finish<'a>),
}

/// Applies an expression to the struct of any command.
macro_rules! each {
    ($command:expr, $any:ident => $does:expr) => {
        match $command {
            Command::RunStep($any) => $does,
            Command::Sleep($any) => $does,
            Command::Receive($any) => $does,
            Command::TryReceive($any) => $does,
            Command::Send($any) => $does,
            Command::Request($any) => $does,
            Command::AwaitAnswer($any) => $does,
            Command::StartChild($any) => $does,
            Command::CancelChild($any) => $does,
            Command::Publish($any) => $does,
            Command::WriteStream($any) => $does,
            Command::CloseStream($any) => $does,
            Command::SetLabel($any) => $does,
            Command::SetContext($any) => $does,
            Command::UpdateContext($any) => $does,
            Command::RefuseChange($any) => $does,
            Command::MarkPatch($any) => $does,
            Command::Abandon($any) => $does,
            Command::Finish($any) => $does,
        }
    };
}

impl<'a> Command<'a> {
    /// Decodes the command of an entry; `None` for an entry that is no command, or is damaged.
    pub(crate) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        match entry.kind {
            Kind::StepStarted => RunStep::from_entry(entry).map(Command::RunStep),
            Kind::TimerSet => Sleep::from_entry(entry).map(Command::Sleep),
            // A wait for an answer has the id of a request, a wait for a message has none.
            Kind::ReceiveStarted if entry.other.is_some() => AwaitAnswer::from_entry(entry).map(Command::AwaitAnswer),
            Kind::ReceiveStarted => Receive::from_entry(entry).map(Command::Receive),
            Kind::MessageTried => TryReceive::from_entry(entry).map(Command::TryReceive),
            Kind::MessageSent => Send::from_entry(entry).map(Command::Send),
            Kind::RequestOpened => Request::from_entry(entry).map(Command::Request),
            Kind::ChildStarted => StartChild::from_entry(entry).map(Command::StartChild),
            Kind::ChildCancelled => CancelChild::from_entry(entry).map(Command::CancelChild),
            Kind::ValuePublished => Publish::from_entry(entry).map(Command::Publish),
            Kind::StreamWritten => WriteStream::from_entry(entry).map(Command::WriteStream),
            Kind::StreamClosed => CloseStream::from_entry(entry).map(Command::CloseStream),
            Kind::LabelSet => SetLabel::from_entry(entry).map(Command::SetLabel),
            Kind::ContextSet => SetContext::from_entry(entry).map(Command::SetContext),
            Kind::ContextUpdated => UpdateContext::from_entry(entry).map(Command::UpdateContext),
            Kind::ContextRefused => RefuseChange::from_entry(entry).map(Command::RefuseChange),
            Kind::PatchMarked => MarkPatch::from_entry(entry).map(Command::MarkPatch),
            Kind::CallAbandoned => Some(Command::Abandon(Abandon)),
            Kind::RunCompleted | Kind::RunFailed | Kind::RunCancelled | Kind::RunTimedOut => {
                Some(Command::Finish(Finish::from_entry(entry)))
            }
            Kind::RunStarted
            | Kind::AttemptStarted
            | Kind::AttemptFailed
            | Kind::StepCompleted
            | Kind::StepFailed
            | Kind::TimerFired
            | Kind::CancelRequested
            | Kind::RunMoved
            | Kind::ContextContinued
            | Kind::ScopeSet
            | Kind::MessageReceived
            | Kind::MessageDelivered
            | Kind::MessageRefused
            | Kind::RequestAnswered
            | Kind::ChildEnded
            | Kind::EventSent
            | Kind::DeadlineReached
            | Kind::RunRefused
            | Kind::RunReplaced
            | Kind::MessageKept
            | Kind::AnswerKept
            | Kind::RequestKept
            | Kind::RequestExpired
            | Kind::StateSet
            | Kind::StateEdited
            | Kind::RunPaused
            | Kind::RunResumed
            | Kind::ClockMoved => None,
        }
    }
}

impl<S, R> Command<'_, S, R> {
    pub(crate) fn kind(&self) -> Kind {
        each!(self, any => any.kind())
    }

    pub(crate) fn completed_by(&self) -> &'static [Kind] {
        each!(self, any => any.completed_by())
    }

    pub(crate) fn given(&self) -> Option<&Given<'_>> {
        each!(self, any => any.given())
    }

    pub(crate) fn due(&self) -> Option<Due> {
        each!(self, any => any.due())
    }

    /// Writes the command into its entry, with the recorded form of its value.
    pub(crate) fn to_entry(&self, at: &At<'_>, value: Option<crate::value::Value>, entry: &mut EntryRow) {
        entry.position = Some(at.position);
        entry.due = at.due;
        entry.value = value;
        each!(self, any => any.to_entry(at, entry));
    }

    pub(crate) fn outgoing(&self, at: &At<'_>) -> Option<Outgoing> {
        each!(self, any => any.outgoing(at))
    }

    /// Returns why it is refused: its value cannot be stored.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.given().and_then(Given::refusal)
    }

    /// Returns the error message of a refused call; `None` for a step or a child, whose own error has the reason.
    pub(crate) fn refused(&self) -> Option<String> {
        match self {
            Self::Send(send) => Some(send.refused()),
            Self::Request(request) => Some(request.refused()),
            Self::AwaitAnswer(answer) => Some(answer.refused()),
            Self::RunStep(_)
            | Self::Sleep(_)
            | Self::Receive(_)
            | Self::TryReceive(_)
            | Self::StartChild(_)
            | Self::CancelChild(_)
            | Self::Publish(_)
            | Self::WriteStream(_)
            | Self::CloseStream(_)
            | Self::SetLabel(_)
            | Self::SetContext(_)
            | Self::UpdateContext(_)
            | Self::RefuseChange(_)
            | Self::MarkPatch(_)
            | Self::Abandon(_)
            | Self::Finish(_) => None,
        }
    }

    /// Returns the channel on which it waits for a message.
    pub(crate) fn channel(&self) -> Option<&str> {
        if let Self::Receive(receive) = self { Some(receive.channel) } else { None }
    }

    /// Returns the type of the answer for which it waits.
    pub(crate) fn answer(&self) -> Option<&str> {
        match self {
            Self::Request(Request { answer, .. }) | Self::AwaitAnswer(AwaitAnswer { answer, .. }) => *answer,
            Self::RunStep(_)
            | Self::Sleep(_)
            | Self::Receive(_)
            | Self::TryReceive(_)
            | Self::Send(_)
            | Self::StartChild(_)
            | Self::CancelChild(_)
            | Self::Publish(_)
            | Self::WriteStream(_)
            | Self::CloseStream(_)
            | Self::SetLabel(_)
            | Self::SetContext(_)
            | Self::UpdateContext(_)
            | Self::RefuseChange(_)
            | Self::MarkPatch(_)
            | Self::Abandon(_)
            | Self::Finish(_) => None,
        }
    }

    /// Sets the end of its wait, on the run's monotonic clock, if it can have a limit.
    pub(crate) fn set_due(&mut self, moment: i64) {
        match self {
            Self::Receive(receive) => receive.due = Some(moment),
            Self::Request(request) => request.due = Some(moment),
            Self::RunStep(_)
            | Self::Sleep(_)
            | Self::TryReceive(_)
            | Self::Send(_)
            | Self::AwaitAnswer(_)
            | Self::StartChild(_)
            | Self::CancelChild(_)
            | Self::Publish(_)
            | Self::WriteStream(_)
            | Self::CloseStream(_)
            | Self::SetLabel(_)
            | Self::SetContext(_)
            | Self::UpdateContext(_)
            | Self::RefuseChange(_)
            | Self::MarkPatch(_)
            | Self::Abandon(_)
            | Self::Finish(_) => {}
        }
    }
}

/// A command in the words of the user.
impl<S, R> fmt::Display for Command<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each!(self, any => any.fmt(f))
    }
}

/// The comparison of a replay. It may run user code, to decode the recorded value.
impl<S, R, T, U> PartialEq<Command<'_, S, R>> for Command<'_, T, U> {
    fn eq(&self, asked: &Command<'_, S, R>) -> bool {
        match (self, asked) {
            (Self::RunStep(recorded), Command::RunStep(asked)) => recorded == asked,
            (Self::Sleep(recorded), Command::Sleep(asked)) => recorded == asked,
            (Self::Receive(recorded), Command::Receive(asked)) => recorded == asked,
            (Self::TryReceive(recorded), Command::TryReceive(asked)) => recorded == asked,
            (Self::Send(recorded), Command::Send(asked)) => recorded == asked,
            (Self::Request(recorded), Command::Request(asked)) => recorded == asked,
            (Self::AwaitAnswer(recorded), Command::AwaitAnswer(asked)) => recorded == asked,
            (Self::StartChild(recorded), Command::StartChild(asked)) => recorded == asked,
            (Self::CancelChild(recorded), Command::CancelChild(asked)) => recorded == asked,
            (Self::Publish(recorded), Command::Publish(asked)) => recorded == asked,
            (Self::WriteStream(recorded), Command::WriteStream(asked)) => recorded == asked,
            (Self::CloseStream(recorded), Command::CloseStream(asked)) => recorded == asked,
            (Self::SetLabel(recorded), Command::SetLabel(asked)) => recorded == asked,
            (Self::SetContext(recorded), Command::SetContext(asked)) => recorded == asked,
            (Self::UpdateContext(recorded), Command::UpdateContext(asked)) => recorded == asked,
            (Self::RefuseChange(recorded), Command::RefuseChange(asked)) => recorded == asked,
            (Self::MarkPatch(recorded), Command::MarkPatch(asked)) => recorded == asked,
            (Self::Abandon(recorded), Command::Abandon(asked)) => recorded == asked,
            (Self::Finish(recorded), Command::Finish(asked)) => recorded == asked,
            (
                Self::RunStep(_)
                | Self::Sleep(_)
                | Self::Receive(_)
                | Self::TryReceive(_)
                | Self::Send(_)
                | Self::Request(_)
                | Self::AwaitAnswer(_)
                | Self::StartChild(_)
                | Self::CancelChild(_)
                | Self::Publish(_)
                | Self::WriteStream(_)
                | Self::CloseStream(_)
                | Self::SetLabel(_)
                | Self::SetContext(_)
                | Self::UpdateContext(_)
                | Self::RefuseChange(_)
                | Self::MarkPatch(_)
                | Self::Abandon(_)
                | Self::Finish(_),
                _,
            ) => false,
        }
    }
}
