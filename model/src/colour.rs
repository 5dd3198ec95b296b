//! The colour of a release: its hex code, its name, and the ink that is readable on it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An sRGB colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// The error for a text that is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a colour: write it as #rrggbb, for example #34577c")]
pub struct NotAColour(String);

impl Colour {
    /// Creates a colour from its channels.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Parses `#rrggbb` or `#rgb`, in either case.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, NotAColour> {
        let wrong = || NotAColour(text.chars().take(40).collect());
        let digits = text.strip_prefix('#').ok_or_else(wrong)?;
        if !digits.is_ascii() {
            return Err(wrong());
        }
        let long: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            6 => digits.to_owned(),
            _ => return Err(wrong()),
        };
        let channel = |at: usize| u8::from_str_radix(&long[at..at + 2], 16).map_err(|_| wrong());
        Ok(Self::new(channel(0)?, channel(2)?, channel(4)?))
    }

    /// Returns the relative luminance, 0 to 1 (WCAG 2.2).
    #[must_use]
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                power_2_4((value + 0.055) / 1.055)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Returns black or white, whichever has the higher contrast on this colour.
    #[must_use]
    pub fn ink(self) -> Self {
        let (white, black) = (
            1.05 / (self.luminance() + 0.05),
            (self.luminance() + 0.05) / 0.05,
        );
        if white >= black {
            Self::new(255, 255, 255)
        } else {
            Self::new(0, 0, 0)
        }
    }

    /// Returns the name of the nearest colour with a common name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .min_by_key(|(colour, _)| self.distance(*colour))
            .map_or("grey", |(_, name)| *name)
    }

    /// Returns a weighted squared distance that is closer to perception than plain RGB ("redmean").
    fn distance(self, other: Self) -> i32 {
        let difference = |a: u8, b: u8| i32::from(a) - i32::from(b);
        let mean = i32::midpoint(i32::from(self.red), i32::from(other.red));
        let (red, green, blue) = (
            difference(self.red, other.red),
            difference(self.green, other.green),
            difference(self.blue, other.blue),
        );
        (((512 + mean) * red * red) >> 8) + 4 * green * green + (((767 - mean) * blue * blue) >> 8)
    }
}

/// Returns `base` to the power of 2.4, for a base between 0.05 and 1, as the fifth root of its twelfth power by
/// Newton's method. The general function of the library would add 2 kB to what the browser loads.
fn power_2_4(base: f64) -> f64 {
    let fourth = base * base * base * base;
    let twelfth = fourth * fourth * fourth;
    // From above, the steps shrink by a fifth at first, then ever faster.
    (0..64).fold(1.0, |root: f64, _| {
        0.8 * root + 0.2 * twelfth / (root * root * root * root)
    })
}

const NAMES: &[(Colour, &str)] = &[
    (Colour::new(0x00, 0x00, 0x00), "black"),
    (Colour::new(0xff, 0xff, 0xff), "white"),
    (Colour::new(0x8a, 0x8f, 0x99), "grey"),
    (Colour::new(0xc8, 0xcc, 0xd2), "silver"),
    (Colour::new(0x3a, 0x3f, 0x47), "charcoal"),
    (Colour::new(0x34, 0x57, 0x7c), "steel blue"),
    (Colour::new(0x1e, 0x6f, 0xd9), "blue"),
    (Colour::new(0x12, 0x2b, 0x5c), "navy"),
    (Colour::new(0x5b, 0xb0, 0xe8), "sky"),
    (Colour::new(0x0f, 0x71, 0x73), "teal"),
    (Colour::new(0x2e, 0xc4, 0xb6), "turquoise"),
    (Colour::new(0x2f, 0x6b, 0x52), "pine"),
    (Colour::new(0x2e, 0x8b, 0x3d), "green"),
    (Colour::new(0x8b, 0xb1, 0x3c), "lime"),
    (Colour::new(0x6b, 0x73, 0x2e), "olive"),
    (Colour::new(0xe3, 0xad, 0x64), "sand"),
    (Colour::new(0xb8, 0x79, 0x1f), "amber"),
    (Colour::new(0xf2, 0xc1, 0x2e), "yellow"),
    (Colour::new(0xe8, 0x7a, 0x24), "orange"),
    (Colour::new(0x8a, 0x5a, 0x3c), "brown"),
    (Colour::new(0xd0, 0x3b, 0x2f), "red"),
    (Colour::new(0x8e, 0x1f, 0x2f), "crimson"),
    (Colour::new(0xe8, 0x6a, 0x92), "pink"),
    (Colour::new(0xc2, 0x3b, 0x9a), "magenta"),
    (Colour::new(0x7a, 0x4f, 0xb5), "violet"),
    (Colour::new(0x4b, 0x3f, 0x9e), "indigo"),
    (Colour::new(0x5f, 0x0f, 0x40), "plum"),
];

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;
    fn try_from(text: String) -> Result<Self, NotAColour> {
        Self::parse(&text)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_demo_colours_have_the_names_people_would_say() {
        for (hex, name) in [
            ("#34577c", "steel blue"),
            ("#b8791f", "amber"),
            ("#7a4fb5", "violet"),
            ("#2f6b52", "pine"),
            ("#8a8f99", "grey"),
            ("#E3AD64", "sand"),
        ] {
            assert_eq!(Colour::parse(hex).unwrap().name(), name);
        }
    }

    #[test]
    fn what_is_no_colour_is_refused_with_a_way_on() {
        for text in ["", "34577c", "#12", "#gggggg", "red", "#ääää"] {
            assert!(
                Colour::parse(text)
                    .unwrap_err()
                    .to_string()
                    .contains("#rrggbb")
            );
        }
    }

    #[test]
    fn the_power_is_the_librarys() {
        for step in 40..=255 {
            let base = f64::from(step) / 255.0;
            assert!((power_2_4(base) - base.powf(2.4)).abs() < 1e-12, "{base}");
        }
    }

    proptest! {
        #[test]
        fn the_ink_is_always_readable(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);
            let (a, b) = (colour.luminance() + 0.05, colour.ink().luminance() + 0.05);
            prop_assert!(a.max(b) / a.min(b) >= 4.5);
        }

        #[test]
        fn a_colour_reads_back_what_it_writes(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);
            prop_assert_eq!(Colour::parse(&colour.to_string()).unwrap(), colour);
        }
    }
}
