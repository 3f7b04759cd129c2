"""What the caller waits for."""

from agentworker.delays import Question, of_answer


def test_an_answer_tells_what_its_delay_was_made_of() -> None:
    metrics = {"llm_node_ttft": 0.31, "tts_node_ttfb": 0.12, "e2e_latency": 9.0}
    found = of_answer(Question(100.0, 100.5), 101.0, metrics)
    assert found == {"delay_ms": 1000, "heard_ms": 500, "thought_ms": 310, "spoke_ms": 120}


def test_a_key_needs_no_hearing_and_its_answer_no_thought() -> None:
    assert of_answer(Question(100.0), 100.25, {"tts_node_ttfb": 0.2}) == {
        "delay_ms": 250,
        "spoke_ms": 200,
    }


def test_words_that_answer_nobody_have_no_delay() -> None:
    assert of_answer(None, 100.0, {"tts_node_ttfb": 0.2}) == {}
    # He asked while these words were already being spoken.
    assert of_answer(Question(100.5), 100.0, {}) == {}
