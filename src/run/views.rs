//! What a session shows of its present frame: the snapshot and its parts.

use std::sync::Arc;

use super::companion::Companion;
use super::ensemble::Ensemble;
use super::pictures::Pictures;
use super::pictures::shown;
use super::session::Session;
use super::tokens::TokenRun;
use crate::observe::{TokenSide, euclidean};
use crate::snapshot::view::{self, FieldView, SHOWN_TOKENS, SPECTRUM_DEGREES, Snapshot, TokenView};
use crate::theory;

/// Corners of a hull nearer than this share of the picture are one.
const HULL: f64 = 1e-3;

impl Session {
    /// The present frame as the screen sees it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            experiment: Arc::clone(&self.moving.experiment),
            attention: self.moving.attention,
            diffusion: self.moving.diffusion,
            frame: self.moving.frame,
            time: self.time(),
            values: self
                .history
                .records()
                .last()
                .map_or_else(Vec::new, |record| record.values.clone()),
            tokens: self.token_view(),
            field: self.field_view(),
            growth: if self.moving.experiment.tokens.frequencies.is_some()
                || !self.moving.experiment.is_zonal()
            {
                vec![f64::NAN; SPECTRUM_DEGREES + 1]
            } else {
                theory::growth::growth_rates(
                    self.moving.attention,
                    self.moving.experiment.tokens.dimension,
                    self.moving.diffusion,
                    SPECTRUM_DEGREES,
                )
            },
            history: self.history.clone(),
            predictions: Arc::clone(&self.predictions),
            pairs: self.moving.ensemble.as_ref().map(Ensemble::view),
            notes: Arc::clone(&self.notes),
        }
    }

    fn token_view(&self) -> TokenView {
        let plane = (self.plane.as_slice(), self.plane_share);
        self.view_of(&self.moving.tokens, &self.token_side, plane)
    }

    fn view_of(
        &self,
        run: &TokenRun,
        side: &TokenSide,
        (plane, share): (&[[f64; 2]], f64),
    ) -> TokenView {
        let particles = run.tokens();
        let member = &run.bodies().member;
        let flat = self.moving.experiment.tokens.flat;
        let stride = particles.count().div_ceil(SHOWN_TOKENS);
        let shown = shown(particles, plane, stride);
        let radius = shown.iter().map(|p| p[0].abs().max(p[1].abs()));
        let radius = radius.fold(0.0, f64::max);
        let spectrum = match &side.moments {
            Some(moments) => moments.order_parameters(SPECTRUM_DEGREES.min(moments.degree())),
            None => side.orders.to_vec(),
        };
        TokenView {
            dimension: particles.dimension(),
            count: particles.count(),
            stride,
            positions: particles
                .rows()
                .step_by(stride)
                .flatten()
                .copied()
                .collect(),
            weights: (particles.weights.iter().step_by(stride))
                .map(|weight| weight * particles.count() as f64)
                .collect(),
            hull: if flat {
                euclidean::hull(&shown, HULL * radius)
            } else {
                Vec::new()
            },
            flat,
            radius,
            plane: shown,
            plane_share: share,
            labels: (member.iter().step_by(stride))
                .map(|body| side.clusters.labels[*body])
                .collect(),
            clusters: side.clusters.list.clone(),
            spectrum,
            path: run.dynamics.preferred(),
            bodies: run.bodies().count(),
            merges: Arc::clone(run.merges()),
            saddle: side.saddle.clone(),
        }
    }

    fn field_view(&self) -> FieldView {
        let field = match &self.moving.companion {
            Companion::None(absence) => return FieldView::None(absence.to_string()),
            Companion::Gaussian(gaussian) => {
                let tokens = self.moving.tokens.tokens();
                return FieldView::Gaussian {
                    side: self.companion_side.gaussian().cloned(),
                    tokens: (tokens.mean(), euclidean::covariance(tokens)),
                    blow_up: gaussian.blow_up(),
                    ended: gaussian.ended(),
                };
            }
            Companion::Reference(reference) => {
                let plane = (reference.plane.0.as_slice(), reference.plane.1);
                let view = self.view_of(&reference.run, &reference.side, plane);
                return FieldView::Reference(Box::new(view));
            }
            Companion::Density(field) => field,
        };
        let Some(picture) = self.pictures.as_ref().and_then(Pictures::last) else {
            let why = field.lost().map_or_else(String::new, |(since, why)| {
                format!(": lost at t = {since}, {why}")
            });
            return FieldView::None(format!("no density{why}"));
        };
        let side = self.companion_side.density();
        let view = view::Density {
            picture,
            populations: (field.populations())
                .map(|populations| (populations.count(), populations.exact())),
            modes: field.density.modes(),
            tail: side.map_or(field.density.tail(), |side| side.tail),
            carried: field.markers().map(|(since, run)| view::Carried {
                since,
                markers: run.markers.count(),
                bodies: run.markers.bodies.count(),
            }),
            spectrum: side.map_or_else(Vec::new, |side| {
                side.moments.order_parameters(SPECTRUM_DEGREES)
            }),
            growth: self.measured_growth.clone(),
            clusters: side.map_or_else(Vec::new, |side| side.clusters.list.clone()),
        };
        match field.lost() {
            Some((since, why)) => FieldView::UnderResolved {
                since,
                why,
                last: view,
            },
            None => FieldView::Resolved(view),
        }
    }
}
