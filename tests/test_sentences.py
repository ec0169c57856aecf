"""Sentences: properties that hold for any text, and golden cases, all in invented text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.documents import Document
from stance.segmenter import segmenter
from stance.sentences import MAX_RUN, Sentence, split_sentences


def sentences(text: str, lang: str = "en") -> list[Sentence]:
    return split_sentences(Document("d", text, lang=lang))


def texts(text: str, lang: str = "en") -> list[str]:
    return [s.text for s in sentences(text, lang)]


def check(text: str, lang: str) -> None:
    """Sentences are slices in order, without overlap, and nothing visible stands between them."""
    position = 0
    paragraph = 0
    for number, s in enumerate(sentences(text, lang)):
        assert s.sent_id == number
        assert position <= s.start < s.end
        assert text[position : s.start].strip() == ""
        assert s.text == text[s.start : s.end]
        assert s.text == s.text.strip()
        assert paragraph <= s.paragraph
        position, paragraph = s.end, s.paragraph
    assert text[position:].strip() == ""


PARAGRAPHS = [
    "The two ministers met in Lindholm. They spoke of the ferry, the U.S.-Norlandia channel and Mr. Quill’s plan.",
    "PRESIDENT REYES:  Thank you, Dr. Olsen. It was—well, frank…",
    "Q    Did you raise the pier? And the “lost” crates?",
    "[Q] Harbor Daily: When will the next round be held?",
    "- Open the port (see Annex No. 5).",
    "  • Mend the road; keep 3.5 km of it closed.",
    "1. First item. 2. Second item.",
    "双方就渡轮航线交换意见。部长说：“我们不等。”随后离开！",
    "问：渡轮何时恢复？",
    "答：很快……请等通知。（会后补充：五月。）",
    "The envoy said that the coast guards would keep\ntheir radio channel open through the winter, and\n"
    "that the hotline worked.",
    "* * *",
    "At 9 a.m. on Aug. 29 the talks, i.e. round 2, began.   ",
    "\u00a0\u3000Indented.\u200b",
]


@given(st.text(max_size=150), st.sampled_from(["en", "zh"]))
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost_of_any_text(text, lang):
    check(text, lang)


@given(
    st.text(alphabet="aA1.!?;:()[]{}\"'“”‘’…。！？”—-*& \n\r\t\\/$^+|@∯ȸ♬☉ɟ\u2028\x0b字", max_size=80),
    st.sampled_from(["en", "zh"]),
)
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost_of_punctuation(text, lang):
    check(text, lang)


@given(
    st.lists(st.sampled_from(PARAGRAPHS), min_size=1, max_size=8),
    st.lists(st.sampled_from(["\n", "\n\n", "\r\n", "\r\n\r\n", "\n \n", " ", "\n\n\n"]), min_size=8, max_size=8),
    st.sampled_from(["en", "zh"]),
)
@settings(max_examples=120, deadline=None)
def test_nothing_is_lost_of_mixtures(paragraphs, separators, lang):
    check("".join(p + s for p, s in zip(paragraphs, separators, strict=False)), lang)


@pytest.mark.parametrize(
    "golden",
    [
        ["The U.S.-Norlandia channel stays open.", "Both sides will use it."],
        ["Minister Tomas A. Quill, Jr. met Marta B. Olsen in Oslo.", "They spoke for an hour."],
        ["Gen. Ada Voss, Sr. and Rep. Lund attended.", "Nobody else did."],
        ["The talks were held on Aug. 29 in Lima.", "They ended on Sept. 1, 2024."],
        ["The call began at 9 a.m. and was cordial.", "It ended at 5 p.m. on Friday."],
        ["The call began at 9 a.m.", "The envoy was late."],
        ["Item No. 5 applies to both ports.", "Item No. 7 does not."],
        ["Well... we shall see.", "He paused … then spoke.", "Wait… What?"],
        ["“We will not wait.”", "The envoy then left."],
        ['"That is all."', "She smiled."],
        ["She asked, “Why now?”", "Nobody answered."],
        ["The guards kept Hale Corp.’s crates in port.", "They are sealed."],
        ["Trade rose by 3.5 percent to $4.1 billion.", "That is a record!", "Is it enough?"],
        ["The rule (see Annex B. above) holds.", "It will be kept."],
        ["They named three points: trade, ports, and fish; a fourth was dropped.", "All agreed."],
    ],
)
def test_english_boundaries(golden):
    assert texts(" ".join(golden)) == golden


WORDS = ["the", "No", "12", "(see", "I", "’s", "a.", "B.C", "ite", "Phxd", "u s", "now", "3.5", "“Yes”", "-", "1)"]
ENDS = ["", ".", ". ", ",", ".,", "..", "?", ".:", " .", "!", "; "]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_the_segmenter_finds_what_pysbd_finds(data):
    from pysbd import Segmenter
    from pysbd.lang.english import English

    words = st.sampled_from([*English.Abbreviation.ABBREVIATIONS, *WORDS])
    cases = st.sampled_from([str, str.upper, str.title])
    written = st.builds(lambda word, case, end: case(word) + end, words, cases, st.sampled_from(ENDS))
    space = data.draw(st.sampled_from([" ", "  ", "\r", "\u00a0"]))
    text = space.join(data.draw(st.lists(written, max_size=25)))
    assert segmenter("en").segment(text) == Segmenter("en").segment(text)


def test_the_segmenter_compiles_nothing_for_each_text():
    """Otherwise it is three times as slow: `re` keeps 512 expressions, and pySBD made ten thousand of 250 readouts."""
    text = "Mr. {0} and Gen. {0} of the U.S. met on Jan. 5, {0}. They spoke of no. {0}. “A fine day, {0},” he said."
    segmenter("en").segment(text)
    with pytest.MonkeyPatch.context() as patch:
        compiled = []
        plain = re._compiler.compile
        patch.setattr(re._compiler, "compile", lambda pattern, flags: compiled.append(pattern) or plain(pattern, flags))
        for number in range(50):
            segmenter("en").segment(text.format(number))
    assert len(compiled) < 10


@pytest.mark.parametrize("marks", ["“”", '""', "«»"])
def test_a_paragraph_that_is_a_quotation_is_split(marks):
    first, last = marks
    parts = ["We spoke about grain and the U.S. ports.", "We made progress!", "I look forward to the fair."]
    text = f"The envoy wrote:\n\n{first}{' '.join(parts)}{last}\n\nHe left."
    quoted = [first + parts[0], parts[1], parts[2] + last]
    assert texts(text) == ["The envoy wrote:", *quoted, "He left."]
    inside = f"{first}We met. We left.{last} That was all, and {first}no more.{last}"
    assert "".join(texts(inside)).replace(" ", "") == inside.replace(" ", "")
    assert texts(f"{first}We met.{last}") == [f"{first}We met.{last}"]


def test_closing_quote_at_the_end_of_a_paragraph_is_no_sentence():
    text = "“We keep the pier,” the envoy began.\n\nWe mend the road. We ask for no more.”\n\nThe hall was silent."
    assert texts(text) == [
        "“We keep the pier,” the envoy began.",
        "We mend the road.",
        "We ask for no more.”",
        "The hall was silent.",
    ]


@pytest.mark.parametrize(
    "golden",
    [
        ["双方会谈很好。", "他们谈了渡轮！", "何时再谈？", "尚未决定。"],
        ["“我们不等。”", "特使说完就走了。"],
        ["部长说：“我们不等。", "我们先走。”", "随后离开。"],
        ["会谈顺利结束。", "（记者：渡轮呢？）", "部长没有回答。"],
        ["运价上涨3.5%。", "双方将于8月29日再谈。"],
    ],
)
def test_chinese_boundaries(golden):
    assert texts("".join(golden), "zh") == golden


def test_chinese_questions_and_answers():
    found = sentences("问：渡轮何时恢复？有日期吗？\n答：很快。请等通知。\n会后散发了材料。", "zh")
    assert [(s.text, s.paragraph, s.speaker) for s in found] == [
        ("问：渡轮何时恢复？", 0, "Q"),
        ("有日期吗？", 0, "Q"),
        ("答：很快。", 1, "A"),
        ("请等通知。", 1, "A"),
        ("会后散发了材料。", 2, "A"),
    ]


def test_speaker_carries_over_paragraphs():
    text = (
        "REMARKS AT THE PIER\n\nPRESIDENT REYES:  Thank you. It went well.\n\nWe will meet again.\n\n"
        "Q    Did you raise the crates? And when?\n\nPRESIDENT REYES:  We did.\n\n"
        "MS. O’DELL-HART (via interpreter): So did we.\n\nMarta Olsen: Agreed.\n\n(Applause.)"
    )
    assert [(s.text, s.paragraph, s.speaker) for s in sentences(text)] == [
        ("REMARKS AT THE PIER", 0, None),
        ("PRESIDENT REYES:  Thank you.", 1, "PRESIDENT REYES"),
        ("It went well.", 1, "PRESIDENT REYES"),
        ("We will meet again.", 2, "PRESIDENT REYES"),
        ("Q    Did you raise the crates?", 3, "Q"),
        ("And when?", 3, "Q"),
        ("PRESIDENT REYES:  We did.", 4, "PRESIDENT REYES"),
        ("MS. O’DELL-HART (via interpreter): So did we.", 5, "MS. O’DELL-HART"),
        ("Marta Olsen: Agreed.", 6, "Marta Olsen"),
        ("(Applause.)", 7, "Marta Olsen"),
    ]


def test_question_in_brackets_ends_with_its_paragraph():
    found = sentences("[Q] Harbor Daily: Will the ferry run? When?\n\nIt will run in May.")
    assert [(s.text, s.speaker) for s in found] == [
        ("[Q] Harbor Daily: Will the ferry run?", "[Q]"),
        ("When?", "[Q]"),
        ("It will run in May.", None),
    ]


def test_question_and_answer_by_letter():
    found = sentences("Q: Will the ferry run?\nA: It will. In May.\nQ: Thanks.")
    assert [(s.text, s.speaker) for s in found] == [
        ("Q: Will the ferry run?", "Q"),
        ("A: It will.", "A"),
        ("In May.", "A"),
        ("Q: Thanks.", "Q"),
    ]


BRIEFING = (
    "Harbor News: The toll at the strait was raised. What is your comment?\n\nLin Quay: We oppose the toll.\n\n"
    "It was raised without notice.\n\nGazette: You met the envoy. May I ask two things?\n\nWhen? And where?\n\n"
    "Lin Quay: In Lindholm. Why not?\n\nNPA: Will the ferry run?\n\nLin Quay: It will.\n\n"
    "The Paper 2: It is said that it may not.\n\nLin Quay: It will.\n\nNote: the text was shortened."
)


def test_reporters_named_by_their_outlet_ask_questions():
    assert [(s.text.split(":")[0][:12], s.speaker) for s in sentences(BRIEFING)] == [
        ("Harbor News", "Q"),
        ("What is your", "Q"),
        ("Lin Quay", "Lin Quay"),
        ("It was raise", "Lin Quay"),
        ("Gazette", "Q"),
        ("May I ask tw", "Q"),
        ("When?", "Q"),
        ("And where?", "Q"),
        ("Lin Quay", "Lin Quay"),
        ("Why not?", "Lin Quay"),
        ("NPA", "Q"),
        ("Lin Quay", "Lin Quay"),
        ("The Paper 2", "The Paper 2"),
        ("Lin Quay", "Lin Quay"),
        ("Note", "Lin Quay"),
    ]


def test_a_spokesperson_without_a_name_answers_outlets():
    text = "Gazette: Will the ferry run?\n\nSpokesperson: Yes.\n\nNPA: When?\n\nSpokesperson: Soon."
    assert [s.speaker for s in sentences(text)] == ["Q", "Spokesperson", "Q", "Spokesperson"]


def test_officials_with_a_number_and_speakers_with_an_interpreter():
    text = (
        "SENIOR ADMINISTRATION OFFICIAL 1: Good morning.\n\nSENIOR ADMINISTRATION OFFICIAL 2: Thank you.\n\n"
        "Marta Olsen (via interpreter): We agree. Was it not a good call?"
    )
    assert [s.speaker for s in sentences(text)] == [
        "SENIOR ADMINISTRATION OFFICIAL 1",
        "SENIOR ADMINISTRATION OFFICIAL 2",
        "Marta Olsen",
        "Marta Olsen",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ferries: they run again.\n\nTolls: they fall.\n\nNote: it is a summary.\n\nNote: it is short.",
        "WASHINGTON: the talks go on.\n\nSubject: ferries. Why now?",
        "Gazette: “They fell.”\n\nWill they rise? Nobody knows.",
    ],
)
def test_labels_outside_a_transcript_are_headings(text):
    assert {s.speaker for s in sentences(text)} == {None}


def test_quotations_under_one_name_make_no_transcript():
    text = "OUR PROMISE: ferries.\n\nPresident Reyes: “We will.”\n\nHe did.\n\nPresident Reyes: “We have.”"
    found = [s.speaker for s in sentences(text)]
    assert (found[0], found[-1]) == (None, "President Reyes")


@pytest.mark.parametrize(
    "line",
    ["The talks: a summary", "On Monday: nothing", "At 10:30 they met", "Joint Statement: ports", "They said: no"],
)
def test_what_is_no_speaker(line):
    assert [s.speaker for s in sentences(line)] == [None]


def test_bullets_are_paragraphs_of_their_own():
    text = (
        "The two sides will:\n- open the port\n- mend the road. It is old.\n"
        "• keep the pier\n(a) count the crates\n2) rest"
    )
    assert [(s.text, s.paragraph) for s in sentences(text)] == [
        ("The two sides will:", 0),
        ("- open the port", 1),
        ("- mend the road.", 2),
        ("It is old.", 2),
        ("• keep the pier", 3),
        ("(a) count the crates", 4),
        ("2) rest", 5),
    ]


WRAPPED = (
    "The minister said that the two coast guards would keep\n"
    "their radio channel open through the winter. She added\n"
    "that the hotline had been used twice in the spring and\n"
    "that both sides found it useful.\n"
    "\n"
    "The next round of talks is planned for the autumn in a\n"
    "third country. Its name was kept back, as were the date\n"
    "and the list of those who will attend.\n"
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_hard_wrapped_lines_are_joined(line_end):
    found = sentences(WRAPPED.replace("\n", line_end))
    assert [(" ".join(s.text.split()), s.paragraph) for s in found] == [
        ("The minister said that the two coast guards would keep their radio channel open through the winter.", 0),
        ("She added that the hotline had been used twice in the spring and that both sides found it useful.", 0),
        ("The next round of talks is planned for the autumn in a third country.", 1),
        ("Its name was kept back, as were the date and the list of those who will attend.", 1),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_short_blocks_show_that_lines_are_wrapped(line_end):
    block = "The minister said on Monday that the old ferry of\nNorlandia would run again.\n\n"
    found = texts((block * 4).replace("\n", line_end))
    assert [" ".join(t.split()) for t in found] == [" ".join(block.split())] * 4


def test_lines_that_are_not_wrapped_stay_apart():
    assert texts("Ferry Talks in Lindholm\nThe ministers met. They agreed\nClosing remarks") == [
        "Ferry Talks in Lindholm",
        "The ministers met.",
        "They agreed",
        "Closing remarks",
    ]


def test_single_broken_line_is_mended():
    text = "The two ministers agreed in the morning that the ferry\nwould run again in May.\nThey shook hands."
    assert texts(text) == [text[:78], "They shook hands."]


@pytest.mark.parametrize(
    ("piece", "lang"), [("The ferry runs to the pier at 3.5 knots again. ", "en"), ("渡轮将于明年春天恢复通航。", "zh")]
)
def test_very_long_paragraphs_are_cut_between_sentences(piece, lang):
    count = 2 * MAX_RUN // len(piece) + 5
    assert texts(piece * count, lang) == [piece.strip()] * count


def test_very_long_run_without_any_boundary():
    assert [len(t) for t in texts("x" * (MAX_RUN + 5))] == [MAX_RUN, 5]


def test_no_text_no_sentences():
    assert sentences("") == sentences(" \n\n\t ") == []


def test_a_heading_before_a_colon_is_no_speaker():
    text = "IMAGE SOURCE: an agency\n\nThe two sides met.\n\nLooking Ahead: more talks are planned."
    assert {s.speaker for s in split_sentences(Document("d", text))} == {None}
    turns = "ANNA WELL: We begin.\n\nTOM REED: Thank you.\n\nANNA WELL: We end.\n\nTOM REED: Good."
    assert [s.speaker for s in split_sentences(Document("d", turns))] == ["ANNA WELL", "TOM REED"] * 2
