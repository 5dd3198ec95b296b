//! Reads JSON into the types of `model`, with as little code as the browser has to load for it.
//!
//! `serde_json` reads every type in every shape that JSON might have and words every mistake; with the
//! boxed seams of the views, leaving that out took 59 kB (brotli) off the first load. The server's
//! answers need one shape each and no floats.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};

/// The text is not the JSON that was expected; the word is what was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(&'static str);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable at ")?;
        f.write_str(self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Texts that need formatting are left out on purpose: their code would be loaded, too.
impl Error for Unreadable {
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

/// Reads a whole text.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let mut reader = Reader { rest: text };
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(Unreadable("the end")),
    }
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a str,
}

type Read<T> = Result<T, Unreadable>;

impl<'a> Reader<'a> {
    /// The next byte that is no blank, left where it is.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.as_bytes().first().copied()
    }

    /// Takes `word` if it comes next.
    fn take(&mut self, word: &str) -> bool {
        self.peek();
        let after = self.rest.strip_prefix(word);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn want(&mut self, word: &'static str) -> Read<()> {
        if self.take(word) {
            Ok(())
        } else {
            Err(Unreadable(word))
        }
    }

    /// Takes bytes as long as they are `wanted`.
    fn run(&mut self, desired: fn(u8) -> bool) -> &'a str {
        let end = self.rest.bytes().position(|byte| !desired(byte));
        let (run, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        run
    }

    fn boolean(&mut self) -> Read<bool> {
        if self.take("true") {
            return Ok(true);
        }
        self.want("false").map(|()| false)
    }

    fn number(&mut self) -> Read<i64> {
        self.peek();
        let digits = self.run(|byte| byte == b'-' || byte.is_ascii_digit());
        digits.parse().map_err(|_| Unreadable("a whole number"))
    }

    fn text(&mut self) -> Read<String> {
        self.want("\"")?;
        let mut text = String::new();
        loop {
            text.push_str(self.run(|byte| byte != b'"' && byte != b'\\'));
            if self.rest.starts_with('"') {
                self.rest = &self.rest[1..];
                return Ok(text);
            }
            text.push(self.escaped()?);
        }
    }

    /// Takes a backslash and what it stands before.
    fn escaped(&mut self) -> Read<char> {
        let mut letters = self.rest.chars();
        letters.next();
        let letter = letters.next().ok_or(Unreadable("the end of a text"))?;
        self.rest = letters.as_str();
        Ok(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let high = self.unit()?;
                let code = if (0xd800..0xdc00).contains(&high) && self.rest.starts_with("\\u") {
                    self.rest = &self.rest[2..];
                    0x1_0000 + ((high - 0xd800) << 10) + (self.unit()? & 0x3ff)
                } else {
                    high
                };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }

    /// Takes four hexadecimal digits.
    fn unit(&mut self) -> Read<u32> {
        let wrong = Unreadable("an escape");
        let (digits, rest) = self.rest.split_at_checked(4).ok_or(wrong)?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).map_err(|_| wrong)
    }

    /// Takes the comma before the next item, or the bracket after the last.
    fn next(&mut self, first: &mut bool, end: &'static str) -> Read<bool> {
        if self.take(end) {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.want(",")?;
        }
        Ok(true)
    }

    /// Takes a value that nobody wants.
    fn skip(&mut self) -> Read<()> {
        match self.peek() {
            Some(b'"') => self.text().map(drop),
            Some(open @ (b'[' | b'{')) => {
                self.rest = &self.rest[1..];
                let (mut first, named) = (true, open == b'{');
                while self.next(&mut first, if named { "}" } else { "]" })? {
                    if named {
                        self.text()?;
                        self.want(":")?;
                    }
                    self.skip()?;
                }
                Ok(())
            }
            _ => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
                match self.run(plain) {
                    "" => Err(Unreadable("a value")),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Reads whole numbers of every size through one function.
macro_rules! whole_numbers {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            visitor.visit_i64(self.number()?)
        }
    )*};
}

/// What the types of `model` never ask for; each would be code to load.
macro_rules! unused {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, _: V) -> Read<V::Value> {
            Err(Unreadable(stringify!($name)))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Unreadable;

    whole_numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }
    unused! { deserialize_any deserialize_f32 deserialize_f64 deserialize_char deserialize_bytes deserialize_byte_buf deserialize_unit }

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

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        self.want("null")?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.want("[")?;
        visitor.visit_seq(Items {
            reader: self,
            first: true,
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Read<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.want("{")?;
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
        visitor.visit_enum(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }
}

/// The items of a list or of an object.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    first: bool,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.reader.next(&mut self.first, "]")? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for Items<'_, '_> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        if self.reader.next(&mut self.first, "}")? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        self.reader.want(":")?;
        seed.deserialize(&mut *self.reader)
    }
}

/// Variants without content: the others have no part in what the page reads.
impl<'de> EnumAccess<'de> for &mut Reader<'_> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        Ok((seed.deserialize(&mut *self)?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'_> {
    type Error = Unreadable;

    fn unit_variant(self) -> Read<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Read<T::Value> {
        Err(Unreadable("a variant"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Read<V::Value> {
        Err(Unreadable("a variant"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Read<V::Value> {
        Err(Unreadable("a variant"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::api::{Cell, Session};
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
