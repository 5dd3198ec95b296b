//! A gate between Weft and an API server, which can be shut.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A port that leads to another, while it is open.
pub struct Gate {
    port: u16,
    open: watch::Sender<bool>,
    serving: AbortHandle,
}

impl Gate {
    /// An open gate in front of this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (open, mut is_open) = watch::channel(true);
        let serving = tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                if !*is_open.borrow_and_update() {
                    continue;
                }
                let mut shut = is_open.clone();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = shut.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self {
            port: own,
            open,
            serving: serving.abort_handle(),
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Breaks all connections off, and takes none until it is opened.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
