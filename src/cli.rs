//! The command line: what can be asked for, and how the answers are printed.

mod dashboard;
mod page;
mod plot;
mod preset;
mod shell;
mod sweep;

pub(crate) use dashboard::{configuration, dashboard};
pub(crate) use page::page;
pub(crate) use plot::plot;
pub(crate) use preset::preset;
pub(crate) use shell::{completions, diagnosis, manual};
pub(crate) use sweep::sweep;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use metastable::batch::{self, BatchError, Place, Summary};
use metastable::experiment::{Experiment, keys, presets};
use metastable::tui;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Exit code for a wrong input.
pub(crate) const WRONG_INPUT: u8 = 2;
/// Exit code for a failure while running.
pub(crate) const FAILED: u8 = 1;

/// Transformers as interacting particles: tokens and their mean field, side by side.
///
/// Without a command it opens the dashboard on a preset or an experiment file; when the output is not a terminal it
/// runs the experiment instead and prints the report.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// What to do; the dashboard if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to open.
    #[command(flatten)]
    pub dashboard: Dashboard,
}

/// The dashboard's arguments.
#[derive(Args)]
pub(crate) struct Dashboard {
    /// A preset's name or an experiment file.
    #[arg(value_name = "PRESET|FILE", default_value = presets::DEFAULT)]
    pub experiment: OsString,
    /// Sets a key of the experiment, such as --set beta=4 or --set tokens.count=128.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Colours; `auto` looks at NO_COLOR, COLORTERM and TERM.
    #[arg(long, value_enum)]
    pub color: Option<tui::ColorChoice>,
    /// What the colours stand on; `auto` asks the terminal.
    #[arg(long, value_enum)]
    pub theme: Option<tui::ThemeChoice>,
    /// What curves and points are made of; if nothing is said, what the locale and TERM can show. With ascii the whole screen is ASCII.
    #[arg(long, value_enum)]
    pub marker: Option<tui::Marker>,
    /// How maps are sent to terminals that show pixels; `auto` looks at TERM and TERM_PROGRAM.
    #[arg(long, value_enum)]
    pub pictures: Option<tui::PictureChoice>,
    /// Most pictures a second; 30 if nothing is said.
    #[arg(long, value_parser = frames_per_second)]
    pub fps: Option<f64>,
    /// What the link may carry, in kilobytes a second: fewer pictures, fewer colours, coarser maps.
    #[arg(long, value_name = "KB/S", value_parser = positive)]
    pub bandwidth: Option<f64>,
    /// Simulated time per second; a thirtieth of the experiment if nothing is said.
    #[arg(long, value_parser = positive)]
    pub speed: Option<f64>,
    /// A configuration file in place of the usual one (`metastable config`).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Start paused.
    #[arg(long)]
    pub paused: bool,
    /// Show the ten presets of the digits one after another, with words about what is to be seen.
    #[arg(long)]
    pub tour: bool,
    /// Leave the mouse to the terminal.
    #[arg(long)]
    pub no_mouse: bool,
}

fn frames_per_second(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(fps) if (0.1..=240.0).contains(&fps) => Ok(fps),
        _ => Err("a number between 0.1 and 240 is expected".into()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("a number greater than 0 is expected".into()),
    }
}

