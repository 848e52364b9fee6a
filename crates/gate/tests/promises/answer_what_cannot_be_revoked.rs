//! A payload goes out together with what it rests on.

use gate::Answer;
use origin::Served;

fn answer(served: Served) -> Answer {
    Answer::new(served)
}

fn main() {}
