//! The JSON API: one file for each resource.

mod health;
mod history;
mod objects;
mod pipelines;
mod promotions;
mod releases;
mod session;
mod stream;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::session))
        .routes(routes!(pipelines::rows))
        .routes(routes!(pipelines::board))
        .routes(routes!(history::journeys))
        .routes(routes!(history::journal))
        .routes(routes!(history::journal_csv))
        .routes(routes!(releases::plan))
        .routes(routes!(releases::start))
        .routes(routes!(promotions::promote))
        .routes(routes!(objects::events))
        .routes(routes!(objects::reconcile_state, objects::reconcile))
        .routes(routes!(stream::stream))
        .routes(routes!(promotions::card))
        .routes(routes!(promotions::approve))
        .routes(routes!(promotions::refuse))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
}
