//! What a run read from files, copied beside its experiment, so that the folder alone can be run again.

use std::io;
use std::path::Path;

use super::npy;
use crate::dynamics::general::matrix::MatrixSpec;
use crate::experiment::Experiment;
use crate::experiment::frequencies::Frequencies;
use crate::measure::Law;

/// The name of the j-th matrix that came from a file.
pub(super) fn matrix_name(j: usize) -> String {
    format!("matrix_{j}.npy")
}

/// The experiment with the paths of the copies. Frequencies from a file are written out as numbers.
pub(super) fn localised(experiment: &Experiment) -> Experiment {
    let mut own = experiment.clone();
    if let Some(replay) = &mut own.tokens.replay {
        replay.path = "replay.npy".into();
    }
    if let Some(Frequencies::File { values, .. }) = &own.tokens.frequencies {
        own.tokens.frequencies = Some(Frequencies::List(values.clone()));
    }
    let files = (own.system.matrices_mut()).filter_map(|matrix| match matrix {
        MatrixSpec::File { path, .. } => Some(path),
        _ => None,
    });
    for (j, path) in files.enumerate() {
        *path = matrix_name(j);
    }
    if let Law::File { path, weights, .. } = &mut own.tokens.initial {
        *path = "initial.npy".into();
        if let Some(weights) = weights {
            *weights = "initial_weights.npy".into();
        }
    }
    own
}

/// Matrices that came from files, each with its columns.
pub(super) fn matrices(experiment: &Experiment) -> Vec<(Vec<f64>, usize)> {
    (experiment.system.clone().matrices_mut())
        .filter_map(|matrix| match matrix {
            MatrixSpec::File {
                values, columns, ..
            } => Some((values.clone(), *columns)),
            _ => None,
        })
        .collect()
}

pub(super) fn write_matrices(experiment: &Experiment, folder: &Path) -> io::Result<()> {
    for (j, (values, columns)) in matrices(experiment).into_iter().enumerate() {
        let shape = [values.len() / columns, columns];
        npy::write(&folder.join(matrix_name(j)), &shape, values)?;
    }
    Ok(())
}

pub(super) fn write_replay(experiment: &Experiment, path: &Path) -> io::Result<()> {
    let Some(replay) = &experiment.tokens.replay else {
        return Ok(());
    };
    let shape = [replay.layers, replay.count, replay.dimension];
    npy::write(path, &shape, replay.values.iter().copied())
}

pub(super) fn write_tokens(experiment: &Experiment, path: &Path) -> io::Result<()> {
    let Law::File { points, .. } = &experiment.tokens.initial else {
        return Ok(());
    };
    let shape = [points.count(), points.dimension()];
    npy::write(path, &shape, points.positions.iter().copied())
}

pub(super) fn write_weights(experiment: &Experiment, path: &Path) -> io::Result<()> {
    let Law::File { points, .. } = &experiment.tokens.initial else {
        return Ok(());
    };
    npy::write(path, &[points.count()], points.weights.iter().copied())
}
