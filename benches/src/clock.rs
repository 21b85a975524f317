//! Repetition and time.

use core::time::Duration;
use std::time::Instant;

/// Does this so many times, and says how long that took.
pub fn repeat(count: usize, mut operation: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        operation();
    }
    start.elapsed()
}

/// The nanoseconds of one repetition in the best of many short batches.
///
/// Whatever else the machine does makes a batch longer, and none shorter: the best comes next to what
/// the operation takes by itself.
pub fn best(run: impl Fn(usize) -> Duration) -> f64 {
    let batch = (BATCH.as_nanos() / run(WARM_UP).as_nanos().max(1)).max(1) as usize * WARM_UP;
    let batches = (0..BATCHES).map(|_| run(batch));
    batches.min().unwrap_or_default().as_nanos() as f64 / batch as f64
}

/// Short enough to fall between two interruptions now and then.
const BATCH: Duration = Duration::from_micros(500);

const BATCHES: usize = 300;

const WARM_UP: usize = 2;
