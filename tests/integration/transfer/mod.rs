//! All data go out and into another database, and nobody notices.

mod beside;
mod export_file;
mod interrupted;
mod program;
mod refused;
mod round_trip;
mod scene;
