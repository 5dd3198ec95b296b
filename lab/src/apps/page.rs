//! The page of an application, filled with the colour of the release.

use axum::response::Html;
use minijinja::context;

use crate::templates::render;

/// The page of an environment, with dark or light text, whichever reads better on the colour.
pub(super) fn page(environment: &str, version: &str, color: &str, greeting: &str) -> Html<String> {
    let ink = match is_light(color) {
        true => "#14171c",
        false => "#ffffff",
    };
    let context = context! { environment, version, color, greeting, ink };
    render("app.html", context)
}

/// Whether dark text reads better on a colour (`#rrggbb`), by its luma.
fn is_light(color: &str) -> bool {
    let channel = |range: std::ops::Range<usize>| {
        let hex = color.get(range).unwrap_or_default();
        u32::from_str_radix(hex, 16).unwrap_or(0)
    };
    channel(1..3) * 299 + channel(3..5) * 587 + channel(5..7) * 114 > 150_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_dark_on_light_colours_only() {
        assert!(is_light("#e3ad64"));
        assert!(!is_light("#34577c"));
    }
}
