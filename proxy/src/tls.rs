//! Which implementation of TLS this process uses.

/// Chooses it, for the whole process and for good; must come before the first HTTP client is made.
pub(crate) fn choose() {
    // Fails only where the process has chosen already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}
