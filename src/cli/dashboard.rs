//! The dashboard from the command line, and its configuration.

use metastable::experiment::presets;
use metastable::tui;
use metastable::tui::config::{self, Config};

use super::{Dashboard, FAILED, Failure, print};

/// `metastable config`.
///
/// # Errors
/// [`Failure`] where there is no folder for it, or nobody to print to.
pub(crate) fn configuration(path: bool) -> Result<(), Failure> {
    if !path {
        return print(&config::template());
    }
    match config::path() {
        Some(path) => print(&format!("{}\n", path.display())),
        None => Err(Failure {
            message: "this system has no folder for configurations: use --config FILE".into(),
            code: FAILED,
        }),
    }
}

/// How the dashboard is shown by the command line and, where that says nothing, by the configuration.
///
/// # Errors
/// [`Failure`] for a configuration that is wrong.
pub(super) fn options(arguments: &Dashboard) -> Result<tui::Options, Failure> {
    let path = arguments.config.clone().or_else(config::path);
    let config = (path.as_deref()).map_or_else(|| Ok(Config::default()), config::read);
    let config = config.map_err(Failure::input)?;
    Ok(tui::Options {
        color: arguments.color.or(config.color).unwrap_or_default(),
        theme: arguments.theme.or(config.theme).unwrap_or_default(),
        marker: arguments.marker.or(config.marker),
        pictures: arguments.pictures.or(config.pictures).unwrap_or_default(),
        fps: arguments.fps.or(config.fps).unwrap_or(30.0),
        bandwidth: arguments.bandwidth.or(config.bandwidth),
        keys: config.keys,
        speed: arguments.speed,
        paused: arguments.paused,
        mouse: !arguments.no_mouse && config.mouse.unwrap_or(true),
        tour: arguments.tour,
    })
}

/// Opens the dashboard; says afterwards what was saved and how to run it again.
///
/// # Errors
/// [`Failure`] for wrong input, a terminal that cannot be used, and the signal that ended it.
pub(crate) fn dashboard(arguments: &Dashboard) -> Result<(), Failure> {
    let experiment =
        presets::resolve(&arguments.experiment, &arguments.set).map_err(Failure::input)?;
    let options = options(arguments)?;
    let farewell = tui::run(experiment, options).map_err(Failure::run)?;
    if farewell.signal.is_none() {
        (farewell.lines.iter()).try_for_each(|line| print(&format!("{line}\n")))?;
    }
    match farewell.signal {
        // By convention a program that a signal ended says so in its exit code.
        Some(signal) => Err(Failure {
            message: format!("ended by signal {signal}"),
            code: 128 + signal as u8,
        }),
        None => Ok(()),
    }
}
