//! A parser of JSON that owes nothing to the code under test: strict, and numbers keep their
//! digits.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    Array(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

impl Value {
    pub(crate) fn get(&self, field: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(field),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Microseconds, as nanoseconds: at most three digits behind the point, no sign, no exponent.
    pub(crate) fn nanos(&self) -> Option<u64> {
        let Self::Number(digits) = self else { return None };
        let (micros, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if fraction.len() > 3 || !micros.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        Some(micros.parse::<u64>().ok()? * 1_000 + format!("{fraction:0<3}").parse::<u64>().ok()?)
    }
}

/// # Errors
///
/// What is wrong, and at which byte.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
    let value = parser.value()?;
    parser.blank();
    if parser.at < text.len() { parser.wrong("the end") } else { Ok(value) }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn wrong<T>(&self, expected: &str) -> Result<T, String> {
        Err(format!("byte {}: expected {expected}", self.at))
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn take(&mut self, what: &str) -> Result<(), String> {
        if self.bytes[self.at..].starts_with(what.as_bytes()) {
            self.at += what.len();
            return Ok(());
        }
        self.wrong(what)
    }

    fn value(&mut self) -> Result<Value, String> {
        self.blank();
        match self.peek() {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.string().map(Value::Text),
            b't' => self.take("true").map(|()| Value::Bool(true)),
            b'f' => self.take("false").map(|()| Value::Bool(false)),
            b'n' => self.take("null").map(|()| Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut fields = BTreeMap::new();
        self.take("{")?;
        self.blank();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(Value::Object(fields));
        }
        loop {
            self.blank();
            let name = self.string()?;
            self.blank();
            self.take(":")?;
            if fields.insert(name, self.value()?).is_some() {
                return self.wrong("another name");
            }
            self.blank();
            if self.peek() == b'}' {
                self.at += 1;
                return Ok(Value::Object(fields));
            }
            self.take(",")?;
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut values = Vec::new();
        self.take("[")?;
        self.blank();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(Value::Array(values));
        }
        loop {
            values.push(self.value()?);
            self.blank();
            if self.peek() == b']' {
                self.at += 1;
                return Ok(Value::Array(values));
            }
            self.take(",")?;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.take("\"")?;
        let mut text = Vec::new();
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return String::from_utf8(text).or_else(|_| self.wrong("UTF-8"));
                }
                b'\\' => {
                    let c = self.escaped()?;
                    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                // Also where the text ends.
                ..b' ' => return self.wrong("a character that need not be escaped"),
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        self.take("\\")?;
        let escape = self.peek();
        self.at += 1;
        Ok(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
                let code = std::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok());
                self.at += 4;
                match code.and_then(char::from_u32) {
                    Some(c) => c,
                    None => return self.wrong("four digits of a character"),
                }
            }
            _ => return self.wrong("an escape"),
        })
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let whole = self.digits()?;
        if whole > 1 && self.bytes[self.at - whole] == b'0' {
            return self.wrong("no zero before a number");
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()))
    }

    fn digits(&mut self) -> Result<usize, String> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { self.wrong("a digit") } else { Ok(self.at - start) }
    }
}

#[test]
fn json_is_told_from_text_that_is_not() {
    for good in
        ["{}", " [ ] ", r#"{"a":[1,-2.5,3e-7,"\u00e9\n",null,true,{"b":false}]}"#, "\"旗\"", "0"]
    {
        assert!(parse(good).is_ok(), "{good}");
    }
    let short =
        ["", "{", "[1,]", "01", "1.", ".5", "+1", "\"a\nb\"", "\"\\x\"", "nul", "1 2", "\"", "'a'"];
    let long = ["{\"a\":1,}", "\"\\ud800\"", "{\"a\":1,\"a\":2}"];
    for bad in short.into_iter().chain(long) {
        assert!(parse(bad).is_err(), "{bad}");
    }
    let nanos = |text: &str| parse(text).unwrap().nanos();
    assert_eq!(nanos("12.345"), Some(12_345));
    assert_eq!(nanos("12"), Some(12_000));
    assert_eq!([nanos("-1"), nanos("1e3"), nanos("0.0005")], [None; 3]);
}
