//! Starts the app in the browser.

fn main() {
    if cfg!(debug_assertions) {
        console_error_panic_hook::set_once();
    }
    weft::start();
}
