//! Text for a picture: made harmless, and cut to the width that it has.
//!
//! The reader's font is unknown, so widths are estimated, rather too wide than too narrow. Names
//! may hold anything; what a picture cannot show is replaced by a symbol.

use std::fmt::{self, Write as _};

/// Longest text in characters, even where more would fit.
const LONGEST: usize = 300;

/// Most marks on one letter: more would reach into the line above.
const MOST_ACCENTS: usize = 2;

/// A font size and weight, for the estimates and for the style sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Face {
    /// Class in the style sheet.
    pub(super) class: &'static str,
    pub(super) size: f64,
    pub(super) bold: bool,
}

pub(super) const TITLE: Face = Face { class: "title", size: 20.0, bold: true };
pub(super) const HEADING: Face = Face { class: "heading", size: 13.0, bold: true };
pub(super) const PLAIN: Face = Face { class: "plain", size: 12.5, bold: false };
pub(super) const STRONG: Face = Face { class: "strong", size: 12.5, bold: true };
pub(super) const SMALL: Face = Face { class: "small", size: 11.0, bold: false };
pub(super) const FACES: [Face; 5] = [TITLE, HEADING, PLAIN, STRONG, SMALL];

impl Face {
    /// Estimates the greatest width of a text.
    pub(super) fn width_of(self, text: &str) -> f64 {
        text.chars().map(|c| self.width_of_one(c)).sum()
    }

    fn width_of_one(self, c: char) -> f64 {
        // Widths of Verdana, the widest of the common fonts.
        let ems = match c {
            ' ' | '\u{a0}' | 'i' | 'j' | 'l' | 'f' | '.' | ',' | '\'' => 0.37,
            't' | 'r' | 'I' | ':' | ';' | '|' | '!' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' => {
                0.46
            }
            'c' | 's' | 'k' | 'v' | 'x' | 'y' | 'z' => 0.6,
            '%' => 1.08,
            'm' | 'W' | '@' => 1.0,
            'M' | 'w' | '+' | '<' | '=' | '>' | '~' | '#' | '^' => 0.87,
            'A'..='Z' | '&' => 0.79,
            ' '..='~' | 'µ' => 0.65,
            _ if is_familiar(c) && u32::from(c) < 0x2190 => 1.05,
            _ => 1.3,
        };
        ems * self.size * if self.bold { 1.15 } else { 1.0 }
    }

    /// Cuts a text to fit, with `…` for the rest; `None` if less than two characters would remain.
    pub(super) fn fit(self, text: &str, room: f64) -> Option<String> {
        if self.width_of(text) <= room {
            return Some(text.to_owned());
        }
        let mut left = room - self.width_of_one('…');
        let mut kept = String::new();
        for c in text.chars() {
            left -= self.width_of_one(c);
            if left < 0.0 {
                break;
            }
            kept.push(c);
        }
        let kept = kept.trim_end_matches([' ', '\u{200d}']);
        (kept.chars().count() >= 2).then(|| format!("{kept}…"))
    }

    /// Breaks a text into lines that fit; a word that is longer than a line is cut.
    pub(super) fn wrap(self, text: &str, room: f64) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let longer = match lines.last().map_or("", String::as_str) {
                "" => word.to_owned(),
                line => format!("{line} {word}"),
            };
            let fits = self.width_of(&longer) <= room;
            match lines.last_mut() {
                Some(line) if fits || line.is_empty() => *line = longer,
                _ => lines.push(word.to_owned()),
            }
        }
        lines.iter().map(|line| self.fit(line, room).unwrap_or_default()).collect()
    }
}

/// Returns `true` if the width of a character is known. Some others are as wide as a word.
pub(super) fn is_familiar(c: char) -> bool {
    matches!(
        u32::from(c),
        ..0x0700 | 0x0900..0x0980 | 0x0E00..0x0F00 | 0x2000..0x2C00 | 0x3000..0x3100
            | 0x4E00..0xA000 | 0xAC00..0xD7A4 | 0xFE00..0xFE10 | 0xFFFD | 0x1F300..0x1FB00
    )
}

/// Replaces what a picture cannot or must not show: control characters, and marks that change the
/// direction of the text around them.
pub(super) fn clean(text: &str) -> String {
    let mut accents = 0;
    let mut is_too_many = |c: &char| {
        accents = if matches!(u32::from(*c), 0x300..0x370) { accents + 1 } else { 0 };
        accents > MOST_ACCENTS
    };
    let mut clean: String =
        text.chars().take(LONGEST).filter(|c| !is_too_many(c)).map(harmless).collect();
    if text.chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    clean
}

fn harmless(c: char) -> char {
    let turns_or_hides = matches!(
        c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    match c {
        // Unicode has a picture for each of these.
        '\0'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '␡',
        // XML forbids the last two.
        c if turns_or_hides || c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
            char::REPLACEMENT_CHARACTER
        }
        c => c,
    }
}

/// Displays a text escaped for XML.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut() {
        let room = PLAIN.width_of("loiter…");
        assert_eq!(PLAIN.fit("loiter", room).as_deref(), Some("loiter"));
        assert_eq!(PLAIN.fit("loiter of a long time", room).as_deref(), Some("loiter…"));
        assert_eq!(PLAIN.fit("loiter", PLAIN.width_of("l…")), None);
        assert!(PLAIN.width_of(&PLAIN.fit("旗旗旗旗旗旗", 60.0).unwrap()) <= 60.0);
    }

    #[test]
    fn lines_are_filled() {
        let room = PLAIN.width_of("one two");
        assert_eq!(PLAIN.wrap("one two six", room), ["one two", "six"]);
        assert_eq!(PLAIN.wrap("", room), [""]);
        let cut = PLAIN.fit("unforgettable", room).unwrap();
        assert_eq!(PLAIN.wrap("a unforgettable b", room), ["a", &cut, "b"]);
    }

    #[test]
    fn what_would_do_harm_is_shown_as_a_symbol() {
        assert_eq!(clean("a\0b\n\u{1b}[31m\u{85}"), "a␀b␊␛[31m\u{fffd}");
        assert_eq!(clean("\u{202e}abc\u{ffff}"), "\u{fffd}abc\u{fffd}");
        assert_eq!(clean(&format!("e{}a\u{301}", "\u{301}".repeat(9))), "e\u{301}\u{301}a\u{301}");
        assert_eq!(clean(&"x".repeat(LONGEST + 1)), "x".repeat(LONGEST) + "…");
        assert_eq!(Escaped("<b>&\"").to_string(), "&lt;b&gt;&amp;&quot;");
    }
}
