//! The sweep page: an observable against the key that is varied, a run for every point, with what theory says.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::plot::{Chart, Marks, rule};
use crate::tui::words;

/// Draws the page.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let Some(spec) = &snapshot.experiment.sweep else {
        let inner = rule(buffer, area, model.theme, "sweep", "");
        let text = " nothing is varied in this experiment: see [sweep], or the preset transition";
        words::text(
            buffer,
            inner.x,
            inner.y + 1,
            text,
            usize::from(inner.width),
            model.theme.dim(),
        );
        return;
    };
    let title = format!("{} against {}", spec.observable, spec.key);
    let mut chart = Chart::new(title, (spec.from.min(spec.to), spec.from.max(spec.to)));
    chart.corner = format!("{} of {} runs", snapshot.swept.points.len(), spec.points);
    chart.x_name = "value of the key";
    chart.y = (0.0, 1.0);
    chart.empty = "the first run is under way";
    let mut legend = vec![
        Span::styled(if model.ascii() { "o" } else { "●" }, model.theme.tokens()),
        Span::raw(if spec.average > 0.0 {
            format!(
                " mean over the last {:.0} % of a run, │ its deviation  ",
                100.0 * spec.average
            )
        } else {
            " last frame of a run  ".to_owned()
        }),
    ];
    if let Some((label, curve)) = &snapshot.swept.theory {
        chart.curve(curve.clone(), model.theme.theory(), Pattern::Dotted);
        legend.push(super::metrics::sample(model, "···", model.theme.theory()));
        legend.push(Span::raw(format!(" {label}  ")));
    }
    for [x, mean, deviation] in &snapshot.swept.points {
        chart.curve(
            vec![(*x, mean - deviation), (*x, mean + deviation)],
            model.theme.dim(),
            Pattern::Solid,
        );
    }
    if let Some([x, mean, _]) = snapshot.swept.points.last() {
        legend.push(Span::raw(format!("at {}: {}", tidy(*x), short(*mean))));
    }
    chart.marks.push(Marks {
        points: (snapshot.swept.points.iter())
            .map(|[x, mean, _]| (*x, *mean))
            .collect(),
        style: model.theme.tokens(),
        glyph: if model.ascii() { "o" } else { "●" },
    });
    chart.values = vec![Line::from(legend)];
    chart.draw(buffer, area, model.theme, model.marker);
}
