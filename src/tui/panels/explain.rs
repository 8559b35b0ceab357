//! What the screen shows, in words: what to look at, the equation, the notes, and every symbol with its meaning and unit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::density::wrapped;
use crate::dynamics::Normalisation;
use crate::tui::model::Model;

/// A symbol, what it stands for with its unit and source, and the pages on which it is; none for all pages.
struct Term {
    symbol: &'static str,
    meaning: &'static str,
    pages: &'static [&'static str],
}

const fn term(symbol: &'static str, meaning: &'static str, pages: &'static [&'static str]) -> Term {
    Term {
        symbol,
        meaning,
        pages,
    }
}

/// The glossary.
#[rustfmt::skip]
const TERMS: &[Term] = &[
    term("SA", "self-attention, weights by softmax; USA: the same weights not normalised, up to e^β times faster", &[]),
    term("n, d", "tokens, and the dimension of the space whose unit sphere they live on", &[]),
    term("β, D", "inverse temperature; noise dx = drift dt + √(2D) P∘dW, and DΔρ in the continuum", &[]),
    term("t", "time of the equation: the depth of the transformer, in layers of step one", &[]),
    term("ρ, dμ/dσ", "density against the uniform probability σ: 1 is uniform; n → ∞ of the tokens", &["run", "space–time"]),
    term("E_β", "interaction energy (1/2β)∬e^{β⟨x,y⟩}dμdμ (3.5); it grows along (SA) and (USA)", &["run", "staircase"]),
    term("W₁", "Wasserstein distance of tokens and density in radians; on S² the mean over 32 directions", &["run"]),
    term("K", "kernel discrepancy √∬k d(μ_n−μ)², k = e^{β⟨x,y⟩}; 1/√n is what independent tokens have", &["run"]),
    term("m_k, m_l", "k-th Fourier moment on the circle, degree l above it: 1 of all in one point, 0 of uniform", &["run", "spectrum"]),
    term("clusters", "peaks of the tokens smoothed by observe.cluster_width, with their shares of the mass; under noise the plot has the median of 9 frames", &["run"]),
    term("rings", "beside the tokens ρ is drawn outwards from the ring ρ = 0; the outer ring is the number given", &["run"]),
    term("one picture (o)", "the ring is as high and as bright as ln ρ; a cluster's share of the tokens, then ρ and the density's", &["run"]),
    term("◇", "where the linear theory, e^{g_k t} for every mode of the first density, lets clusters form", &["run"]),
    term("g_k", "growth rate of |m_k| from uniformity, in 1/t; the fastest one says how many clusters there will be", &["spectrum"]),
    term("index", "negative eigenvalues of −Hess E: directions in which a saddle of the energy is left (Problem 1)", &["staircase"]),
    term("⟨x_i,x_j⟩", "inner products of all pairs: 1 is the same place (Fig. 1)", &["products", "attention"]),
    term("p_ij", "share of token j in the average that moves token i; rows are sorted by cluster", &["attention"]),
    term("ψ(t,x)", "density of the difference of two tokens, by the ensemble and by closures of (8.1)", &["pairs"]),
    term("values", "the observables of metrics.csv at the frame on show, to twelve digits, each with its definition", &["values"]),
    term("fps", "pictures a second; between frames tokens go along the arc and ρ linearly, numbers are the later frame's", &[]),
    term("resolved", "the largest coefficient in the top eighth of the modes: what the series does not know", &[]),
    term("characteristics", "markers that carry the density where the modes run out; loss: what their panels do not see", &[]),
];

/// The equation of the system on show, as far as it has one in a line.
fn equation(model: &Model) -> String {
    let attention = model.attention();
    let system = &model.experiment.system;
    if !system.heads.is_empty() || model.experiment.tokens.flat {
        return "x_i' = P_{x_i} Σ_h Σ_j p_ij V_h x_j, p by ⟨Q_h x_i, K_h x_j⟩; P is left out in ℝ^d (2.7)".into();
    }
    if attention.interaction.is_some() {
        return "θ_i' = ω_i − (1/n) Σ_j h'(θ_i − θ_j)".into();
    }
    match attention.normalisation {
        Normalisation::None => "x_i' = P_{x_i} (1/n) Σ_j e^{β⟨x_i,x_j⟩} x_j (USA)".into(),
        Normalisation::Softmax => {
            "x_i' = P_{x_i} Σ_j e^{β⟨x_i,x_j⟩} x_j / Σ_k e^{β⟨x_i,x_k⟩} (SA)".into()
        }
        Normalisation::Sinkhorn { .. } => {
            "x_i' = P_{x_i} Σ_j p_ij x_j, p doubly stochastic (Remark 3.5)".into()
        }
        Normalisation::Hardmax { .. } => {
            "x_i' = P_{x_i} mean of the x_j of the largest ⟨x_i,x_j⟩ (9.4)".into()
        }
    }
}

/// All of it in lines of at most `width` cells.
pub(crate) fn lines(model: &Model, page: &str, width: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut list = Vec::new();
    let mut paragraph = |heading: &str, text: &str| {
        list.push(Line::from(Span::styled(heading.to_owned(), theme.title())));
        for line in wrapped(text, width.saturating_sub(2)) {
            list.push(Line::from(format!("  {line}")));
        }
        list.push(Line::default());
    };
    paragraph(&model.title(), &model.experiment.about);
    paragraph("equation", &equation(model));
    if let Some(snapshot) = model.snapshot() {
        for note in snapshot.notes.iter() {
            paragraph("note", note);
        }
    }
    list.push(Line::from(Span::styled(
        format!("symbols of the page {page}"),
        theme.title(),
    )));
    let widest = 16;
    for term in TERMS
        .iter()
        .filter(|t| t.pages.is_empty() || t.pages.contains(&page))
    {
        for (row, line) in wrapped(term.meaning, width.saturating_sub(widest + 1))
            .iter()
            .enumerate()
        {
            let symbol = if row == 0 { term.symbol } else { "" };
            list.push(Line::from(vec![
                Span::styled(format!(" {symbol:<15}"), theme.key()),
                Span::raw(line.clone()),
            ]));
        }
    }
    list
}

/// Draws them, scrolled.
pub(crate) fn draw(list: &[Line], buffer: &mut Buffer, inner: Rect, scroll: usize) {
    let rows = usize::from(inner.height);
    let scroll = scroll.min(list.len().saturating_sub(rows));
    for (row, line) in list.iter().skip(scroll).take(rows).enumerate() {
        crate::tui::words::line(buffer, inner.x, inner.y + row as u16, line, inner.width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::pages::PAGES;

    #[test]
    fn every_page_has_words_of_its_own_and_every_word_a_page() {
        for page in PAGES.iter().filter(|p| p.name != "sweep") {
            assert!(
                TERMS.iter().any(|t| t.pages.contains(&page.name)),
                "{}",
                page.name
            );
        }
        for term in TERMS {
            assert!(
                term.pages
                    .iter()
                    .all(|name| PAGES.iter().any(|p| p.name == *name)),
                "{}",
                term.symbol
            );
            assert!(!term.meaning.is_empty() && term.symbol.chars().count() <= 15);
        }
    }
}
