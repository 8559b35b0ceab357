//! How the dashboard is shown: what the command line and the configuration say.

use super::canvas::Marker;
use super::keymap::KeyMap;
use super::pixels::protocol::PictureChoice;
use super::theme::{ColorChoice, ThemeChoice};

/// How the dashboard is shown.
#[derive(Debug, Clone)]
pub struct Options {
    /// Colours.
    pub color: ColorChoice,
    /// What the colours stand on.
    pub theme: ThemeChoice,
    /// Dots.
    pub marker: Option<Marker>,
    /// How maps are drawn.
    pub pictures: PictureChoice,
    /// Most pictures a second.
    pub fps: f64,
    /// Kilobytes a second that the link may carry.
    pub bandwidth: Option<f64>,
    /// Simulated time per second of the clock; found from the experiment when absent.
    pub speed: Option<f64>,
    /// Whether it starts paused.
    pub paused: bool,
    /// Whether the mouse is heard.
    pub mouse: bool,
    /// Whether it begins with a tour.
    pub tour: bool,
    /// The reader's keys.
    pub keys: KeyMap,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: ColorChoice::Auto,
            theme: ThemeChoice::Auto,
            marker: None,
            pictures: PictureChoice::Auto,
            fps: 30.0,
            bandwidth: None,
            speed: None,
            paused: false,
            mouse: true,
            tour: false,
            keys: KeyMap::default(),
        }
    }
}
