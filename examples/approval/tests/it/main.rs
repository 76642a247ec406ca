//! The program as users see it: in several shells, killed, and used wrongly.

mod answered;
mod clients;
mod killed;
mod mistakes;
mod program;
