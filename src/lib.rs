//! `metastable`: transformers as interacting particle systems, tokens and their mean field side by side.
//!
//! Tokens are points x_1, …, x_n of the sphere S^{d−1}; self-attention moves them (Geshkovski, Letrouit, Polyanskiy,
//! Rigollet, *A mathematical perspective on Transformers*, arXiv 2312.10794):
//!
//! * (SA)  x_i' = P_{x_i} Σ_j e^{β⟨x_i,x_j⟩} x_j / Σ_k e^{β⟨x_i,x_k⟩},
//! * (USA) x_i' = P_{x_i} (1/n) Σ_j e^{β⟨x_i,x_j⟩} x_j,
//!
//! with P_x y = y − ⟨x,y⟩x. For many tokens their distribution μ obeys a continuity equation on the sphere (3.4), (3.8).
//!
//! # The central idea
//! Let Z_μ(x) = ∫ e^{β⟨x,y⟩} dμ(y). Then (USA) moves mass along (1/β)∇Z_μ and (SA) along (1/β)∇log Z_μ, whether μ is the
//! empirical measure of the tokens or a density. The kernel is zonal, so it acts on the *moments* of μ by one multiplier
//! a degree, and both sides of the screen have moments: one [`dynamics::Kernel`], one energy, one set of order
//! parameters serves both. What has no such structure goes by all pairs; that the two paths agree on the same measure is
//! the most important test.
//!
//! # The map of the house
//! A room uses the rooms above it and never one below (a test reads the imports). The first seven are the mathematics, a crate of its
//! own in `src/mathematics` with these names: [`metastable_mathematics`] says on its front page how the equations are solved, what is
//! done about exponentially long times, and what makes it fast.
//!
//! | room | subject |
//! |---|---|
//! | [`machine`] | how this computer is used: registers, threads, transforms; no mathematics of ours |
//! | [`sphere`] | where tokens live: geometry, Fourier analysis, special functions, random points |
//! | [`integrate`] | time steppers that know nothing of what they step |
//! | [`measure`] | what is evolved: particles, bodies, density, markers, their moments, the laws they start from |
//! | [`dynamics`] | the equations: kernel, all pairs, moments, general systems, the mean-field tendency, the flow of markers, merging |
//! | [`theory`] | predictions to hold a run against |
//! | [`observe`] | the table of observables |
//! | [`experiment`] | what is asked: the keys of a file, its defaults and checks, the presets |
//! | [`snapshot`] | what is seen: immutable views of one frame, and the history |
//! | [`run`] | what moves: the session and the thread that computes it |
//! | [`sweep`] | many runs: axes, realisations, statistics, the folder that they fill |
//! | [`figure`] | pictures of a sweep or a run as SVG: diagrams with contour and theory, curves with bands, the ways of tokens |
//! | [`report`] | a page about a sweep or a run: pictures, predictions beside measurements with a verdict |
//! | [`batch`] | work without a screen: runs and their files |
//! | [`tui`] | the dashboard |
//!
//! # Every system of the paper
//! [`dynamics::Attention`] is the zonal kernel: β of either sign, softmax or none, V = cI, or any even interaction h(θ) of the
//! circle. All else that `[attention]` can say is a [`dynamics::System`]: heads with their Q, K, V, masks, doubly stochastic or
//! hardmax weights, a perceptron, the schemes of layer normalisation, ℝ^d; its drift goes by all pairs ([`dynamics::general`]).
//! Where the limit of many tokens has no density on the sphere something else stands beside them: a reference run of N tokens,
//! the Gaussian mean field of ℝ^d ([`dynamics::gaussian`]), a density for each natural frequency
//! ([`run::density`]), or the closed equations of pairs beside an ensemble ([`dynamics::bbgky`]). A key of the
//! experiment can be varied from run to run ([`sweep`]), and a given model's tokens replayed ([`experiment::replay`]).
//!
//! # Conventions
//! σ is the uniform *probability*; a density is ρ = dμ/dσ, so that uniform is 1. On the circle x = (cos θ, sin θ),
//! dσ = dθ/2π, m_k = ∫e^{ikθ}dμ. D is the coefficient of DΔρ, and dx = drift dt + √(2D) P_x∘dW. Exponentials are shifted,
//! e^{β(⟨x,y⟩−1)} ≤ 1: nothing overflows up to β = 10⁴.
//!
//! # Where to begin
//! Using it: the names on this page. Reading it: [`dynamics::transport`], the velocity; [`dynamics::definition`], the equations as on paper, slow;
//! [`experiment::keys`], all that can be asked; [`run::session`] and [`run::companion`], what moves; [`observe::table`], all that is measured.
//! Adding to it: [`guide::contributing`]. Its files: [`guide::formats`].
//!
//! # A run from code
//! ```
//! use metastable::{Session, presets};
//!
//! let mut experiment = presets::load("kuramoto")?;
//! experiment.time.end = 1.0;
//! experiment.time.frames = 11;
//! let mut session = Session::new(experiment);
//! while !session.finished() {
//!     session.advance(&|| false)?;
//! }
//! // the mean field of β = 0 follows Ott–Antonsen
//! let r = session.snapshot().value("field_order_1");
//! assert!((r - metastable::theory::kuramoto::ott_antonsen(0.1, 1.0)).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A law, its density, and the distance of tokens from it
//! ```
//! use metastable::{Density, Domain, Law, Sorted, wasserstein};
//!
//! let law = Law::VonMisesFisher { concentration: 3.0, mean: vec![1.0, 0.0] };
//! let density = Density::from_law(&law, Domain::Circle, 0, 0.0, 64).expect("a law with a density");
//! let distance = |n: usize| {
//!     let tokens = law.sample(n, 2, 7);
//!     let places = tokens.angles().into_iter().map(|angle| (angle, 1.0 / n as f64));
//!     wasserstein(&Sorted::of(places.collect()), &density)
//! };
//! // W₁ in radians falls like n^{−1/2}
//! let (few, many) = (distance(100), distance(10_000));
//! assert!(many < 0.03 && many < 0.3 * few, "{few} {many}");
//! ```
//!
//! # A sweep of β of one's own
//! ```
//! use metastable::{Session, presets};
//!
//! let mut clusters = Vec::new();
//! for beta in [1.0, 4.0, 9.0] {
//!     let mut experiment = presets::load("metastable")?;
//!     experiment.attention.beta = beta;
//!     experiment.time.end = 15.0;
//!     experiment.time.frames = 5;
//!     let mut session = Session::without_pictures(experiment);
//!     while !session.finished() {
//!         session.advance(&|| false)?;
//!     }
//!     let last = session.history().series_named("tokens_clusters").pop();
//!     clusters.push(last.map_or(f64::NAN, |(_, count)| count));
//! }
//! // the sharper attention, the more metastable clusters
//! assert!(clusters[0] <= clusters[1] && clusters[1] <= clusters[2], "{clusters:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
pub use metastable_mathematics::{dynamics, integrate, machine, measure, observe, sphere, theory};
pub mod batch;
pub mod experiment;
pub mod figure;
pub mod guide;
pub mod report;
pub mod run;
pub mod snapshot;
pub mod sweep;
pub mod tui;

pub use batch::{BatchError, Summary, export, simulate};
pub use dynamics::transport::Transport;
pub use dynamics::{
    Attention, Interaction, Kernel, MeanField, Normalisation, System, TokenDynamics,
};
pub use experiment::{Absence, Change, Companion, Experiment, InputError, presets};
pub use integrate::{Explicit, StepError};
pub use measure::{Bodies, Density, Law, Markers, Moments, Particles};
pub use observe::angular_order::Sorted;
pub use observe::transport::wasserstein;
pub use observe::{Cluster, OBSERVABLES, Observable};
pub use run::{Session, SessionError, Worker};
pub use snapshot::view::FieldView;
pub use snapshot::{History, Snapshot};
pub use sphere::Domain;
