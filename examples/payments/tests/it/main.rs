//! The program as its users meet it: undisturbed, killed, and used wrongly.

mod killed;
mod mistakes;
mod program;