/// Everything that can be done without a screen.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run an experiment without a screen, print a report, and write its data.
    Run(Run),
    /// Run the family of runs that [sweep] asks for, and keep what they say together.
    Sweep(sweep::Sweep),
    /// Draw a run or a sweep that lies in a folder: an SVG for every observable, and the ways of the tokens.
    Plot(plot::Plot),
    /// Write a page about a run or a sweep that lies in a folder: pictures, every prediction beside its measurement, how to repeat it.
    Report(page::Page),
    /// List, show and locate presets.
    #[command(subcommand)]
    Preset(PresetCommand),
    /// Print a configuration file with everything that the dashboard can start with, and all keys.
    Config {
        /// Print where it is looked for instead.
        #[arg(long)]
        path: bool,
    },
    /// Every key of an experiment file: what it takes, its range, what is taken if nothing is said.
    Keys {
        /// How to print them.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Say what the dashboard finds on this terminal and machine, and what chooses otherwise.
    Diagnose {
        /// As for the dashboard.
        #[command(flatten)]
        dashboard: Dashboard,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// How a listing is printed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON array.
    Json,
}

/// `metastable run`.
#[derive(Args)]
pub(crate) struct Run {
    /// A preset's name or an experiment file.
    #[arg(value_name = "PRESET|FILE")]
    pub experiment: OsString,
    /// Sets a key of the experiment, such as --set beta=4 or --set tokens.count=128.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[arg(long, value_name = "DIR", help = batch::files::help())]
    pub out: Option<PathBuf>,
    /// Replace the run that DIR holds.
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// `metastable preset`.
#[derive(Subcommand)]
pub(crate) enum PresetCommand {
    /// All presets, a line each.
    List,
    /// The file of a preset, ready to be copied and changed.
    Show {
        /// Its name.
        name: String,
    },
    /// The folder of your own presets, or where a preset's file is.
    Path {
        /// Its name.
        name: Option<String>,
    },
}

/// An answer that is not a success: what to print on standard error, and the exit code.
pub(crate) struct Failure {
    /// The message, without the leading "error: ".
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// Something the user wrote is wrong.
    pub(crate) fn input(error: impl std::fmt::Display) -> Self {
        Self {
            message: error.to_string(),
            code: WRONG_INPUT,
        }
    }

    /// Something failed while running.
    pub(crate) fn run(error: impl std::fmt::Display) -> Self {
        Self {
            message: error.to_string(),
            code: FAILED,
        }
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Exists(_) | BatchError::NotAFolder(_) | BatchError::Dangling { .. } => {
                Self::input(error)
            }
            BatchError::Stopped => Self {
                message: error.to_string(),
                code: 130,
            },
            _ => Self::run(error),
        }
    }
}

/// Prints text to standard output; a reader that went away (`| head`) is not an error.
///
/// # Errors
/// [`Failure`] where the text could not be written.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::run(format!(
            "the answer could not be written to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// `metastable run`.
///
/// # Errors
/// [`Failure`] for wrong input, a run that cannot go on, and Ctrl-C.
pub(crate) fn run(command: &Run) -> Result<(), Failure> {
    let experiment = presets::resolve(&command.experiment, &command.set).map_err(Failure::input)?;
    let (summary, place) = headless(&experiment, command.out.as_deref(), command.force)?;
    let mut text = summary.report();
    if let Some(sweep) = &experiment.sweep {
        text += &format!(
            "note: [sweep] asks for {} cells of {} runs, of which this is none: metastable sweep {} runs them\n",
            sweep.cells(),
            sweep.realisations,
            command.experiment.to_string_lossy()
        );
    }
    match (&command.out, &place) {
        (Some(out), Some(Place::Asked)) => {
            text += &format!("{:<14} {}\n", "written to", out.display());
        }
        (Some(out), Some(Place::Beside(other))) => {
            print(&text)?;
            return Err(Failure::run(format!(
                "{} holds another run by now: this one is kept in {}",
                out.display(),
                other.display()
            )));
        }
        _ => {}
    }
    print(&text)
}

/// A run with a progress bar on standard error, if that is a terminal, and Ctrl-C as a clean stop.
///
/// # Errors
/// [`Failure`] as for [`run`].
pub(crate) fn headless(
    experiment: &Experiment,
    out: Option<&std::path::Path>,
    force: bool,
) -> Result<(Summary, Option<Place>), Failure> {
    let interrupt = Interrupt::listen();
    if let Some(warning) = metastable::run::endless(experiment) {
        // whoever cannot be told cannot be warned
        let _ = writeln!(std::io::stderr(), "note: {warning}");
    }
    let bar = progress_bar(&experiment.title);
    let (experiment, out) = (experiment.clone(), out.map(std::path::Path::to_owned));
    let (done, outcome) = std::sync::mpsc::channel();
    let (signal, shown) = (interrupt.clone(), bar.clone());
    // Not in this thread: a step may take minutes, and nobody waits for it who has asked for the end. In a thread of the pool: whatever is shared
    // out on the way does not wait for one of them to wake.
    rayon::spawn(move || {
        let mut progress = |share: f64| {
            shown.set_position((share * 1000.0) as u64);
            signal.signal().is_none()
        };
        let found = std::panic::catch_unwind(AssertUnwindSafe(|| match out {
            Some(out) => batch::export(&experiment, &out, force, &mut progress)
                .map(|(summary, place)| (summary, Some(place))),
            None => batch::simulate(&experiment, &mut progress).map(|summary| (summary, None)),
        }));
        // there may be nobody left to be told
        let _ = done.send(found);
    });
    let outcome = match interrupt.wait(&outcome, &mut || GLANCE) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(RecvTimeoutError::Disconnected) => Err(BatchError::Stopped),
        Err(RecvTimeoutError::Timeout) => {
            batch::remove_unfinished();
            Err(BatchError::Stopped)
        }
    };
    bar.finish_and_clear();
    outcome.map_err(|error| match (error, interrupt.signal()) {
        // by convention a program that a signal ended says so in its exit code
        (error @ BatchError::Stopped, Some(signal)) => Failure {
            message: error.to_string(),
            code: 128 + signal as u8,
        },
        (error, _) => Failure::from(error),
    })
}

