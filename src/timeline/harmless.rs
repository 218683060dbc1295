//! Names as a terminal, or a line of text, may show them: whatever they hold, they move no cursor, turn no text round, and take one line.
//!
//! It also knows how wide a text is there, in columns. The names themselves are data that anybody may have given.

use std::fmt::{self, Write as _};

/// A text without what a terminal would obey.
pub(super) struct Harmless<'a>(pub(super) &'a str);

impl fmt::Display for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| f.write_char(shown(c)))
    }
}

/// What stands for a character: mostly itself.
pub(super) fn shown(c: char) -> char {
    match c {
        // Unicode has a picture for each of these: `␊` for a newline.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '␡',
        c if c.is_control() || turns_or_breaks_text(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Marks of direction, of lines and paragraphs, and what is there and not seen.
fn turns_or_breaks_text(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// How many columns it takes in a terminal: none, one or two.
///
/// It is the short form of Unicode's table: East Asian wide letters and emoji take two, marks that are set upon the letter before them take none. Where a
/// terminal thinks otherwise, a line is a column too long or too short.
pub(super) fn columns_of(c: char) -> usize {
    match u32::from(c) {
        // What nearly all text is made of.
        ..0x300 => 1,
        // Combining marks, joiners, and what chooses between forms of a letter.
        0x300..=0x36f
        | 0x483..=0x489
        | 0x591..=0x5bd
        | 0x610..=0x61a
        | 0x64b..=0x65f
        | 0x6d6..=0x6dc
        | 0x900..=0x902
        | 0x93c
        | 0x941..=0x948
        | 0x94d
        | 0xe31
        | 0xe34..=0xe3a
        | 0xe47..=0xe4e
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x200c..=0x200d
        | 0x20d0..=0x20ff
        | 0x302a..=0x302d
        | 0x3099..=0x309a
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f
        | 0xe0100..=0xe01ef => 0,
        0x1100..=0x115f
        | 0x231a..=0x231b
        | 0x2329..=0x232a
        | 0x23e9..=0x23ec
        | 0x23f0
        | 0x23f3
        | 0x25fd..=0x25fe
        | 0x2614..=0x2615
        | 0x2648..=0x2653
        | 0x267f
        | 0x2693
        | 0x26a1
        | 0x26aa..=0x26ab
        | 0x26bd..=0x26be
        | 0x26c4..=0x26c5
        | 0x26ce
        | 0x26d4
        | 0x26ea
        | 0x26f2..=0x26f3
        | 0x26f5
        | 0x26fa
        | 0x26fd
        | 0x2705
        | 0x270a..=0x270b
        | 0x2728
        | 0x274c
        | 0x274e
        | 0x2753..=0x2755
        | 0x2757
        | 0x2795..=0x2797
        | 0x27b0
        | 0x27bf
        | 0x2b1b..=0x2b1c
        | 0x2b50
        | 0x2b55
        | 0x2e80..=0x303e
        | 0x3041..=0x4dbf
        | 0x4e00..=0xa4cf
        | 0xa960..=0xa97c
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe10..=0xfe19
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x16fe0..=0x18aff
        | 0x1b000..=0x1b2ff
        | 0x1f004
        | 0x1f0cf
        | 0x1f18e
        | 0x1f191..=0x1f19a
        | 0x1f1e6..=0x1f1ff
        | 0x1f200..=0x1f320
        | 0x1f32d..=0x1f335
        | 0x1f337..=0x1f37c
        | 0x1f37e..=0x1f393
        | 0x1f3a0..=0x1f3ca
        | 0x1f3cf..=0x1f3d3
        | 0x1f3e0..=0x1f3f0
        | 0x1f3f4
        | 0x1f3f8..=0x1f43e
        | 0x1f440
        | 0x1f442..=0x1f4fc
        | 0x1f4ff..=0x1f53d
        | 0x1f54b..=0x1f54e
        | 0x1f550..=0x1f567
        | 0x1f57a
        | 0x1f595..=0x1f596
        | 0x1f5a4
        | 0x1f5fb..=0x1f64f
        | 0x1f680..=0x1f6c5
        | 0x1f6cc
        | 0x1f6d0..=0x1f6d2
        | 0x1f6d5..=0x1f6df
        | 0x1f6eb..=0x1f6ec
        | 0x1f6f4..=0x1f6fc
        | 0x1f7e0..=0x1f7f0
        | 0x1f90c..=0x1f9ff
        | 0x1fa70..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// How many columns it takes, if it is shown as it is.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The text made harmless, and cut to so many columns: what was cut off is a `…`.
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

/// The same, but it is the beginning that is cut off: of a place in the source, the file's name and the line are at its end.
pub(super) fn fitted_at_its_end(text: &str, columns: usize) -> String {
    let mut width = 0;
    for (at, c) in text.char_indices().rev() {
        width += columns_of(shown(c));
        if width > columns {
            let kept = &text[at + c.len_utf8()..];
            return format!("…{}", Harmless(&kept[kept.chars().next().map_or(0, char::len_utf8)..]));
        }
    }
    Harmless(text).to_string()
}

/// Makes room for the `…` at the end.
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
        assert_eq!(fitted_at_its_end("examples/loiter.rs:118:28", 11), "…rs:118:28");
        assert_eq!(fitted_at_its_end("loiter", 6), "loiter");
    }
}
