//! What pages share: one named context per file. No drawing here.

pub mod boards;
pub mod clock;
pub mod live;
pub mod session;
pub mod theme;

pub use boards::{use_board, use_rows};
pub use clock::{Clock, provide_clock};
pub use live::{Live, LiveStatus, provide_live};
pub use session::{SessionState, provide_session};
pub use theme::{Theme, provide_theme};
