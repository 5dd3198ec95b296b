//! The sheet of the bar at the bottom of the promotion and release pages.

use stylers_macro::style_sheet;

/// The scope of the bar's sheet, which two pages share.
pub fn bar_class() -> &'static str {
    // stylers finds a sheet only in a `let`.
    let class = style_sheet!("style/bottom_bar.css");
    class
}
