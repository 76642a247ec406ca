//! What identifies a type of events.

/// What identifies a type of events.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// The recorded name.
    pub name: &'static str,
    /// The channel on which it comes from outside: the name after `event:`.
    pub channel: &'static str,
    /// Where the type is defined: it distinguishes two types of one name.
    pub path: &'static str,
    /// Whether it comes from outside.
    pub external: bool,
    /// Whether each step that takes it gets it.
    pub broadcast: bool,
}
