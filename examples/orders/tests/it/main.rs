//! The program as users see it: undisturbed, killed, as a fleet, and used wrongly.

mod fleet;
mod killed;
mod mistakes;
mod program;
mod watched;
