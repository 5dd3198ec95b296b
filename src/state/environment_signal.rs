//! One environment of a board, as a signal.

use crate::data::{Board, EnvironmentView, Gate};
use model::pipeline::PipelineName;

use crate::erased::ErasedSignal;

/// The environment at one index of a board, and the gate before it.
///
/// Components of the pipeline row take this instead of the values, so that a new board updates them in place.
/// Where a newer board has fewer environments, the readers return defaults until the component is removed.
#[derive(Clone, Copy)]
pub struct EnvironmentSignal {
    board: ErasedSignal<Option<Board>>,
    index: usize,
}

impl EnvironmentSignal {
    /// Points at the environment at `index`.
    pub fn new(board: ErasedSignal<Option<Board>>, index: usize) -> Self {
        Self { board, index }
    }

    /// Applies `read` to the environment, and subscribes the current reactive scope.
    pub fn with<R: Default>(self, read: impl FnOnce(&EnvironmentView) -> R) -> R {
        self.board
            .with(|board| {
                let environment = board.as_ref()?.environments.get(self.index)?;
                Some(read(environment))
            })
            .unwrap_or_default()
    }

    /// Applies `read` to the gate before the environment, and subscribes the current reactive scope.
    pub fn with_gate<R: Default>(self, read: impl FnOnce(&Gate) -> R) -> R {
        self.board
            .with(|board| {
                let (board, before) = board.as_ref().zip(self.index.checked_sub(1))?;
                board.gates.get(before).map(read)
            })
            .unwrap_or_default()
    }

    /// The pipeline that the board is of, without subscribing.
    pub fn pipeline(self) -> Option<PipelineName> {
        self.board
            .with_untracked(|board| board.as_ref().map(|board| board.pipeline.clone()))
    }

    /// The path of the environment `name` in the HTTP interface.
    pub fn api_path(self, name: &str) -> Option<String> {
        let pipeline = self.pipeline()?;
        Some(format!("api/v1/pipelines/{pipeline}/environments/{name}"))
    }
}
