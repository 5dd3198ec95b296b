//! The environments as environments on one line, with the gates between them.

use leptos::prelude::*;
use model::api::{Board, EnvironmentView};
use model::gate::Gate;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use super::chain::OpenTick;
use super::environment::StationView;
use super::gate::{GateView, is_card};
use crate::held::{Held, settled};
use crate::seam::{Listed, part, text};

/// A place on the lane: the environment at that index, and the gate before it. A place that a smaller
/// board has no more says nothing until it is taken away.
#[derive(Clone, Copy)]
pub struct Place {
    board: Held<Option<Board>>,
    at: usize,
}

impl Place {
    /// Reads the environment, and follows it.
    pub fn environment<R: Default>(self, read: impl FnOnce(&EnvironmentView) -> R) -> R {
        let board = self.board.get();
        let environment = board
            .as_ref()
            .as_ref()
            .and_then(|board| board.environments.get(self.at));
        environment.map(read).unwrap_or_default()
    }

    /// Where the server answers about an environment of its pipeline.
    pub fn api(self, of: &str) -> Option<String> {
        let pipeline = self.pipeline()?;
        Some(format!(
            "api/v1/pipelines/{}/{}/environments/{of}",
            pipeline.namespace, pipeline.name
        ))
    }

    /// The pipeline that it belongs to.
    pub fn pipeline(self) -> Option<PipelineName> {
        let board = self.board.peek();
        board.as_ref().as_ref().map(|board| board.pipeline.clone())
    }

    /// Reads the gate before it, and follows that.
    pub fn gate<R: Default>(self, read: impl FnOnce(&Gate) -> R) -> R {
        let board = self.board.get();
        let gate = board
            .as_ref()
            .as_ref()
            .zip(self.at.checked_sub(1))
            .and_then(|(board, at)| board.gates.get(at));
        gate.map(read).unwrap_or_default()
    }
}

/// The lane of one board.
#[component]
pub fn Lane(board: Held<Option<Board>>) -> impl IntoView {
    let class = style_sheet!("style/lane.css");
    OpenTick::provide();
    let columns = move || {
        let mut columns = "minmax(0,1fr)".to_owned();
        for gate in board.get().iter().flat_map(|board| &board.gates) {
            columns.push_str(if is_card(gate) { " 148px" } else { " 44px" });
            columns.push_str(" minmax(0,1fr)");
        }
        columns
    };
    // What the places are called; what they hold each follows by itself.
    let names = settled(move || {
        let mut names = String::new();
        for environment in board.get().iter().flat_map(|board| &board.environments) {
            names.push_str(environment.name.as_str());
            names.push(' ');
        }
        names
    });
    let items = move || {
        let draw = |at: usize| {
            let place = Place { board, at };
            let gate = (at > 0).then(|| view! { <GateView place=place/> });
            view! { {gate}<StationView place=place/> }
        };
        let count = names.get().split_whitespace().count();
        (0..count).map(draw).listed()
    };
    view! { class=class,
        <section class="lane" data-testid="lane" aria-label="Environments" style:--columns=text(columns)>{part(items)}</section>
    }
}
