//! Messages of Flux, shortened for sentences.

/// Formats a message as the end of a sentence of at most `limit` characters.
#[must_use]
pub fn say(message: &str, limit: usize) -> String {
    let mut short = cut(message, limit);
    if !short.ends_with(['…', '.', '!', '?']) {
        short.push('.');
    }
    short
}

/// Returns the first line of a message, cut to at most `limit` characters at a space.
#[must_use]
pub fn cut(message: &str, limit: usize) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= limit {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(limit.saturating_sub(1)).collect();
    if let Some(space) = short.rfind(' ') {
        short.truncate(space);
    }
    short.push('…');
    short
}
