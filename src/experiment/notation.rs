//! Mathematical notation in text, for names of systems and titles of panels.

/// The digits of a dimension, raised.
#[must_use]
pub(crate) fn superscript(number: usize) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    number
        .to_string()
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .map(|digit| digits[digit as usize])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_raised() {
        assert_eq!(superscript(31), "³¹");
    }
}
