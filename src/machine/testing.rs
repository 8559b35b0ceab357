//! For tests: every instruction set there is, and pools of threads.

use pulp::Arch;

/// The instruction sets of this machine that a kernel can meet: the best, AVX2 where there is that, and one lane.
pub(crate) fn instruction_sets() -> Vec<Arch> {
    let mut list = vec![Arch::new(), Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    list.extend(pulp::x86::V3::try_new().map(Arch::V3));
    list
}

/// Runs on this many threads.
pub(crate) fn on_threads<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(run)
}
