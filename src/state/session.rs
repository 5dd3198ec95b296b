//! The session: who is signed in.

use crate::data::{Session, Viewer};
use leptos::prelude::*;
use serde::Serialize;
use serde::de::IgnoredAny;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::api;
use crate::erased::{ErasedSignal, spawn_local};

/// Whether somebody is signed in.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// The session has not been read yet.
    Loading,
    /// Nobody is signed in.
    Anonymous,
    /// This person is signed in.
    User(Viewer),
}

/// The session, as a context.
#[derive(Clone, Copy)]
pub struct SessionState {
    session: ErasedSignal<Option<Session>>,
}

impl SessionState {
    /// Who is signed in; subscribes the current reactive scope.
    pub fn auth(self) -> Auth {
        match &*self.session.read() {
            None => Auth::Loading,
            Some(Session {
                viewer: Some(viewer),
                ..
            }) => Auth::User(viewer.clone()),
            Some(_) => Auth::Anonymous,
        }
    }

    /// The login of the signed-in person; subscribes the current reactive scope.
    pub fn login(self) -> Option<String> {
        self.session.with(|session| {
            let viewer = session.as_ref()?.viewer.as_ref()?;
            Some(viewer.login.clone())
        })
    }

    /// Whether the signed-in person is one of these; subscribes the current reactive scope.
    pub fn is_among(self, logins: &[String]) -> bool {
        self.login().is_some_and(|login| logins.contains(&login))
    }

    /// The CSRF token that every write sends.
    pub fn csrf(self) -> Option<String> {
        self.session
            .with_untracked(|session| session.as_ref()?.csrf_token.clone())
    }

    /// Whether the server runs the demo; subscribes the current reactive scope.
    pub fn demo(self) -> bool {
        self.session.map(|session| session.demo).unwrap_or_default()
    }

    /// Reads the session from the server.
    pub fn refresh(self) {
        spawn_local(async move {
            // Without an answer the session stays as it was; the live status shows the failure.
            if let Ok(session) = api::get::<Session>("api/v1/session").await {
                self.session.set(Some(session));
            }
        });
    }

    /// Signs out and reads the session again.
    pub fn sign_out(self) {
        let csrf = self.csrf();
        spawn_local(async move {
            // Whether it succeeded shows in the session that is read next.
            api::send::<IgnoredAny>("POST", "auth/logout", csrf.as_deref(), &EmptyBody {})
                .await
                .ok();
            self.refresh();
        });
    }
}

/// The body `{}`.
#[derive(Serialize)]
struct EmptyBody {}

/// Whether the page is shown in a frame, such as the dashboard's.
pub fn is_framed() -> bool {
    let window = window();
    window
        .parent()
        .ok()
        .flatten()
        .is_some_and(|parent| parent != window)
}

/// The address at which signing in begins; it returns to the present page.
///
/// GitHub cannot be framed: from a frame, signing in opens a window of its own, which reports when it is done.
pub fn sign_in_href() -> String {
    if is_framed() {
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
        session: ErasedSignal::new(None),
    };
    provide_context(state);
    state.refresh();
    if is_framed() {
        listen_to_popup(state);
    }
    state
}

/// Reads the session again when the sign-in window reports on its channel.
fn listen_to_popup(state: SessionState) {
    // All current browsers have the channel; without it, one reloads the page.
    let Ok(channel) = web_sys::BroadcastChannel::new("weft-session") else {
        return;
    };
    let on_message = Closure::<dyn Fn()>::new(move || state.refresh());
    channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    std::mem::forget(channel);
}
