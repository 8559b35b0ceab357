//! What an experiment asks to stand beside its tokens: a density, a run of many tokens, a Gaussian measure, or nothing, with the reason.

use super::spec::{Continuum, Experiment, FieldInitial, LEAST_BETA, Source};
use crate::dynamics::gaussian::Kind;
use crate::experiment::spec::Solver;
use crate::measure::Law;
use crate::observe::parts::Parts;
use crate::observe::table;
use crate::sphere::Domain;

/// What stands beside the tokens.
#[derive(Debug, Clone, PartialEq)]
pub enum Companion {
    /// A density on the sphere.
    Density(Continuum),
    /// A run of so many tokens of the same law and system.
    Reference(usize),
    /// The Gaussian mean field of ℝ^d, by its closed equations.
    Gaussian(Kind),
    /// Nothing.
    None(Absence),
}

/// Why there is no continuum beside the tokens.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Absence {
    /// A model's layers are shown, nothing moves.
    #[error("tokens only: {0} is replayed layer by layer")]
    Replayed(String),
    /// `solver = "none"`.
    #[error("tokens only: solver = \"none\" asks for nothing beside them")]
    NotAsked,
    /// A system without moments.
    #[error(
        "tokens only: this attention is no zonal kernel on the sphere, for which alone the continuum is solved"
    )]
    NotZonal,
    /// Softmax at large negative β.
    #[error(
        "tokens only: below β = {LEAST_BETA} the potential by which softmax divides has no digits left where the mass is"
    )]
    BetaTooLow,
    /// Tokens that do not follow their law.
    #[error(
        "tokens only: with positional encodings tokens do not follow their law (a density can start with field.initial = {{ from = \"empirical\" }})"
    )]
    Encoded,
    /// Frequencies one by one.
    #[error("tokens only: frequencies that are listed have no law for a continuum")]
    ListedFrequencies,
    /// Oscillators at negative temperature.
    #[error("tokens only: densities with frequencies are solved for β ≥ 0")]
    FrequenciesBelowZero,
    /// A law that is not zonal in a dimension where only zonal ones are solved.
    #[error(
        "tokens only: for d = {0} the continuum is available for laws that are zonal (functions of ⟨x,axis⟩), and this one is not"
    )]
    LawNotZonal(usize),
    /// `solver = "zonal"` for a law that is not.
    #[error("tokens only: the law is not zonal, and solver = \"zonal\" was asked for")]
    SolverZonal,
}

impl Experiment {
    /// What stands beside the tokens.
    #[must_use]
    pub fn companion(&self) -> Companion {
        if let Some(replay) = &self.tokens.replay {
            return Companion::None(Absence::Replayed(replay.path.clone()));
        }
        if self.field.solver == Solver::None {
            return Companion::None(Absence::NotAsked);
        }
        if let Some(count) = self.field.count {
            return Companion::Reference(count);
        }
        if let Some(kind) = self.gaussian_kind() {
            return Companion::Gaussian(kind);
        }
        match self.density() {
            Ok(continuum) => Companion::Density(continuum),
            Err(absence) => Companion::None(absence),
        }
    }

    /// Why this experiment has no value in a column of the table, whatever its tokens do; none where it may have one.
    #[must_use]
    pub(crate) fn lacks(&self, column: usize) -> Option<String> {
        let row = &table::OBSERVABLES[column];
        let gaussian = ["field_mean", "field_spread", "gaussian_distance"].contains(&row.name)
            || row.name.starts_with("field_variance");
        let flat = ["tokens_vertices", "tokens_variance_1", "tokens_variance_2"];
        let spherical = Parts::ORDERS.and(Parts::NEAR);
        match self.companion() {
            Companion::None(absence) if row.parts.have(Parts::COMPANION) => {
                Some(absence.to_string())
            }
            Companion::Gaussian(_) if row.parts.have(Parts::COMPANION) && !gaussian => {
                Some("a Gaussian measure stands beside its tokens".into())
            }
            Companion::Density(_) | Companion::Reference(_) if gaussian => {
                Some("no Gaussian measure stands beside its tokens".into())
            }
            _ if row.parts.have(Parts::PAIRS) && self.pairs.is_none() => {
                Some("it has no [pairs]".into())
            }
            _ if flat.contains(&row.name) && !self.tokens.flat => {
                Some("its tokens live on the sphere".into())
            }
            _ if row.parts.have(spherical) && self.tokens.flat => {
                Some("its tokens live in ℝ^d".into())
            }
            _ if row.name == "tokens_length" && !self.has_lengths() => {
                Some("its tokens have no lengths".into())
            }
            _ => None,
        }
    }

    /// Where the density lives that stands beside the tokens, if there is one.
    #[must_use]
    pub fn continuum(&self) -> Option<Continuum> {
        match self.companion() {
            Companion::Density(continuum) => Some(continuum),
            Companion::Reference(_) | Companion::Gaussian(_) | Companion::None(_) => None,
        }
    }

    /// Whether a density accompanies the tokens.
    #[must_use]
    pub fn has_field(&self) -> bool {
        self.continuum().is_some()
    }

    /// The closed equations of a Gaussian start that stays Gaussian: no noise, no encodings.
    fn gaussian_kind(&self) -> Option<Kind> {
        let gaussian = matches!(self.tokens.initial, Law::Gaussian { .. })
            && self.noise.diffusion == 0.0
            && self.tokens.encoding.is_none();
        (self.system.gaussian_kind(self.attention)).filter(|_| gaussian && self.tokens.flat)
    }

    /// Where a density can accompany the tokens, or why none can.
    fn density(&self) -> Result<Continuum, Absence> {
        let from_law = matches!(
            self.field.initial,
            FieldInitial::From {
                from: Source::Law,
                ..
            }
        );
        let softmax = self.attention.normalisation.sums_to_one();
        if !self.is_zonal() {
            return Err(Absence::NotZonal);
        }
        if self.attention.beta < LEAST_BETA && softmax {
            return Err(Absence::BetaTooLow);
        }
        if self.tokens.encoding.is_some() && from_law {
            return Err(Absence::Encoded);
        }
        if let Some(frequencies) = &self.tokens.frequencies {
            if frequencies.law().is_none() {
                return Err(Absence::ListedFrequencies);
            }
            if softmax && self.attention.beta < 0.0 {
                return Err(Absence::FrequenciesBelowZero);
            }
        }
        self.zonal_or_all()
    }

    /// The family of functions of the solver, and the axis of the law where it has one.
    fn zonal_or_all(&self) -> Result<Continuum, Absence> {
        let d = self.tokens.dimension;
        let domain = self.field.solver.domain(d);
        if !matches!(domain, Domain::Zonal(_)) {
            return Ok(Continuum {
                domain,
                axis: Vec::new(),
            });
        }
        let law = match &self.field.initial {
            FieldInitial::Law(law) => law,
            FieldInitial::From { .. } => &self.tokens.initial,
        };
        match law.axis(d, self.tokens.seed) {
            Some(axis) => Ok(Continuum { domain, axis }),
            None if d > 3 => Err(Absence::LawNotZonal(d)),
            None => Err(Absence::SolverZonal),
        }
    }
}
