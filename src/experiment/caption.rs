//! Captions: words for the screen, from a time or an event of a run on. They change nothing of the run.

use serde::Serialize;

/// What a caption may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Clusters of tokens have become fewer, for the first time.
    Merge,
    /// Markers have taken the density over.
    HandOver,
    /// The density is no longer resolved.
    Lost,
    /// The run is at its end.
    End,
}

impl Event {
    /// The words of a file.
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("merge", Self::Merge),
        ("hand-over", Self::HandOver),
        ("lost", Self::Lost),
        ("end", Self::End),
    ];
}

/// `[[caption]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Caption {
    /// Time of the run from which on it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
    /// What it waits for instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// What it says.
    pub text: String,
    /// The page of the dashboard that it is about; a tour opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}
