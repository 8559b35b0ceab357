//! The dashboard: keys become actions, actions change the model, the view draws it. The worker computes in its own
//! thread; the screen shows its latest snapshot and never waits for it.
//!
//! `key → Action → update(&mut Model, Action) → Vec<Effect>`, and `view(&Model, &mut Frame)`.

pub(crate) mod action;
pub(crate) mod between;
pub(crate) mod canvas;
pub(crate) mod captions;
pub(crate) mod changes;
pub(crate) mod cluster_colours;
pub mod config;
pub mod diagnose;
pub(crate) mod echo;
pub(crate) mod entry;
pub(crate) mod event_loop;
pub(crate) mod ghost;
pub(crate) mod keepsake;
pub(crate) mod keyboard;
pub mod keymap;
pub(crate) mod ladders;
pub(crate) mod lately;
pub(crate) mod layouts;
pub(crate) mod link;
pub(crate) mod looking;
pub(crate) mod looks;
pub mod model;
pub(crate) mod mouse;
pub(crate) mod number;
pub mod options;
pub(crate) mod pace;
pub mod pages;
pub(crate) mod palette;
pub(crate) mod panels;
pub(crate) mod parameter;
pub(crate) mod past;
pub(crate) mod pixels;
pub(crate) mod place;
pub(crate) mod plain;
pub(crate) mod plot;
pub mod popups;
pub(crate) mod projection;
pub(crate) mod recording;
pub(crate) mod save;
mod strings;
pub mod sweep_page;
pub(crate) mod sweeping;
pub(crate) mod terminal;
pub mod theme;
pub(crate) mod thrift;
pub(crate) mod ticks;
pub(crate) mod time_axis;
pub mod tour;
pub(crate) mod trails;
pub(crate) mod update;
pub(crate) mod values;
pub mod view;
pub mod wire;
mod words;

use std::io::{self, IsTerminal};

pub use canvas::Marker;
pub use options::Options;
pub use pixels::protocol::PictureChoice;
pub use theme::{ColorChoice, ThemeChoice};

use crate::experiment::{Experiment, presets};

use crate::run::Worker;
use event_loop::EventLoop;
use keyboard::Keyboard;
use link::Link;
use model::{Model, PresetLine};
use pixels::gallery::Gallery;
use pixels::protocol::Protocol;
use recording::Recorder;
use save::Saver;
use terminal::{Signals, TerminalGuard};
use theme::{Depth, Ground, Theme};
use thrift::Thrift;

/// Why the dashboard could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal refused.
    #[error("the terminal cannot be used: {0} (`metastable run` needs none)")]
    Terminal(io::Error),
    /// No thread for the computation.
    #[error("the computing thread cannot be started: {0}")]
    Worker(io::Error),
}

/// How it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Farewell {
    /// What is worth printing after the screen is gone: where runs were saved, and how to run them again.
    pub lines: Vec<String>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// Shows the dashboard on an experiment until it is left.
///
/// # Errors
/// [`TuiError`] when there is no terminal or no thread; a terminal that hangs up later is a quiet end.
pub fn run(experiment: Experiment, options: Options) -> Result<Farewell, TuiError> {
    let variable = |name: &str| std::env::var(name).ok();
    let depth = Depth::detect(options.color, variable);
    let term = variable("TERM").unwrap_or_default();
    let ground = Ground::detect(options.theme, depth, &term);
    let theme = Theme {
        ground: ground.unwrap_or_default(),
        ..Theme::of(depth)
    };
    let lines = presets::list().into_iter().map(PresetLine::from).collect();
    let marker =
        (options.marker).unwrap_or_else(|| Marker::detect(|name| std::env::var(name).ok()));
    let mut model = Model::new(experiment.clone(), lines, theme, marker);
    let speed = options.speed.filter(|speed| *speed > 0.0);
    model.speed = speed.unwrap_or(model.speed);
    model.paused = options.paused;
    model.keys.clone_from(&options.keys);
    model.page = pages::about(&model.experiment);
    let signals = Signals::listen().map_err(TuiError::Terminal)?;
    let pictures = Protocol::in_use(options.pictures, (depth, options.bandwidth), variable);
    terminal::has_pictures(pictures);
    let worker =
        Worker::start(experiment, model.speed, options.paused).map_err(TuiError::Worker)?;
    let recorder = Recorder::default();
    let link = Link::default();
    let mut screen = terminal::screen(&recorder, &link).map_err(TuiError::Terminal)?;
    terminal::hear_mouse(options.mouse);
    let visit = TerminalGuard::begin().map_err(TuiError::Terminal)?;
    let mut room = EventLoop {
        worker: &worker,
        signals: &signals,
        saver: Saver::default(),
        asks: io::stdin().is_terminal(),
        ground_open: ground.is_none(),
        link,
        grip: None,
        thrift: Thrift::new(options.bandwidth),
        recorder,
        stops: false,
        depth,
        gallery: pictures.map(Gallery::new),
    };
    if options.tour {
        // the first preset, and its sentence
        for effect in captions::begin(&mut model) {
            let _ = room.perform(effect, &mut model);
        }
    }
    // An error here is a terminal that has gone: there is nobody left to tell.
    let mut keyboard = Keyboard::new(signals.window());
    let gone = room.run(&mut screen, &mut keyboard, &mut model, options.fps);
    room.saver.give_up();
    room.end_recording(&mut model);
    drop(visit);
    // The screen has been left: ratatui would show the cursor once more, and panic where there is no terminal to show it on.
    std::mem::forget(screen);
    Ok(Farewell {
        lines: model.farewell,
        signal: (signals.ended()).or(gone.is_err().then_some(signal_hook::consts::SIGHUP)),
    })
}
