//! Asking for memory before it is needed: the only `unsafe` of the house.
//!
//! Many systems often lie one after the other in memory (an ensemble). While one of them is computed, the lines of the next can be on their way, and its
//! first loop does not wait for them: the drifts of 1024 systems of 32 tokens take 0.81 of the time at d = 64 and 0.85 at d = 32 (measured; within
//! rounding of the measurement the same for one system alone, whose surroundings are asked for in vain). The compiler's own loads cannot do this: a load that
//! is on its way holds up all that follows it. On other machines than x86-64 nothing is asked for, and no result depends on it either way.

/// Numbers in a line of the cache.
const LINE: usize = 8;

/// Asks for the lines that lie `further` numbers behind those of a piece.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub fn fetch(piece: &[f64], further: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let start = piece.as_ptr().wrapping_add(further);
    for line in (0..piece.len()).step_by(LINE) {
        // SAFETY: a prefetch reads nothing that the program could see and raises no fault at any address, and every x86-64 machine has it
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line).cast()) };
    }
}

/// Asks for nothing.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn fetch(_: &[f64], _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_memory_that_is_not_there_does_no_harm() {
        // nothing to compare: only a fault would show
        let numbers = vec![0.0; 100];
        for further in [0, 100, 1 << 20, usize::MAX / 16, usize::MAX] {
            fetch(&numbers, further);
            fetch(&[], further);
        }
    }
}
