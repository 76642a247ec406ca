//! The chapters of the guide, whose code is compiled and run as documentation tests.
//!
//! A chapter that needs a feature is tested only with that feature, as in a test of the whole workspace.

/// Includes chapters by their files.
macro_rules! chapters {
    ($($(#[$meta:meta])* $name:ident = $file:literal;)*) => {
        $($(#[$meta])* #[doc = include_str!(concat!("../../docs/src/", $file, ".md"))] pub struct $name;)*
    };
}

chapters! {
    IsItForMe = "is-it-for-me";
    FirstSteps = "first-steps";
    Contexts = "contexts";
    Steps = "steps";
    Concurrency = "concurrency";
    Time = "time";
    Messages = "messages";
    Children = "children";
    Transactions = "transactions";
    Graphs = "graphs";
    SharedState = "shared-state";
    RemoteSteps = "remote-steps";
    Queues = "queues";
    #[cfg(feature = "schedules")]
    Schedules = "schedules";
    #[cfg(feature = "encryption")]
    Secrets = "secrets";
    #[cfg(feature = "testing")]
    Testing = "testing";
    ChangingCode = "changing-code";
    Looking = "looking";
    CommandLine = "command-line";
    Operating = "operating";
    Acting = "acting";
    Deploying = "deploying";
    Errors = "errors";
    Backup = "backup";
    #[cfg(feature = "postgres")]
    Fleet = "fleet";
    Sizes = "sizes";
    #[cfg(feature = "sqlite")]
    Retention = "retention";
    Programs = "programs";
    Guarantees = "guarantees";
    HowItWorks = "how-it-works";
    Speed = "speed";
}
