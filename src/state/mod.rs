//! State that pages and components share: one context or composable per file. Nothing is rendered here.

pub mod boards;
pub mod clock;
pub mod environment_signal;
pub mod event_stream;
pub mod live;
pub mod open_evidence;
pub mod session;
pub mod theme;

pub use boards::{use_board, use_rows};
pub use clock::{Clock, provide_clock};
pub use environment_signal::EnvironmentSignal;
pub use live::{Live, LiveStatus, provide_live};
pub use open_evidence::{OpenEvidence, provide_open_evidence};
pub use session::{SessionState, provide_session};
pub use theme::{Theme, provide_theme};
