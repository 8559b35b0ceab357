//! The program: its house, its files and keys, its presets, its command line, its screens and its threads.
#![allow(clippy::unwrap_used)] // a test may stop

#[path = "../common/mod.rs"]
mod common;

mod architecture;
mod command_line;
mod companions;
mod experiments;
mod figures;
mod own_files;
mod presets;
mod random_search;
mod screens;
mod sweeps;
mod terminal;
mod worker;
