//! For tests and benches, wherever they stand: every instruction set there is, and pools of threads.

#[cfg(test)]
use pulp::Arch;

/// The instruction sets of this machine that a kernel can meet: the best, AVX2 where there is that, and one lane.
#[cfg(test)]
pub(crate) fn instruction_sets() -> Vec<Arch> {
    let mut list = vec![Arch::new(), Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    list.extend(pulp::x86::V3::try_new().map(Arch::V3));
    list
}

/// Runs on this many threads.
///
/// # Panics
/// Where the system has no threads to give.
pub fn on_threads<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(run),
        Err(error) => panic!("{threads} threads: {error}"),
    }
}
