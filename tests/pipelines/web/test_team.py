"""How far the lists are worked, where the value at risk lies, and what changed since last week."""

from datetime import UTC, datetime, timedelta

from tests.pipelines.web.conftest import ANNA, CUSTOMERS, LIST_DAY, Browser, Clock, Company, SignedIn, cells


def test_leads_see_how_far_the_lists_are_worked(
    anna: Browser, signed_in: SignedIn, company: Company, clock: Clock
) -> None:
    anna.answer("A-1", "saved")
    anna.answer("A-2", "lost")
    anna.post("/undo", customer_id="A-2", seen=1)
    clock.now = datetime(2026, 6, 20, 9, tzinfo=UTC)  # the day to act by was the 19th
    week_ago = LIST_DAY - timedelta(days=8)
    company.publish(week_ago, CUSTOMERS[0], {**CUSTOMERS[1], "customer_id": "A-9"})
    company.publish(LIST_DAY, *CUSTOMERS)

    text = signed_in("otto", "lead").get("/team").text
    page = " ".join(text.split())

    assert "<strong>1</strong> of <strong>4 customers</strong> dealt with (25%)" in page
    assert "<strong>3</strong> overdue" in page
    assert "€2,000</strong> of €2,900 at risk still to do" in page  # 900 + 500 + 1,500, less the 900 of the saved
    assert "Against the list of 7 Jun 2026: <strong>3 customers</strong> came, <strong>1 customer</strong> left" in page
    assert "Outcomes recorded since 8 Jun 2026: 1 saved." in page
    assert cells(text, "By account manager") == [
        [ANNA, "3", "1 (33%)", "", "2", "€1,400", "€500"],
        ["Bo Berg", "1", "0 (0%)", "", "1", "€1,500", "€1,500"],
    ]
    # Silence raises everybody's risk; complaints that of A-2, who counts under both, and lower that of the others.
    assert cells(text, "By reason") == [
        ["The time without an order", "4", "1", "3", "€2,900", ""],
        ["Complaints", "1", "0", "1", "€500", ""],
    ]
    assert cells(text, "Value at risk by account manager and reason") == [
        [ANNA, "€1,400", "€500"],
        ["Bo Berg", "€1,500", "–"],
    ]
    # Then A-1 (900) and A-9 (500); now 900 + 500 + unknown of Anna's.
    assert cells(text, "Since 7 Jun 2026") == [
        [ANNA, "2", "1", "€1,400", "€1,400"],
        ["Bo Berg", "1", "0", "€0.00", "€1,500"],
    ]
