//! The Gaussian mean field of ℝ^d: its ellipses of one and two deviations beside those of the tokens: a panel.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::observe::GaussianSide;
use crate::run::gaussian::ellipse;
use crate::snapshot::Snapshot;
use crate::tui::canvas::{Canvas, Disc, Pattern};
use crate::tui::model::Model;
use crate::tui::number::{ceiling, short, tidy};
use crate::tui::plot::rule;
use crate::tui::words;

/// Corners of a drawn ellipse.
const CORNERS: usize = 96;

/// Draws the panel.
// long: one line of words and one chart after another
pub(crate) fn draw(
    model: &Model,
    snapshot: &Snapshot,
    side: Option<&GaussianSide>,
    over: Option<String>,
    tokens: (&[f64], &[f64]),
    buffer: &mut Buffer,
    area: Rect,
) {
    let distance = snapshot.value("gaussian_distance");
    let corner = if distance.is_finite() {
        format!("W₂ {}", short(distance))
    } else {
        String::new()
    };
    let inner = rule(buffer, area, model.theme, "Gaussian mean field", &corner);
    if inner.height < 3 {
        return;
    }
    let (one, two) = (
        ellipse(tokens.0, tokens.1, 1.0, CORNERS),
        ellipse(tokens.0, tokens.1, 2.0, CORNERS),
    );
    let field = |radius: f64| {
        side.map_or_else(Vec::new, |side| {
            ellipse(&side.mean, &side.covariance, radius, CORNERS)
        })
    };
    let curves = [
        (one, model.theme.tokens(), Pattern::Solid),
        (two, model.theme.tokens(), Pattern::Solid),
        (field(1.0), model.theme.field(), Pattern::Dashed),
        (field(2.0), model.theme.field(), Pattern::Dashed),
    ];
    let reach = (curves.iter())
        .flat_map(|(points, ..)| points)
        .map(|p| p[0].abs().max(p[1].abs()))
        .fold(f64::MIN_POSITIVE, f64::max);
    let scale = ceiling(reach);
    let disc = Disc::within(inner);
    let mut canvas = Canvas::new(inner, model.marker);
    for (points, style, pattern) in &curves {
        let mut phase = 0;
        for pair in points.windows(2) {
            let place = |p: [f64; 2]| disc.at(p[0] / scale, p[1] / scale);
            phase = canvas.line(place(pair[0]), place(pair[1]), *style, *pattern, phase);
        }
    }
    canvas.render(buffer);
    let dim = model.theme.dim();
    let width = usize::from(inner.width);
    let text = format!("x₁, x₂ ±{}", tidy(scale));
    let at = inner.right().saturating_sub(text.chars().count() as u16);
    words::text(buffer, at, inner.y, text, width, dim);
    let style = if over.is_some() {
        model.theme.warning()
    } else {
        dim
    };
    let legend = match over {
        Some(words) => words,
        None => super::metrics::sides(model).replace("density", "mean field"),
    };
    words::text(buffer, inner.x, inner.bottom() - 1, legend, width, style);
}