/// How often a thread that works is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How long a run that was asked to end may take to the end of its step.
const PATIENCE: Duration = Duration::from_millis(500);

/// The signals that end a run: the first asks it to stop, which leaves nothing behind; the second ends the program at once.
#[derive(Clone)]
struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let which = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // where a handler cannot be had, the program ends at once as usual
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&asked));
            let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
            let _ = signal_hook::flag::register_usize(signal, Arc::clone(&which), signal as usize);
        }
        Self(which)
    }

    /// What a thread has found, or nothing: it is gone, or a signal came and it has taken longer than [`PATIENCE`] to the end of its step.
    /// Meanwhile `between` is called again and again, and says how long the next wait may be.
    fn wait<T>(
        &self,
        found: &Receiver<T>,
        between: &mut dyn FnMut() -> Duration,
    ) -> Result<T, RecvTimeoutError> {
        let mut since: Option<Instant> = None;
        loop {
            match found.recv_timeout(between()) {
                Err(RecvTimeoutError::Timeout) if self.signal().is_none() => {}
                Err(RecvTimeoutError::Timeout)
                    if since.get_or_insert_with(Instant::now).elapsed() <= PATIENCE => {}
                outcome => return outcome,
            }
        }
    }

    fn signal(&self) -> Option<i32> {
        Some(self.0.load(Ordering::Relaxed) as i32).filter(|signal| *signal != 0)
    }
}

fn progress_bar(title: &str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(1000), target);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %  {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(title.to_owned());
    bar
}

/// `metastable keys`.
///
/// # Errors
/// [`Failure`] where the listing could not be written.
pub(crate) fn keys(format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => print(&keys::listing()),
        Format::Json => {
            let json = serde_json::to_string_pretty(keys::KEYS).map_err(Failure::run)?;
            print(&(json + "\n"))
        }
    }
}

/// The dashboard's experiment without a screen: for a pipe.
///
/// # Errors
/// [`Failure`] as for [`run`].
pub(crate) fn report(arguments: &Dashboard) -> Result<(), Failure> {
    let experiment =
        presets::resolve(&arguments.experiment, &arguments.set).map_err(Failure::input)?;
    print(&headless(&experiment, None, false)?.0.report())
}

/// Prints an error to standard error.
pub(crate) fn print_error(message: &str) {
    let _ = writeln!(std::io::stderr(), "error: {message}");
}

/// Whether the terminal says that it can do no more than print lines.
pub(crate) fn dumb() -> bool {
    std::env::var("TERM").is_ok_and(|term| term == "dumb")
}
