//! Waits for a future on the thread that asks.

use core::convert::Infallible;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};
#[cfg(feature = "https-blocking")]
use std::time::Instant;

/// Waits for a future on this thread.
///
/// What only blocks is done when it is first asked. Where a future needs a runtime, that one has to run on
/// other threads, and this one has to have entered it.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let parked = || -> Result<(), Infallible> {
        thread::park();
        Ok(())
    };
    let Ok(output) = wait(future, parked);
    output
}

/// As [`block_on`], but nothing where the future still waits at this time.
#[cfg(feature = "https-blocking")]
pub(crate) fn block_on_until<F: Future>(future: F, until: Instant) -> Option<F::Output> {
    let parked = || crate::timed::left(until).map(thread::park_timeout);
    wait(future, parked).ok()
}

/// A wake that came first makes parking return at once.
fn wait<F: Future, E>(future: F, parked: impl Fn() -> Result<(), E>) -> Result<F::Output, E> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        parked()?;
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use core::future::poll_fn;

    use super::*;

    #[test]
    fn a_future_that_another_thread_wakes_comes_to_its_end() {
        let mut wakes = 0;
        let waited = poll_fn(|context| {
            wakes += 1;
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake());
            if wakes == 3 { Poll::Ready("done") } else { Poll::Pending }
        });
        assert_eq!(block_on(waited), "done");
    }

    #[cfg(feature = "https-blocking")]
    #[test]
    fn a_future_that_never_ends_is_left_at_its_time() {
        let limit = core::time::Duration::from_millis(20);
        let begin = Instant::now();
        assert_eq!(block_on_until(core::future::pending::<()>(), begin + limit), None);
        assert!(begin.elapsed() >= limit);
        assert_eq!(block_on_until(core::future::ready(1), begin), Some(1));
    }
}
