"use strict";
// A press on a heading puts the rows in the order of its column; the next press turns it round. What is unknown comes last.
for (const table of document.querySelectorAll("table.list")) {
  const headings = [...table.tHead.rows[0].cells].filter((heading) => heading.dataset.sort);
  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => {
      const turned = heading.getAttribute("aria-sort") === heading.dataset.sort;
      const other = heading.dataset.sort === "ascending" ? "descending" : "ascending";
      for (const each of headings) each.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", turned ? other : heading.dataset.sort);
      order(table.tBodies[0], heading.cellIndex, heading.getAttribute("aria-sort") === "ascending" ? 1 : -1);
    });
    heading.append(button);
  }
  table.classList.add("sortable");
}

function order(body, column, direction) {
  const value = (row) => row.cells[column].dataset.value ?? "";
  const compare = (one, other) => {
    if (one === "" || other === "") return (one === "") - (other === "");
    const difference = Number(one) - Number(other);
    return direction * (Number.isNaN(difference) ? one.localeCompare(other) : difference);
  };
  body.append(...[...body.rows].sort((one, other) => compare(value(one), value(other))));
}
