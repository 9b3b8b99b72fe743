"""The pages: nothing from data becomes markup, script or an unsafe link; the words and figures are right."""

import base64
import hashlib
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from pipelines.outreach.columns import COLUMNS, WRITTEN_HERE, typed
from pipelines.outreach.lists import write_lists
from pipelines.outreach.page import SCRIPT, course, render_index, render_page

TEXTS = [column.name for column in COLUMNS if column.kind == "text" and column.name not in WRITTEN_HERE]
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "</style></title></textarea><svg onload=alert(1)>",
]
CONTEXT_TEXTS = ["company", "currency", "model_version", "gain_basis"]


class Page(HTMLParser):
    """Collects every tag with its attributes, and the text outside the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags[-1:] and self.tags[-1][0] != "style":
            self.text += data

    @property
    def links(self) -> list[str | None]:
        return [attributes["href"] for tag, attributes in self.tags if "href" in attributes]


@pytest.fixture
def page(listed, list_context):
    return lambda *changes, **context: Page(
        render_page(typed(listed(*changes)), "Anna Schmidt", replace(list_context, **context))
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_text_is_escaped(listed, list_context, tmp_path, payload):
    harmless = write_lists(listed(dict.fromkeys(TEXTS, "harmless")), list_context, tmp_path / "harmless")
    context = replace(list_context, **dict.fromkeys(CONTEXT_TEXTS, payload))

    hostile = write_lists(listed(dict.fromkeys(TEXTS, payload)), context, tmp_path / "hostile")

    def pages(written):
        """The page of the only list, then the index."""
        return [
            Page(path.read_text())
            for path in sorted(written, key=lambda p: p.name == "index.html")
            if path.suffix == ".html"
        ]

    for expected, found in zip(pages(harmless), pages(hostile), strict=True):
        # No payload adds a tag or an attribute, and each is shown as it is.
        shape = [(tag, list(attributes)) for tag, attributes in found.tags]
        assert shape == [(tag, list(attributes)) for tag, attributes in expected.tags]
        assert payload in found.text
        assert not any(str(link).lower().startswith(("javascript:", "data:")) for link in found.links)


def test_each_field_alone_is_escaped_on_the_page(page):
    for name in set(TEXTS) - {"account_manager", "gain_basis"}:  # those that a page tells once come from its context
        found = page({name: "<script>alert(1)</script>"})
        assert [tag for tag, _ in found.tags].count("script") == 1, name  # our own
        # Words of ours stand around the band, with a capital letter.
        assert "<script>alert(1)</script>" in found.text.replace("<script>Alert", "<script>alert"), name


def test_the_page_forbids_all_scripts_but_its_own_and_loads_nothing(page):
    found = page({})

    policies = [attributes["content"] for _, attributes in found.tags if "http-equiv" in attributes]
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    ]
    assert SCRIPT in found.text and [tag for tag, _ in found.tags].count("script") == 1
    assert not {"img", "link", "iframe", "object", "form"} & {tag for tag, _ in found.tags}
    assert not any("src" in attributes for _, attributes in found.tags)


@pytest.mark.parametrize(
    ("phone", "email", "links"),
    [
        ("+49 (40) 12-34.5/6", "a.b+c@mill.example", ["tel:+4940123456", "mailto:a.b+c@mill.example"]),
        ("javascript:alert(1)", "javascript:alert(1)", []),
        ("tel:123456", "mailto:a@b.example", []),
        ("123", "a@b", []),
        ("+49 40 123456;ext=1", "a@b.example?bcc=c@d.example", []),
        ("+49 40 123456\n", "a@b.example\n", []),
        ("４９40123456", "ä@b.example", []),
        ("call after 5", "a@b.example,c@d.example", []),
    ],
)
def test_contacts_are_links_only_when_plainly_safe(page, phone, email, links):
    found = page({"phone": phone, "email": email})

    assert found.links == links
    assert phone.strip() in found.text and email.strip() in found.text


def test_the_page_says_whom_to_call_first_and_why(page):
    found = page({"rank": 1}, {"rank": 2, "customer_id": "C-2", "value_at_risk": float("nan")})

    words = " ".join(found.text.split())
    assert "Call these customers first Anna Schmidt, Northlight, 15 Jun 2026" in words
    assert "2 customers with €1,500 at risk within the next 90 days" in words
    assert (
        "Blue Mill LtdC-1 On the list since 12 Jun 2026 75% High risk €1,500 gain €290 19 Jun 2026 A promise" in words
    )
    assert "A promise is overdue Last order 64 days ago; usually every 21 days (weight +1.20)" in words
    assert "Chance of leaving up from 61% to 75% since 12 Jun 2026" in words
    assert "Prefers phone 12 Apr 2026" in words
    assert "nan" not in words and "None" not in words
    assert "Data until 14 Jun 2026, 23:58 UTC. 48,210 customers scored. Model churn-v14, grade A: in past data" in words
    assert "of who would leave (assumed); above, fewer; €10.00 for acting taken off." in words
    assert "Reasons explain the model; they do not prove why a customer leaves." in words


def test_bars_share_one_scale_and_mark_what_lowers_the_estimate(page):
    found = page({}, {"reason_1_shap": 2.4, "reason_2_shap": None, "customer_id": "C-2"})

    bars = [(attributes["class"], attributes["style"]) for _, attributes in found.tags if "style" in attributes]
    # 1.2 and -0.6 beside the longest, 2.4; the reason without a weight has no bar.
    assert bars == [("bar", "width:50%"), ("bar lowers", "width:25%"), ("bar", "width:100%")]
    hidden = [attributes for _, attributes in found.tags if attributes.get("class") == "track"]
    assert [(item["aria-hidden"], item["title"]) for item in hidden][0] == ("true", "+1.20 log-odds")


def test_weights_of_zero_and_no_reasons_are_fine(page):
    nothing = {f"reason_{number}": None for number in (1, 2, 3)}
    zero = {f"reason_{number}_shap": 0.0 for number in (1, 2, 3)}

    assert "No single reason stands out." in page(nothing).text
    assert "usually every 21" in page(zero).text


def test_a_customer_without_optional_columns_goes_by_id(page, listed, list_context):
    bare = listed({}).drop("display_name", "phone", "email", "preferred_channel")

    found = Page(render_page(typed(bare), "Anna Schmidt", list_context))

    assert "1 C-1 On the list since" in " ".join(found.text.split())
    assert found.text.count("C-1") == 1
    assert "1 C-1 On the list since" in " ".join(page({"display_name": " "}).text.split())
    assert "None on file" in found.text


def test_a_new_customer_is_called_new(page):
    words = " ".join(page({"change": "new", "change_why": "On the first list"}).text.split())

    assert "Blue Mill LtdC-1 New 75% High risk" in words and "On the first list" in words
    assert "On the list since" not in words


def test_a_day_that_is_over_is_called_overdue(page):
    # The list is of 15 June.
    assert "19 Jun 2026 A promise is overdue" in " ".join(page({}).text.split())
    assert "15 Jun 2026 A promise is overdue" in " ".join(page({"act_by": date(2026, 6, 15)}).text.split())
    assert "14 Jun 2026 overdue A promise is overdue" in " ".join(page({"act_by": date(2026, 6, 14)}).text.split())


def test_an_unknown_band_is_shown_in_words_without_a_colour(page):
    found = page({"risk_band": 'x" onclick="alert(1)'}, {"risk_band": None, "customer_id": "C-2"})

    assert [a["class"] for _, a in found.tags if (a.get("class") or "").startswith("band")] == ["band unknown"] * 2


def test_empty_lists_say_so(listed, list_context, tmp_path):
    empty = listed({}).clear()

    written = write_lists(empty, list_context, tmp_path)

    assert [path.name for path in written] == ["index.html"]
    assert "No customer is on a list today." in written[0].read_text()
    assert "No customer of yours is on the list today." in render_page(typed(empty), "Anna Schmidt", list_context)
    assert "No customer is on a list today." in render_index([], list_context)


def test_the_index_links_every_list_with_its_size_and_sum(listed, list_context, tmp_path):
    write_lists(
        listed({}, {"rank": 2, "customer_id": "C-2", "value_at_risk": 42.5}, {"account_manager": "Bo Li"}),
        list_context,
        tmp_path,
    )

    found = Page((tmp_path / "index.html").read_text())

    assert "3 customers with €3,043 at risk" in " ".join(found.text.split())
    assert "Anna Schmidt 2 €1,543 Excel CSV Bo Li 1 €1,500 Excel CSV" in " ".join(found.text.split())
    assert len(found.links) == 6 and all((tmp_path / str(link)).is_file() for link in found.links)


def test_a_weak_model_warns_at_the_top_and_an_unknown_grade_is_refused(page, list_context):
    assert "Use with care" not in page({}, model_grade="B").text
    assert "Use with care" in page({}, model_grade="C").text
    with pytest.raises(ValueError, match="model_grade is 'D': use one of A, B, C"):
        replace(list_context, model_grade="D")


def test_the_course_of_the_chance_is_drawn_and_told(listed, list_context) -> None:
    history = [
        {"day": date(2026, 6, 1), "churn_probability": 0.5},
        {"day": date(2026, 6, 8), "churn_probability": 1.0},
        {"day": date(2026, 6, 15), "churn_probability": 0.75},
    ]
    found = course(history)
    assert found and found.words == "50% on 1 Jun 2026, now 75%"
    assert found.points == "0.0,11.0 42.0,0.0 84.0,5.5"  # 84 wide, 22 high, 0 % at the bottom
    assert course(history[:1]) is None

    drawn = Page(render_page(typed(listed({})), "Anna Schmidt", list_context, {"C-1": history}))
    assert [attributes["points"] for tag, attributes in drawn.tags if tag == "polyline"] == [found.points]
    assert drawn.text.count(found.words) == 2  # beside the line, and as its title
    assert "polyline" not in [tag for tag, _ in Page(render_page(typed(listed({})), "A", list_context)).tags]
