"""The workbook read back with openpyxl: typed cells, nothing that computes or links, headings, the About sheet."""

from dataclasses import replace
from datetime import date, datetime
from io import BytesIO

import polars as pl
import pytest
from openpyxl import load_workbook

from pipelines.outreach.columns import COLUMNS, WRITTEN_HERE
from pipelines.outreach.leave_alone import COLUMNS as ALONE_COLUMNS
from pipelines.outreach.leave_alone import leave_alone
from pipelines.outreach.lists import write_lists
from tests.pipelines.outreach.test_leave_alone import ROW as ALONE

# openpyxl does not know the solid data bars of Excel 2010 and says so.
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")

TEXTS = [column.name for column in COLUMNS if column.kind == "text" and column.name not in WRITTEN_HERE]
POSITION = {column.name: index for index, column in enumerate(COLUMNS, start=1)}
DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "  =1+1",
    "{=1+1}",
    "007",
    "1e5",
    "https://evil.example",
    "mailto:a@evil.example",
    "internal:About!A1",
    "external:c:\\x.xlsx",
    "_x0041_",
    "a\ufffeb",
]


@pytest.fixture
def book(listed, list_context, tmp_path):
    """Writes the lists for rows that differ as given and opens the only workbook."""

    def open_book(*changes):
        write_lists(listed(*changes), list_context, tmp_path)
        return load_workbook(BytesIO(next(tmp_path.glob("*.xlsx")).read_bytes()))

    return open_book


@pytest.mark.parametrize("value", DANGEROUS)
def test_text_stays_text_in_every_column(book, value):
    sheet = book(dict.fromkeys(TEXTS, value))["Call list"]

    for name in TEXTS:
        cell = sheet.cell(2, POSITION[name])
        assert (cell.data_type, cell.hyperlink, cell.quotePrefix) == ("s", None, True), name
        assert cell.value == value.replace("\t", " ").replace("\ufffe", ""), name


def test_about_sheet_and_print_header_hold_no_formula_either(book):
    opened = book({"account_manager": "=HYPERLINK(1)&G & Co"})

    cells = [cell for row in opened["About"].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    assert opened["Call list"].oddHeader.left.text == "=HYPERLINK(1)+G + Co"


def test_numbers_and_dates_are_typed_and_formatted(book):
    sheet = book({})["Call list"]

    def cell(name):
        return sheet.cell(2, POSITION[name])

    assert (cell("rank").value, cell("rank").data_type) == (1, "n")
    assert (cell("churn_probability").value, cell("churn_probability").number_format) == (0.75, "0%")
    assert (cell("churn_probability_soon").value, cell("churn_probability_soon").number_format) == (0.35, "0%")
    assert cell("value_at_risk").value == 1500
    assert cell("value_at_risk").number_format == '[>=100]"€"#,##0;[<=-100]-"€"#,##0;"€"0.00'
    assert (cell("act_by").value, cell("act_by").number_format) == (datetime(2026, 6, 19), "d mmm yyyy")
    assert (cell("last_purchase_on").value, cell("last_purchase_on").is_date) == (datetime(2026, 4, 12), True)
    assert cell("reason_2_shap").value == -0.6
    assert cell("reason_3").value is None


def test_what_excel_cannot_hold_becomes_blank_or_text(book):
    change = {"value_at_risk": float("nan"), "predicted_clv": float("inf"), "last_purchase_on": date(1899, 12, 31)}

    sheet = book({**change, "reason_1": "a\r\nb", "reason_2": "x" * 40_000})["Call list"]

    row = {name: sheet.cell(2, index).value for name, index in POSITION.items()}
    assert (row["value_at_risk"], row["predicted_clv"]) == (None, None)
    assert row["last_purchase_on"] == "1899-12-31"
    assert row["reason_1"] == "a b"
    assert row["reason_2"] == "x" * 16_383


def test_the_list_is_ready_to_filter_and_print(book, list_context):
    sheet = book({"rank": 1}, {"rank": 2, "customer_id": "C-2"})["Call list"]

    assert [cell.value for cell in sheet[1]] == [column.title(list_context) for column in COLUMNS]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == "A1:AH3"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area == "'Call list'!$A$1:$R$3"
    ((area, (rule,)),) = sheet.conditional_formatting._cf_rules.items()
    assert (str(area.sqref), rule.type) == ("G2:G3", "dataBar")


def test_the_about_sheet_tells_of_no_column_that_is_not_there(listed, list_context, tmp_path):
    given = listed({}).drop("phone", "churn_probability_30d", "churn_probability_60d")
    write_lists(given, replace(list_context, soon_days=None), tmp_path)
    about = load_workbook(next(tmp_path.glob("*.xlsx")))["About"]
    absent = ["churn_probability_soon", "phone"]
    expected = [column.name for column in COLUMNS if column.name not in absent]
    assert [row[1] for row in about.iter_rows(min_row=14, values_only=True)] == expected


def test_answers_are_chosen_from_words_and_days_after_the_list(book):
    sheet = book({"rank": 1}, {"rank": 2, "customer_id": "C-2"})["Call list"]

    allowed = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert allowed["S2:S3"].formula1 == '"contacted,saved,lost,not at risk,no answer,snooze"'
    assert (allowed["T2:T3"].type, allowed["T2:T3"].operator) == ("date", "greaterThan")
    assert int(allowed["T2:T3"].formula1) == (date(2026, 6, 15) - date(1899, 12, 30)).days
    assert [sheet.cell(2, POSITION[name]).value for name in ("outcome", "snooze_until", "note")] == [None] * 3
    assert sheet.cell(2, POSITION["list"]).value == "2026-06-15 Northlight"


def test_the_about_sheet_says_what_the_list_is(book):
    opened = book({})

    rows = list(opened["About"].iter_rows(values_only=True))
    facts = {row[0]: row[1] for row in rows[:11]}
    assert facts["Data until"] == "14 Jun 2026, 23:58 UTC"
    assert facts["Model version"] == "churn-v14"
    assert facts["Model grade"].startswith("A: in past data the model picked out leaving customers better")
    assert facts["Leaving is estimated for"] == "the next 90 days"
    assert [row[1] for row in rows[13:]] == [column.name for column in COLUMNS]
    assert "{" not in str(rows)
    (soon,) = [row for row in rows if row[1] == "churn_probability_soon"]
    assert soon[0] == "Within 30 days" and "not the chance of no order by then" in soon[2]
    assert opened.properties.created == datetime(2026, 6, 15)


def test_whom_to_leave_alone_stands_on_a_sheet_of_its_own(listed, list_context, tmp_path):
    alone = pl.DataFrame([{**ALONE, "account_manager": "Anna Schmidt", "customer_id": "007", "display_name": "=1+1"}])
    write_lists(listed({}), list_context, tmp_path, leave_alone(alone, "", 2.0, "EUR"))

    book = load_workbook(tmp_path / "anna-schmidt.xlsx")

    assert book.sheetnames == ["Call list", "Leave alone", "About"]
    headings, row = book["Leave alone"].iter_rows()
    assert [cell.value for cell in headings] == [column.title(list_context) for column in ALONE_COLUMNS]
    assert [cell.value for cell in row] == [
        *("=1+1", "007", "Lost us €65.00 in the last year: brought €15.00, and cost €80.00 to serve"),
        *(15, 80, -65, 0.5, 60, 5),
    ]
    assert [cell.data_type for cell in row] == ["s"] * 3 + ["n"] * 6
