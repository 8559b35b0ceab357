//! What lies over a page, and what is chosen from in it.

use crate::experiment::presets::Preset;

/// What lies over the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Popup {
    /// The help, scrolled by so many lines.
    Help(usize),
    /// What the page shows in words, scrolled by so many lines.
    Words(usize),
    /// The list of presets, with this one chosen.
    Presets(usize),
}

/// What is being looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed.
    pub(crate) text: String,
    /// The chosen one of those that fit.
    pub(crate) chosen: usize,
    /// Whether presets alone are looked for.
    pub(crate) presets: bool,
}

/// A folder's name while it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub(crate) text: String,
    /// Why it was not taken.
    pub(crate) refused: Option<String>,
}

/// A preset in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetLine {
    /// Its name on the command line.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Where in the paper it belongs.
    pub section: String,
    /// What to look at.
    pub about: String,
}

impl From<Preset> for PresetLine {
    fn from(preset: Preset) -> Self {
        Self {
            name: preset.name,
            title: preset.title,
            section: preset.section,
            about: preset.about,
        }
    }
}
