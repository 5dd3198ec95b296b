//! Who is signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::wire::{Session, Viewer};

use crate::api;

/// Whether somebody is signed in; unknown is a variant.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// Not known yet.
    Loading,
    /// Nobody is.
    Anonymous,
    /// This person is.
    User(Viewer),
}

/// The session, shared.
#[derive(Clone, Copy)]
pub struct SessionState {
    session: RwSignal<Option<Session>>,
}

impl SessionState {
    /// Who is signed in.
    pub fn auth(self) -> Auth {
        match self.session.get() {
            None => Auth::Loading,
            Some(Session {
                viewer: Some(viewer),
                ..
            }) => Auth::User(viewer),
            Some(_) => Auth::Anonymous,
        }
    }

    /// The signed-in person's login.
    pub fn login(self) -> Option<String> {
        self.session
            .get()
            .and_then(|session| session.viewer)
            .map(|viewer| viewer.login)
    }

    /// The token that writes must carry.
    pub fn csrf(self) -> Option<String> {
        self.session
            .get_untracked()
            .and_then(|session| session.csrf_token)
    }

    /// Whether this is the demo.
    pub fn demo(self) -> bool {
        self.session.get().is_some_and(|session| session.demo)
    }

    /// Reads it again from the server.
    pub fn refresh(self) {
        spawn_local(async move {
            // Without an answer the session stays what it was; the live status tells of the trouble.
            if let Ok(session) = api::get::<Session>("api/v1/session").await {
                self.session.set(Some(session));
            }
        });
    }

    /// Signs out.
    pub fn sign_out(self) {
        let csrf = self.csrf();
        spawn_local(async move {
            let body = serde_json::json!({});
            let _: Result<serde_json::Value, _> =
                api::send("POST", "auth/logout", csrf.as_deref(), &body).await;
            self.refresh();
        });
    }
}

/// Where signing in begins, coming back to the page that is open.
pub fn sign_in_href() -> String {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let search = location.search().unwrap_or_default();
    let back = js_sys::encode_uri_component(&format!("{path}{search}"));
    format!("auth/github/login?return_to={back}")
}

/// Provides the session and reads it.
pub fn provide_session() -> SessionState {
    let state = SessionState {
        session: RwSignal::new(None),
    };
    provide_context(state);
    state.refresh();
    state
}
