//! Writes and reads as much JSON as a trace needs: flat objects of strings and whole numbers, one
//! per line.
//!
//! Strings may hold anything, and the input may come from anyone.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Displays a string as JSON, with its quotes. Control characters and marks of direction are
/// escaped, so that the output is safe in a terminal.
pub(in crate::timeline) struct Quoted<'a>(pub(in crate::timeline) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() || turns_lines(c) => {
                    write!(f, "\\u{:04x}", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Returns `true` for characters that end lines or change the direction of text.
fn turns_lines(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
}

/// The fields of one line.
pub(super) struct Object(BTreeMap<String, Value>);

impl Object {
    /// Parses one line.
    ///
    /// # Errors
    ///
    /// What was expected, and in which column.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        Parser { line, at: 0 }.object().map(Self)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    pub(super) fn text(&self, field: &str) -> Result<&str, String> {
        self.optional_text(field)?.ok_or_else(|| format!("there is no \"{field}\""))
    }

    pub(super) fn number(&self, field: &str) -> Result<u64, String> {
        self.optional_number(field)?.ok_or_else(|| format!("there is no \"{field}\""))
    }

    pub(super) fn optional_text(&self, field: &str) -> Result<Option<&str>, String> {
        match self.0.get(field) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Number(_)) => Err(format!("\"{field}\" is not a string")),
            None => Ok(None),
        }
    }

    pub(super) fn optional_number(&self, field: &str) -> Result<Option<u64>, String> {
        match self.0.get(field) {
            Some(&Value::Number(number)) => Ok(Some(number)),
            Some(Value::Text(_)) => Err(format!("\"{field}\" is not a number")),
            None => Ok(None),
        }
    }
}

struct Parser<'a> {
    line: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn object(&mut self) -> Result<BTreeMap<String, Value>, String> {
        let mut fields = BTreeMap::new();
        self.expect('{')?;
        self.skip_blanks();
        if !self.eat('}') {
            loop {
                self.skip_blanks();
                let name = self.string()?;
                self.expect(':')?;
                let value = self.value()?;
                // Readers differ in which of two equal fields they take, so a second one is an
                // error.
                if fields.insert(name.clone(), value).is_some() {
                    return Err(format!("there is a second {name:?}"));
                }
                self.skip_blanks();
                if !self.eat(',') {
                    break;
                }
            }
            self.expect('}')?;
        }
        self.skip_blanks();
        if self.at < self.line.len() {
            Err(self.unexpected("the end of the line"))
        } else {
            Ok(fields)
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        self.skip_blanks();
        match self.peek() {
            Some('"') => self.string().map(Value::Text),
            Some('0'..='9') => self.number().map(Value::Number),
            _ => Err(self.unexpected("a string or a whole number")),
        }
    }

    fn number(&mut self) -> Result<u64, String> {
        let rest = &self.line[self.at..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let column = self.column();
        let number =
            rest[..digits].parse().map_err(|_| format!("column {column}: the number is too large"));
        self.at += digits;
        number
    }

    fn string(&mut self) -> Result<String, String> {
        if !self.eat('"') {
            return Err(self.unexpected("a string"));
        }
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(c) => text.push(c),
                None => return Err(self.unexpected("the end of the string")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.next() {
            Some('u') => {
                let first = self.hex()?;
                let code = match first {
                    // JSON writes characters beyond U+FFFF as two escapes: a surrogate pair.
                    0xD800..0xDC00 if self.eat('\\') && self.eat('u') => match self.hex()? {
                        second @ 0xDC00..0xE000 => {
                            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                        }
                        _ => first,
                    },
                    code => code,
                };
                char::from_u32(code).ok_or_else(|| self.unexpected("a whole surrogate pair"))
            }
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            _ => Err(self.unexpected("an escape")),
        }
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self
            .line
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += if code.is_some() { 4 } else { 0 };
        code.ok_or_else(|| self.unexpected("four hexadecimal digits"))
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        self.skip_blanks();
        if self.eat(c) { Ok(()) } else { Err(self.unexpected(&format!("`{c}`"))) }
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.line[self.at..].chars().next()
    }

    fn column(&self) -> usize {
        self.line[..self.at].chars().count() + 1
    }

    fn unexpected(&self, expected: &str) -> String {
        format!("column {}: expected {expected}", self.column())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_can_be_read() {
        for text in ["", "plain", "<b>\"&'\\\n\r\t\u{0}\u{7f}\u{85}\u{2028}", "旗 🏁 \u{10ffff}"]
        {
            let line = format!("{{\"a\":{}}}", Quoted(text));
            assert!(!line.contains(char::is_control), "{line}");
            assert_eq!(Object::parse(&line).unwrap().text("a").unwrap(), text);
        }
    }

    #[test]
    fn escapes_of_others_are_read() {
        let object =
            Object::parse(r#" { "a" : "\u0041\/\ud83c\udfc1\b\f" , "n":18446744073709551615 } "#)
                .unwrap();
        assert_eq!(object.text("a").unwrap(), "A/🏁\u{8}\u{c}");
        assert_eq!(object.number("n").unwrap(), u64::MAX);
        assert!(Object::parse("{}").is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, complaint) in [
            ("", "column 1: expected `{`"),
            ("{\"a\"", "column 5: expected `:`"),
            ("{\"a\":1", "column 7: expected `}`"),
            ("{\"a\":1}x", "column 8: expected the end of the line"),
            ("{\"a\":[]}", "column 6: expected a string or a whole number"),
            ("{\"a\":-1}", "column 6: expected a string or a whole number"),
            ("{\"a\":1.5}", "column 7: expected `}`"),
            ("{\"a\":18446744073709551616}", "column 6: the number is too large"),
            ("{\"a\":\"x", "column 8: expected the end of the string"),
            ("{\"a\":\"\\q\"}", "column 9: expected an escape"),
            ("{\"a\":\"\\u12\"}", "column 9: expected four hexadecimal digits"),
            ("{\"a\":\"\\ud800\"}", "column 13: expected a whole surrogate pair"),
            ("{\"a\":1,\"a\":2}", "there is a second \"a\""),
        ] {
            assert_eq!(Object::parse(line).err().as_deref(), Some(complaint), "{line}");
        }
    }
}
