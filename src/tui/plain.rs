//! A screen of ASCII alone, for terminals whose locale has no other characters: every cell is replaced by its likeness.

use ratatui::buffer::Buffer;

use super::theme::Theme;

/// The likeness of a character.
// long: one arm a character
fn likeness(c: char) -> &'static str {
    match c {
        '─' | '━' | '╍' | '┄' | '—' | '–' | '−' => "-",
        '│' | '┆' | '┃' => "|",
        '└' | '┌' | '┐' | '┘' | '┴' | '┬' | '├' | '┤' | '╭' | '╮' | '╰' | '╯' => {
            "+"
        }
        '·' | '•' | '⠂' | '⠁' => ".",
        '…' => "~",
        '▸' | '▶' | '→' | '⟩' | '›' => ">",
        '◂' | '←' | '⟨' | '‹' => "<",
        '↑' => "^",
        '↓' => "v",
        '■' | '▀' | '▄' | '█' | '▓' => "#",
        '‖' => "=",
        '“' | '”' => "\"",
        '≤' => "<",
        '≥' => ">",
        '≈' | '∼' => "~",
        '√' => "v",
        '×' => "x",
        '°' => "o",
        '±' => "+",
        '∞' => "8",
        'α' => "a",
        'β' => "b",
        'γ' => "g",
        'δ' | 'Δ' | '∂' => "d",
        'θ' => "t",
        'κ' => "k",
        'λ' => "l",
        'μ' => "u",
        'π' => "p",
        'ρ' => "r",
        'σ' => "s",
        'τ' => "t",
        'ψ' => "y",
        'ω' => "w",
        'Σ' | '∫' | '∬' => "S",
        'ℝ' => "R",
        '½' => "h",
        '⁰' | '₀' => "0",
        '¹' | '₁' => "1",
        '²' | '₂' => "2",
        '³' | '₃' => "3",
        '⁴' | '₄' => "4",
        '⁵' | '₅' => "5",
        '⁶' | '₆' => "6",
        '⁷' | '₇' => "7",
        '⁸' | '₈' => "8",
        '⁹' | '₉' => "9",
        'ᵢ' => "i",
        'ⱼ' => "j",
        '⁻' => "-",
        '⇧' => "^",
        '●' | '◉' | '○' => "o",
        '▲' | '△' => "^",
        '▼' | '▽' => "v",
        '◆' | '◇' | '★' | '☆' => "*",
        '✚' | '✛' => "+",
        '□' => "n",
        '◌' => ".",
        '✖' | '✕' => "x",
        '′' => "'",
        '§' => "S",
        '↻' => "r",
        _ => "?",
    }
}

/// Replaces what is not ASCII. Of a cell of two colours the brighter stays: it is where the density is.
pub(crate) fn make(buffer: &mut Buffer, theme: Theme) {
    for cell in &mut buffer.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        if matches!(cell.symbol(), "▀" | "▄") && theme.level_of(cell.bg).is_some() {
            if theme.level_of(cell.fg) > theme.level_of(cell.bg) {
                cell.bg = cell.fg;
            }
            cell.set_symbol(" ");
            continue;
        }
        let plain = cell.symbol().chars().next().map_or(" ", likeness);
        cell.set_symbol(plain);
    }
}
