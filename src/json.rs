//! A small JSON deserializer for serde.
//!
//! `serde_json` reads each type in every form that JSON allows and words every error. Without it, and with the
//! erased types of the views, the first load is 59 kB (brotli) smaller. The server's answers have one form each
//! and no floats.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};

/// The text is not the JSON of the expected type. Holds what was expected instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError(&'static str);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable at ")?;
        f.write_str(self.0)
    }
}

impl std::error::Error for ParseError {}

/// Messages are not formatted: the code for it would add to the first load.
impl Error for ParseError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("a value")
    }
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self("a type")
    }
    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self("a value")
    }
    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self("a list")
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self("a variant")
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self("a field")
    }
    fn missing_field(field: &'static str) -> Self {
        Self(field)
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self(field)
    }
}

/// Deserializes a text.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    let mut reader = Reader { rest: text };
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(ParseError("the end")),
    }
}

/// A cursor over the text.
struct Reader<'a> {
    rest: &'a str,
}

/// The result of a read.
type Read<T> = Result<T, ParseError>;

impl<'a> Reader<'a> {
    /// Skips whitespace and returns the next byte without consuming it.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.as_bytes().first().copied()
    }

    /// Skips whitespace and consumes `word` where it is next; returns whether it was.
    fn take(&mut self, word: &str) -> bool {
        self.peek();
        let after = self.rest.strip_prefix(word);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Consumes `word`, or fails.
    fn expect(&mut self, word: &'static str) -> Read<()> {
        if self.take(word) {
            Ok(())
        } else {
            Err(ParseError(word))
        }
    }

    /// Consumes bytes while `accept` accepts them.
    fn take_while(&mut self, accept: fn(u8) -> bool) -> &'a str {
        let end = self.rest.bytes().position(|byte| !accept(byte));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn boolean(&mut self) -> Read<bool> {
        if self.take("true") {
            return Ok(true);
        }
        self.expect("false").map(|()| false)
    }

    fn number(&mut self) -> Read<i64> {
        self.peek();
        let digits = self.take_while(|byte| byte == b'-' || byte.is_ascii_digit());
        digits.parse().map_err(|_| ParseError("a whole number"))
    }

    fn text(&mut self) -> Read<String> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|byte| byte != b'"' && byte != b'\\'));
            if self.rest.starts_with('"') {
                self.rest = &self.rest[1..];
                return Ok(text);
            }
            text.push(self.escape()?);
        }
    }

    /// Consumes an escape sequence.
    fn escape(&mut self) -> Read<char> {
        let mut letters = self.rest.chars();
        letters.next();
        let letter = letters.next().ok_or(ParseError("the end of a text"))?;
        self.rest = letters.as_str();
        Ok(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let high = self.code_unit()?;
                let code = if (0xd800..0xdc00).contains(&high) && self.rest.starts_with("\\u") {
                    self.rest = &self.rest[2..];
                    0x1_0000 + ((high - 0xd800) << 10) + (self.code_unit()? & 0x3ff)
                } else {
                    high
                };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }

    /// Consumes the four hexadecimal digits of a UTF-16 code unit.
    fn code_unit(&mut self) -> Read<u32> {
        let error = ParseError("an escape");
        let (digits, rest) = self.rest.split_at_checked(4).ok_or(error)?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).map_err(|_| error)
    }

    /// Consumes the comma before the next item, or the bracket after the last; returns whether an item follows.
    fn next(&mut self, first: &mut bool, end: &'static str) -> Read<bool> {
        if self.take(end) {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(",")?;
        }
        Ok(true)
    }

    /// Skips a value.
    fn skip(&mut self) -> Read<()> {
        match self.peek() {
            Some(b'"') => self.text().map(drop),
            Some(open @ (b'[' | b'{')) => {
                self.rest = &self.rest[1..];
                let (mut first, named) = (true, open == b'{');
                while self.next(&mut first, if named { "}" } else { "]" })? {
                    if named {
                        self.text()?;
                        self.expect(":")?;
                    }
                    self.skip()?;
                }
                Ok(())
            }
            _ => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
                match self.take_while(plain) {
                    "" => Err(ParseError("a value")),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Integers of every size share one function.
macro_rules! whole_numbers {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            visitor.visit_i64(self.number()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = ParseError;

    whole_numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    // Types that no answer has; each would add to the first load.
    serde::forward_to_deserialize_any! { f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Read<V::Value> {
        Err(ParseError("a type"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_bool(self.boolean()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_str(&self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_str(&self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.take("null") {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.expect("[")?;
        visitor.visit_seq(Items {
            reader: self,
            first: true,
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.expect("{")?;
        visitor.visit_map(Items {
            reader: self,
            first: true,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        // A unit variant: no answer has others.
        visitor.visit_enum(self.text()?.as_str().into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }
}

/// The items of an array or of an object.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    first: bool,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = ParseError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.reader.next(&mut self.first, "]")? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for Items<'_, '_> {
    type Error = ParseError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        if self.reader.next(&mut self.first, "}")? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        self.reader.expect(":")?;
        seed.deserialize(&mut *self.reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Session;
    use model::api::Cell;
    use model::chain::VerdictState;
    use model::{Colour, EnvironmentName};

    #[test]
    fn what_the_server_writes_comes_back_the_same() {
        let cell = Cell {
            environment: EnvironmentName::from("uat"),
            label: "1.1.7 \"quoted\" \\ \n\t\u{1} ü 🦀".into(),
            colour: Colour::parse("#b8791f").ok(),
            verdict: VerdictState::Proven,
            words: String::new(),
            waits: true,
        };
        let text = serde_json::to_string_pretty(&vec![cell.clone(), cell.clone()]).unwrap();
        assert_eq!(from_str::<Vec<Cell>>(&text), Ok(vec![cell.clone(), cell]));
    }

    #[test]
    fn fields_that_a_newer_server_adds_are_skipped() {
        let text = r#"{"new":{"a":[1.5e3,null,{"b":"]}"}],"c":{}},"viewer":null,"csrf_token":"x",
            "dashboard_user":null,"dashboard":false,"demo":true,"more":[],"version":"1"}"#;
        let session: Session = from_str(text).unwrap();
        assert!(session.demo && session.viewer.is_none());
        assert_eq!(session.csrf_token.as_deref(), Some("x"));
    }

    #[test]
    fn escapes_outside_the_basic_plane_are_two_units() {
        let text = from_str::<String>(r#""\ud83e\udd80 \u00fc \/ \ud800""#);
        assert_eq!(text.as_deref(), Ok("🦀 ü / \u{fffd}"));
    }

    #[test]
    fn a_missing_field_is_named() {
        let failure = from_str::<Session>("{}").unwrap_err();
        assert_eq!(failure.to_string(), format!("unreadable at {}", failure.0));
        assert!(!failure.0.is_empty());
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_an_error() {
        for text in [
            "",
            "\"a",
            "\"a\\",
            "\"\\u12",
            "[\"a\"",
            "[\"a\",]",
            "[\"a\"] x",
            "{",
            "nul",
        ] {
            assert!(from_str::<Vec<String>>(text).is_err(), "{text}");
        }
        assert!(from_str::<u8>("300").is_err());
        assert!(from_str::<u64>("-1").is_err());
        assert_eq!(from_str::<u64>(" 300 "), Ok(300));
    }
}
