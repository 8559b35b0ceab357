//! How many tokens one glyph stands for: those that fall on one cell of the screen are a heap, and the glyph's size is its mass.

use std::collections::HashMap;

use ratatui::style::{Modifier, Style};

use crate::snapshot::view::TokenView;
use crate::tui::model::Model;

/// From so many tokens on a heap has the full glyph, and from so many a bold one.
const FULL: f64 = 1.5;
const HEAVY: f64 = 8.0;

/// Masses on cells, in tokens.
#[derive(Debug, Default)]
pub(super) struct Heaps(HashMap<(i32, i32), f64>);

impl Heaps {
    /// Of tokens in this order at these places, in cells; a token that is not drawn has none.
    pub(super) fn of(tokens: &TokenView, places: impl Iterator<Item = Option<(f64, f64)>>) -> Self {
        let mut heaps = Self::default();
        for (place, weight) in places.zip(&tokens.weights) {
            if let Some(place) = place {
                *heaps.0.entry(cell(place)).or_default() += weight;
            }
        }
        heaps
    }

    /// The glyph of a cluster's slot at a place, and its style from that of a full one.
    pub(super) fn glyph(
        &self,
        model: &Model,
        slot: Option<usize>,
        place: (f64, f64),
        style: Style,
    ) -> (&'static str, Style) {
        let mass = self.0.get(&cell(place)).copied().unwrap_or(1.0);
        let theme = model.theme;
        if mass < FULL {
            (theme.small(slot, model.ascii()), style)
        } else if mass < HEAVY {
            (theme.glyph(slot, model.ascii()), style)
        } else {
            let bold = style.add_modifier(Modifier::BOLD);
            (theme.glyph(slot, model.ascii()), bold)
        }
    }
}

fn cell((column, row): (f64, f64)) -> (i32, i32) {
    (column.floor() as i32, row.floor() as i32)
}
