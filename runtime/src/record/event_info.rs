//! The identity of an event type.

/// The identity of an event type.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// The recorded name.
    pub name: &'static str,
    /// The channel on which it arrives from outside: the name after `event:`.
    pub channel: &'static str,
    /// The path of the type's definition, which distinguishes two types of one name.
    pub path: &'static str,
    /// Whether it arrives from outside.
    pub external: bool,
    /// Whether each step that takes it receives it.
    pub broadcast: bool,
}
