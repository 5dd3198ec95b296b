//! Plain pages that the server writes itself, without styles.

use model::api::Problem;

/// The page in place of a built page that is missing.
pub(super) fn not_built(base_path: &str) -> String {
    page(
        "Weft",
        &format!(
            "<p>Weft runs, and its interface answers under <code>{base_path}api/v1/</code>, but the page \
             is not there: it is built by <code>cargo xtask build</code> and named by \
             <code>static_dir</code> in the configuration, or <code>--static-dir</code>.</p>"
        ),
    )
}

/// An error for a person who asked for a page.
pub(super) fn problem(problem: &Problem, base_path: &str) -> String {
    page(
        &problem.title,
        &format!(
            "<p>{}</p><p><a href=\"{base_path}\">To the promotions</a></p>\
             <p><small>{} · request <code>{}</code></small></p>",
            escape(&problem.detail),
            escape(&problem.code),
            escape(&problem.request_id),
        ),
    )
}

/// The end of a sign-in in a popup.
pub(super) fn signed_in(base_path: &str) -> String {
    page(
        "Signed in",
        &format!(
            "<p>You are signed in. You can close this window.</p>\
             <script src=\"{base_path}auth/popup.js\"></script>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
