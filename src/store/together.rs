//! Questions of one kind that come together and are asked together.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{StoreError, StoreResult};

/// Questions asked at once.
const QUESTIONS_MAX: usize = 500;

/// Questions of one kind, each with a key. One is asked at once; those that come before its answer are asked together
/// after it. So nobody waits for company, and a crowd makes few statements.
///
/// There is no bound but that on connections: each of them waits for one question.
pub(super) struct Together<K, V> {
    state: Mutex<State<K, V>>,
}

type Answers<V> = Vec<oneshot::Sender<StoreResult<V>>>;

struct State<K, V> {
    keys: Vec<K>,
    answers: Answers<V>,
    is_being_asked: bool,
}

impl<K, V> Together<K, V> {
    /// No questions.
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State { keys: Vec::new(), answers: Vec::new(), is_being_asked: false }) }
    }

    /// Adds a question. If the answer says so, nobody is asking: the caller has to, without fail, whatever
    /// [`take`](Self::take) gives, until that is nothing.
    pub(super) fn add(&self, key: K) -> (oneshot::Receiver<StoreResult<V>>, bool) {
        let (answer, answered) = oneshot::channel();
        let mut state = self.state();
        state.keys.push(key);
        state.answers.push(answer);
        (answered, !std::mem::replace(&mut state.is_being_asked, true))
    }

    /// The keys of questions that wait, and where their answers go; `None` if there are none, and then whoever adds one
    /// asks.
    pub(super) fn take(&self) -> Option<(Vec<K>, Answers<V>)> {
        let mut state = self.state();
        let count = state.keys.len().min(QUESTIONS_MAX);
        state.is_being_asked = count > 0;
        (count > 0).then(|| (state.keys.drain(..count).collect(), state.answers.drain(..count).collect()))
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers questions that were asked together, each with its own answer or all with one error.
pub(super) fn settle<V>(answers: Answers<V>, answered: StoreResult<Vec<StoreResult<V>>>) {
    match answered {
        Ok(each) => answers.into_iter().zip(each).for_each(|(answer, value)| _ = answer.send(value)),
        Err(error) => {
            for answer in answers {
                _ = answer.send(Err(StoreError::Unavailable(error.to_string().into())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Together, settle};

    #[test]
    fn what_comes_while_others_ask_is_asked_together_after_them() {
        let together = Together::<u32, u32>::new();
        let (_, has_to_ask) = together.add(1);
        assert!(has_to_ask);
        let (first, first_answers) = together.take().unwrap();
        let (mut two, three) = (together.add(2), together.add(3));
        assert!(!two.1 && !three.1);
        settle(first_answers, Ok(vec![Ok(10)]));
        let (next, answers) = together.take().unwrap();
        assert_eq!((first, next), (vec![1], vec![2, 3]));
        settle(answers, Ok(vec![Ok(20), Ok(30)]));
        assert_eq!(two.0.try_recv().unwrap().unwrap(), 20);
        assert!(together.take().is_none());
        assert!(together.add(4).1);
    }
}
