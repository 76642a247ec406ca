//! The service as clients see it: real requests on a loopback port, stopped, killed, and misused; and its workflow with
//! every fault at every commit.

mod asked;
mod deployed;
mod faults;
mod killed;
mod mistakes;
mod program;
mod stopped;
