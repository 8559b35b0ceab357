//! The mathematics of `metastable`: attention dynamics on the sphere and its mean-field limit, from how a computer is used up to the
//! table of observables. It reads no file and shows nothing; what is asked, moves and is seen stands in the crate above, whose front page
//! is the map of the whole house and which passes these rooms on under the same names (`metastable::dynamics` is [`dynamics`]).
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
//!
//! # Two continuum solvers
//! While a density is smooth its coefficients are stepped ([`dynamics::MeanField`]). Every attractive run ends in peaks
//! that sharpen like e^t; where the modes run out the density is handed over to markers that move with the flow
//! ([`measure::Markers`], [`dynamics::CharacteristicFlow`]): a quadrature in the label whose panels are split at the watersheds
//! between clusters. A marker is a weighted token, so that kernel, moments and energy are once more the same.
//!
//! # Exponentially long times
//! Clusters live for times like e^{β(1−⟨x,y⟩)}. Tokens (and markers) that have met become one body
//! ([`measure::Bodies`], [`dynamics::merging`]), the pulls of the far ones are summed where they keep their digits
//! ([`dynamics::tangent`]), and the step grows with what is left to move: t = 10³⁸ is some hundred steps away. What the
//! energy looks like on the way is said by its Hessian ([`observe::saddle`]), how long a pair lives by [`theory::pair`].
//!
//! # Speed
//! Which way a drift goes is one documented rule ([`dynamics::dispatch`]): all pairs once for both of their tokens
//! ([`dynamics::all_pairs`]), the series, and on the circle cells with one polynomial each ([`dynamics::circle_cells::polynomials`]) that tokens
//! ([`dynamics::circle_cells::sums`]) and density evaluate alike, where a few nodes carry all tokens through a step
//! ([`dynamics::circle_cells::flow_map`]). Every
//! fast path has its slow reference beside it in a test, and no result depends on the number of threads. `cargo bench` times the
//! hot paths, fits the exponents and, `--against` a file of other measurements, prints the ratios.
//!
//! # Why a crate of its own
//! The rooms below were one crate with those above, and a build ended with one core at work on it. Now the two are compiled side by side,
//! a change of the screen leaves this one as it is, and that nothing here knows of a file or a screen is checked by the compiler. No call
//! from above stands in an inner loop, so that nothing is lost where the optimiser stops at the crate's edge (measured:
//! `guide::contributing`, "What a build costs").

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
pub mod dynamics;
pub mod integrate;
pub mod machine;
pub mod measure;
pub mod observe;
pub mod sphere;
pub mod theory;
