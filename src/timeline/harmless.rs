//! Makes text from users safe to print on a terminal, and measures it in columns.
//!
//! Names may hold anything. Shown through [`Harmless`], they move no cursor, reverse no text and
//! take one line.

use std::fmt::{self, Write as _};

/// Displays a text with its control characters replaced.
pub(super) struct Harmless<'a>(pub(super) &'a str);

impl fmt::Display for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| f.write_char(shown(c)))
    }
}

/// Returns the character that is shown for `c`: mostly `c` itself.
pub(super) fn shown(c: char) -> char {
    match c {
        // Unicode has a picture for each of these: `␊` for a newline.
        '\0'..='\x1f' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\x7f' => '␡',
        c if c.is_control() || turns_or_breaks_text(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Returns `true` for marks of direction, separators of lines and paragraphs, and invisible
/// characters.
fn turns_or_breaks_text(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Characters that take no column: combining marks, joiners and variation selectors.
#[rustfmt::skip]
const WITHOUT_WIDTH: [(char, char); 30] = [
    ('\u{300}', '\u{36f}'), ('\u{483}', '\u{489}'), ('\u{591}', '\u{5bd}'),
    ('\u{610}', '\u{61a}'), ('\u{64b}', '\u{65f}'), ('\u{6d6}', '\u{6dc}'),
    ('\u{900}', '\u{902}'), ('\u{93c}', '\u{93c}'), ('\u{941}', '\u{948}'),
    ('\u{94d}', '\u{94d}'), ('\u{981}', '\u{981}'), ('\u{9bc}', '\u{9bc}'),
    ('\u{9c1}', '\u{9c4}'), ('\u{bcd}', '\u{bcd}'), ('\u{e31}', '\u{e31}'),
    ('\u{e34}', '\u{e3a}'), ('\u{e47}', '\u{e4e}'), ('\u{eb1}', '\u{eb1}'),
    ('\u{eb4}', '\u{ebc}'), ('\u{1160}', '\u{11ff}'), ('\u{1ab0}', '\u{1aff}'),
    ('\u{1dc0}', '\u{1dff}'), ('\u{200c}', '\u{200d}'), ('\u{20d0}', '\u{20ff}'),
    ('\u{302a}', '\u{302d}'), ('\u{3099}', '\u{309a}'), ('\u{a66f}', '\u{a672}'),
    ('\u{fe00}', '\u{fe0f}'), ('\u{fe20}', '\u{fe2f}'), ('\u{e0100}', '\u{e01ef}'),
];

/// Characters that take two columns: East Asian wide letters, and emoji.
#[rustfmt::skip]
const WIDE: [(char, char); 42] = [
    ('\u{1100}', '\u{115f}'), ('\u{231a}', '\u{231b}'), ('\u{2329}', '\u{232a}'),
    ('\u{23e9}', '\u{23ec}'), ('\u{23f0}', '\u{23f0}'), ('\u{23f3}', '\u{23f3}'),
    ('\u{25fd}', '\u{25fe}'), ('\u{2614}', '\u{2615}'), ('\u{2648}', '\u{2653}'),
    ('\u{267f}', '\u{267f}'), ('\u{2693}', '\u{2693}'), ('\u{26a1}', '\u{26a1}'),
    ('\u{26aa}', '\u{26ab}'), ('\u{26bd}', '\u{26be}'), ('\u{26c4}', '\u{26c5}'),
    ('\u{26ce}', '\u{26ce}'), ('\u{26d4}', '\u{26d4}'), ('\u{26ea}', '\u{26ea}'),
    ('\u{26f2}', '\u{26f5}'), ('\u{26fa}', '\u{26fd}'), ('\u{2705}', '\u{2705}'),
    ('\u{270a}', '\u{270b}'), ('\u{2728}', '\u{2728}'), ('\u{274c}', '\u{274e}'),
    ('\u{2753}', '\u{2757}'), ('\u{2795}', '\u{2797}'), ('\u{27b0}', '\u{27bf}'),
    ('\u{2b1b}', '\u{2b1c}'), ('\u{2b50}', '\u{2b55}'), ('\u{2e80}', '\u{303e}'),
    ('\u{3041}', '\u{a4cf}'), ('\u{a960}', '\u{a97c}'), ('\u{ac00}', '\u{d7a3}'),
    ('\u{f900}', '\u{faff}'), ('\u{fe10}', '\u{fe19}'), ('\u{fe30}', '\u{fe6f}'),
    ('\u{ff01}', '\u{ff60}'), ('\u{ffe0}', '\u{ffe6}'), ('\u{16fe0}', '\u{1b2ff}'),
    ('\u{1f004}', '\u{1f64f}'), ('\u{1f680}', '\u{1faff}'), ('\u{20000}', '\u{3fffd}'),
];

/// Returns how many columns a character takes in a terminal: none, one or two.
///
/// The tables are a short form of Unicode's. Where a terminal disagrees, a line is a column too
/// long or too short.
pub(super) fn columns_of(c: char) -> usize {
    let is_in =
        |table: &[(char, char)]| table.iter().any(|(first, last)| (first..=last).contains(&&c));
    match c {
        // Nearly all text is below this limit, so the tables are rarely searched.
        ..'\u{300}' => 1,
        _ if is_in(&WITHOUT_WIDTH) => 0,
        _ if is_in(&WIDE) => 2,
        _ => 1,
    }
}

/// Returns how many columns a text takes, shown as it is.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Returns the text made harmless and cut to this many columns; `…` marks the cut.
pub(super) fn fitted(text: &str, columns: usize) -> String {
    let mut fitted = String::new();
    let mut width = 0;
    for c in text.chars().map(shown) {
        width += columns_of(c);
        if width > columns {
            return cut(fitted, columns);
        }
        fitted.push(c);
    }
    fitted
}

/// Returns the text made harmless and cut at its beginning: the end of a place in the source has
/// the file's name and the line.
pub(super) fn fitted_at_its_end(text: &str, columns: usize) -> String {
    let backwards: String = text.chars().rev().collect();
    fitted(&backwards, columns).chars().rev().collect()
}

/// Shortens the text until `…` fits behind it.
fn cut(mut text: String, columns: usize) -> String {
    if columns == 0 {
        return String::new();
    }
    while width_of(&text) >= columns {
        text.pop();
    }
    text.truncate(text.trim_end().len());
    text.push('…');
    text
}

/// Returns the text in ASCII, as wide as before.
pub(super) fn in_ascii(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' => plain.push(c),
            'µ' => plain.push('u'),
            '×' => plain.push('x'),
            '·' => plain.push('-'),
            '…' => plain.push('~'),
            c => plain.extend(std::iter::repeat_n('?', columns_of(c))),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let nasty = "a\0\u{1b}[31mb\nc\u{202e}d\u{9b}e\u{2028}";
        assert_eq!(Harmless(nasty).to_string(), "a␀␛[31mb␊c�d�e�");
        assert_eq!(Harmless("旗 🏁 é").to_string(), "旗 🏁 é");
    }

    #[test]
    fn ascii_is_as_wide() {
        assert_eq!(in_ascii("µ× …旗—e\u{301}"), "ux ~???e");
    }

    #[test]
    fn columns() {
        for (text, width) in
            [("", 0), ("abc", 3), ("旗", 2), ("🏁", 2), ("e\u{301}", 1), ("—…█", 3), ("한글", 4)]
        {
            assert_eq!(width_of(text), width, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        for (text, columns, fit) in [
            ("loiter", 6, "loiter"),
            ("loiter", 5, "loit…"),
            ("loi er", 5, "loi…"),
            ("旗旗旗", 6, "旗旗旗"),
            ("旗旗旗", 5, "旗旗…"),
            ("旗旗旗", 4, "旗…"),
            ("x", 0, ""),
            ("", 0, ""),
            ("xy", 1, "…"),
        ] {
            assert_eq!(fitted(text, columns), fit);
            assert!(width_of(&fitted(text, columns)) <= columns);
        }
        assert_eq!(fitted_at_its_end("examples/loiter.rs:118:28", 11), "….rs:118:28");
        assert_eq!(fitted_at_its_end("loiter", 6), "loiter");
    }
}
