//! The program: reads the command line and hands over to the dashboard, to a run without a screen, or to the presets.

mod cli;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command, Failure};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Some(Command::Run(run)) => cli::run(run),
        Some(Command::Sweep(sweep)) => cli::sweep(sweep),
        Some(Command::Plot(plot)) => cli::plot(plot),
        Some(Command::Report(page)) => cli::page(page),
        Some(Command::Preset(preset)) => cli::preset(preset),
        Some(Command::Config { path }) => cli::configuration(*path),
        Some(Command::Keys { format }) => cli::keys(*format),
        Some(Command::Diagnose { dashboard }) => cli::diagnosis(dashboard),
        Some(Command::Completions { shell }) => cli::completions(*shell),
        Some(Command::Man) => cli::manual(),
        None if std::io::stdout().is_terminal() && !cli::dumb() => cli::dashboard(&cli.dashboard),
        None => cli::report(&cli.dashboard),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, code }) => {
            cli::print_error(&message);
            ExitCode::from(code)
        }
    }
}
