//! The program as Prometheus sees it: scraped while it works, killed, and scraped again; and the files for Prometheus
//! and Grafana.

mod files;
mod page;
mod scraped;
