//! The page of an application, filled with the colour of the release.

use crate::html::escape;

/// The page of an environment, with dark or light text, whichever reads better on the colour.
pub(super) fn page(environment: &str, version: &str, color: &str, greeting: &str) -> String {
    let ink = if is_light(color) {
        "#14171c"
    } else {
        "#ffffff"
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>podinfo in {environment}</title>\
         <style>html,body{{height:100%;margin:0}}body{{background:{color};color:{ink};display:grid;\
         place-content:center;text-align:center;font:20px/1.5 system-ui,sans-serif;padding:16px}}\
         h1{{font-size:48px;line-height:1.1;margin:0}}p{{margin:8px 0 0}}</style></head><body>\
         <h1>{version}</h1><p>podinfo in {environment}</p><p>{greeting}</p><p>{color}</p>\
         </body></html>",
        environment = escape(environment),
        color = escape(color),
        version = escape(version),
        greeting = escape(greeting),
    )
}

/// Whether dark text reads better on a colour (`#rrggbb`), by its luma.
fn is_light(color: &str) -> bool {
    let channel = |range: std::ops::Range<usize>| {
        color
            .get(range)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .unwrap_or(0)
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
