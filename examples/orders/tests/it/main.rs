//! The program as users see it: undisturbed, killed, and used wrongly.

mod killed;
mod mistakes;
mod program;
