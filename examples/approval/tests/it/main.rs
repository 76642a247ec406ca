//! The program as users see it: in several shells, killed, and used wrongly.

mod answered;
mod killed;
mod mistakes;
mod program;
