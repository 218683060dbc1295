//! Text in the page's HTML, escaped so that it stays text.

use std::fmt::{self, Write as _};

use crate::timeline::harmless::shown;

/// Displays a user's text for a place between two tags.
pub(super) struct Markup<'a>(pub(super) &'a str);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(shown(c)),
        })
    }
}

/// Displays a number with separated thousands: `20,000`.
pub(super) struct Number(pub(super) usize);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        digits.chars().enumerate().try_for_each(|(place, digit)| {
            if place > 0 && (digits.len() - place) % 3 == 0 {
                f.write_char(',')?;
            }
            f.write_char(digit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let odd = "</title><script a='1' b=\"2\">&amp;\n\u{0}\u{1b}\u{202e}旗";
        let said =
            "&lt;/title&gt;&lt;script a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;amp;␊␀␛\u{fffd}旗";
        assert_eq!(Markup(odd).to_string(), said);
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, said) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (999_000, "999,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(Number(number).to_string(), said);
        }
    }
}
