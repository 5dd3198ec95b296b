//! Who is signed in.

use leptos::prelude::*;
use model::api::{Session, Viewer};
use serde::Serialize;
use serde::de::IgnoredAny;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::api;
use crate::held::{Held, spawn};

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
    session: Held<Option<Session>>,
}

impl SessionState {
    /// Who is signed in.
    pub fn auth(self) -> Auth {
        match &*self.session.get() {
            None => Auth::Loading,
            Some(Session {
                viewer: Some(viewer),
                ..
            }) => Auth::User(viewer.clone()),
            Some(_) => Auth::Anonymous,
        }
    }

    /// The signed-in person's login.
    pub fn login(self) -> Option<String> {
        let session = self.session.get();
        let viewer = session.as_ref().as_ref()?.viewer.as_ref()?;
        Some(viewer.login.clone())
    }

    /// The token that writes must carry.
    pub fn csrf(self) -> Option<String> {
        self.session.peek().as_ref().as_ref()?.csrf_token.clone()
    }

    /// Whether this is the demo.
    pub fn demo(self) -> bool {
        self.session.map(|session| session.demo).unwrap_or_default()
    }

    /// Reads it again from the server.
    pub fn refresh(self) {
        spawn(async move {
            // Without an answer the session stays what it was; the live status tells of the trouble.
            if let Ok(session) = api::get::<Session>("api/v1/session").await {
                self.session.set(Some(session));
            }
        });
    }

    /// Signs out.
    pub fn sign_out(self) {
        let csrf = self.csrf();
        spawn(async move {
            // Whether it worked shows in the session that is read next.
            api::send::<IgnoredAny>("POST", "auth/logout", csrf.as_deref(), &Nothing {})
                .await
                .ok();
            self.refresh();
        });
    }
}

/// An empty object.
#[derive(Serialize)]
struct Nothing {}

/// Whether the page is shown in a frame, such as the dashboard's.
pub fn framed() -> bool {
    let window = window();
    window
        .parent()
        .ok()
        .flatten()
        .is_some_and(|parent| parent != window)
}

/// Where signing in begins, coming back to the page that is open. GitHub cannot be framed: from a frame
/// it opens a window of its own, which tells when it is done.
pub fn sign_in_href() -> String {
    if framed() {
        return "auth/github/login?popup=1".to_owned();
    }
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let search = location.search().unwrap_or_default();
    let back = js_sys::encode_uri_component(&format!("{path}{search}"));
    format!("auth/github/login?return_to={back}")
}

/// Provides the session and reads it.
pub fn provide_session() -> SessionState {
    let state = SessionState {
        session: Held::new(None),
    };
    provide_context(state);
    state.refresh();
    if framed() {
        follow_popup(state);
    }
    state
}

/// Reads the session again when a window of ours has signed somebody in.
fn follow_popup(state: SessionState) {
    // Without the channel the person reloads the page; all current browsers have it.
    let Ok(channel) = web_sys::BroadcastChannel::new("weft-session") else {
        return;
    };
    let on_message = Closure::<dyn Fn()>::new(move || state.refresh());
    channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    std::mem::forget(channel);
}
